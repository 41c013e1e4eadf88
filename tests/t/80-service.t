#!/usr/bin/perl
# The service: units that give away little, a watchdog that hears from the loops that serve, restarts that refuse nobody.
use strict;
use warnings;
use IO::Socket::UNIX;
use POSIX ();
use Socket ();
use Test::More;
use Time::HiRes qw(sleep);
use Rig qw(folder build source stop_process wait_for read_file write_file run_command);
use Rig::Load;
use Rig::Postgres;
use Rig::Push qw($example);
use Rig::Worker;

plan skip_all => 'built without systemd' if read_file(build() . '/config.h') !~ /^#define HAVE_LIBSYSTEMD/m;
my $postgres = Rig::Postgres->start_new;

# The manager's side of sd_notify: what was told so far, line by line.
{
	package Manager;

	sub new {
		my ($class) = @_;
		my $path = Rig::folder() . '/notify' . ++our $count;
		my $socket = IO::Socket::UNIX->new(Type => Socket::SOCK_DGRAM(), Local => $path) or die "$path: $!";
		$socket->blocking(0);
		return bless { path => $path, socket => $socket, told => [] }, $class;
	}

	sub told {
		my ($self) = @_;
		while (defined recv $self->{socket}, my $message, 4096, 0) { push @{ $self->{told} }, split /\n/, $message; }
		return @{ $self->{told} };
	}

	sub count { my ($self, $what) = @_; return scalar grep { $_ eq $what } $self->told }
}

# As systemd starts it: with the socket, and somewhere to tell how it is.
sub start_service {
	my ($worker, $socket, $manager, %env) = @_;
	unlink $worker->{log};
	return $worker->start(before => sub {
		POSIX::dup2(POSIX::dup(fileno $socket), 3);
		@ENV{qw(LISTEN_FDS LISTEN_PID NOTIFY_SOCKET)} = (1, $$, $manager->{path});
		$ENV{WATCHDOG_PID} = $$ if $env{WATCHDOG_USEC};
		$ENV{$_} = $env{$_} for keys %env;
	});
}

# The watchdog's time is a part of a minute, so what it hears of three workers is gathered beside the other tests.
sub start_watched {
	my (%with) = @_;
	my $worker = Rig::Worker->configured(server => { reply_deadline => '1s', threads => 2 }, %with);
	# its spool is there before it is watched, so that the first push is the first to be synced
	$worker->start->stop;
	my $manager = Manager->new;
	start_service($worker, $worker->handed_over_socket, $manager, WATCHDOG_USEC => 1_000_000, %{ $with{env} // {} });
	return { worker => $worker, manager => $manager, rings => sub { $manager->count('WATCHDOG=1') } };
}

my %nowhere = (database => { conninfo => 'host=/nonexistent', writers => 1 });
my $well = start_watched(postgres => $postgres);
my $alone = start_watched(%nowhere);
my $stuck = start_watched(%nowhere, spool => { path => folder() . '/hangs.spool' }, env => {
	LD_PRELOAD => build() . '/tests/shim/failing.so', ASAN_OPTIONS => 'verify_asan_link_order=0', FAILING_CALL => 'hang',
	FAILING_EVERY => 1, FAILING_PATH => 'hangs.spool' });
my $pushed = $stuck->{worker}->send_push($example);

subtest 'the units' => sub {
	my $unit = build() . '/systemd/callresultd.service';
	my $folder = folder() . '/units';
	mkdir $folder;
	my $text = read_file($unit);
	# systemd looks for the program and for the manual; neither is installed yet
	$text =~ s{^ExecStart=.*}{'ExecStart=' . Rig::Worker->binary}me;
	$text =~ s{^Documentation=.*\n}{}mg;
	write_file("$folder/callresultd.service", $text);
	write_file("$folder/callresultd.socket", read_file(source() . '/systemd/callresultd.socket') =~ s{^Documentation=.*\n}{}mgr);
	is run_command('systemd-analyze', 'verify', "$folder/callresultd.service", "$folder/callresultd.socket"), '',
	    'systemd understands them';
	my $output = run_command('systemd-analyze', 'security', '--offline=true', '--no-pager', "$folder/callresultd.service");
	my ($exposure) = $output =~ /Overall exposure level for callresultd.service: ([\d.]+)/;
	cmp_ok $exposure, '<=', 1.5, 'the exposure is 1.5 at most';
	like $text, qr/^RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6$/m, 'PostgreSQL may be reached both ways';
};

subtest 'readiness' => sub {
	my $worker = Rig::Worker->configured(postgres => $postgres);
	my $manager = Manager->new;
	start_service($worker, $worker->handed_over_socket, $manager);
	ok wait_for(sub { $manager->count('READY=1') }), 'is told';
	$worker->stop;
	is $manager->count('STOPPING=1'), 1, 'and so is the end';
	is $manager->count('WATCHDOG=1'), 0, 'the watchdog is not told where there is none';
};

subtest 'a reload' => sub {
	my ($command) = read_file(build() . '/systemd/callresultd.service') =~ m{^ExecReload=(/bin/sh -c '.*')$}m;
	ok $command, 'needs nothing but a shell: a minimal Debian has no /bin/kill';
	my $worker = Rig::Worker->start_new(postgres => $postgres)->wait_until_ready;
	local $ENV{MAINPID} = $worker->{pid};
	is system($command), 0, 'as the unit has it';
	ok wait_for(sub { $worker->log_text =~ /reloaded the tokens and the log level/ }), 'reloads';
	is $worker->stop, 0, 'and the worker ends well';
};

subtest 'restarts' => sub {
	my $worker = Rig::Worker->configured(postgres => $postgres);
	my $socket = $worker->handed_over_socket;
	my $manager = Manager->new;
	start_service($worker, $socket, $manager)->wait_until_ready;
	my $load = Rig::Load->start_new(worker => $worker, senders => 6);
	# as systemd restarts a service: the old one has gone before the new one comes, and the socket stays
	for my $how (qw(TERM TERM KILL TERM)) {
		sleep 0.3;
		stop_process($worker->{pid}, $how);
		sleep 0.3;
		start_service($worker, $socket, $manager);
	}
	sleep 0.3;
	$load->stop;
	# a worker that has no connection yet half a second after its start has put pushes there
	ok $worker->drains, 'the spool is empty';
	$load->is_kept($postgres, 'what was acknowledged is stored, once');
	is_deeply [grep { $_ != 200 && $_ != 0 } keys %{ $load->{answers} }], [], 'nobody was refused';
	cmp_ok $load->{answers}{0} // 0, '<=', 6, 'what got no answer was in hand when the worker was killed';
	$worker->stop;
};

subtest 'the watchdog' => sub {
	# twice the deadline and the 5 s beyond it that a writer may be busy for
	ok $well->{manager}->count('WATCHDOG_USEC=12000000'), 'a time too short for a push is made longer';
	is $pushed->answer->{status}, 503, 'what a disk that hangs does not confirm is not acknowledged';
	my @watched = (['a worker that serves', $well], ['one without a database', $alone], ['one whose disk hangs', $stuck]);
	for (@watched) {
		my ($name, $one) = @$_;
		my $rings = $one->{rings}->();
		ok wait_for(sub { $one->{rings}->() > $rings + 1 }, 30), "$name goes on ringing";
	}
	unlike $stuck->{worker}->log_text, qr/no writer is making progress/, 'no writer is stuck with the disk';
	is $_->{worker}->stop, 0, 'ends well' for $well, $alone;
};
done_testing;
