# A proxy between the worker and PostgreSQL that cuts or swallows what the test wants cut or swallowed.
package Rig::Proxy;

use strict;
use warnings;
use IO::Select;
use IO::Socket::UNIX;
use POSIX qw(_exit);
use Rig qw(folder stop_process wait_for write_file read_file freeze);

my $count = 0;

# %with: postgres.  It listens as PostgreSQL does, in a folder of its own; modes are given by fault().
sub start_new {
	my ($class, %with) = @_;
	my $folder = folder() . '/proxy' . ++$count;
	mkdir $folder;
	my $self = bless { folder => $folder, server => "$with{postgres}{folder}/.s.PGSQL.5432", mode => "$folder/mode",
		done => "$folder/done" }, $class;
	$self->fault('');
	my $listener = IO::Socket::UNIX->new(Local => "$folder/.s.PGSQL.5432", Listen => 64) or die "proxy: $!";
	my $test = $$;
	$self->{pid} = fork // die "fork: $!";
	if ($self->{pid} == 0) {
		$SIG{PIPE} = 'IGNORE';
		$SIG{CHLD} = 'IGNORE';
		$SIG{TERM} = 'DEFAULT';
		my $waiting = IO::Select->new($listener);
		while (getppid == $test) {
			$waiting->can_read(1) or next;
			my $client = $listener->accept or next;
			next if fork;
			close $listener;
			$self->serve($client);
			_exit(0);
		}
		_exit(0);
	}
	return $self;
}

# '': passes everything.  'swallow': passes nothing on, and closes nothing.  A COMMIT is cut 'before' it is sent,
# 'after' it is sent and before the server has answered, or in its 'answer'; each as often as cut() counts.  It is
# looked for as libpq sends it, at the end of a transaction and with it: as a prepared statement, or as text.
sub fault {
	my ($self, $mode) = @_;
	# the proxy may read it at any moment, and an empty one passes everything
	rename write_file("$self->{mode}.new", $mode), $self->{mode} or die "$self->{mode}: $!";
	return;
}

sub cut   { return -s $_[0]{done} // 0 }

sub note {
	my ($self) = @_;
	open my $done, '>>', $self->{done};
	syswrite $done, '.';
	return;
}

# True to go on; false to cut the connection.
sub pass {
	my ($self, $from, $to, $from_client) = @_;
	my $bytes = '';
	sysread($from, $bytes, 1 << 20) or return 0;
	my $mode = read_file($self->{mode});
	return 1 if $mode eq 'swallow';
	if ($from_client && $bytes =~ /B....\0callresultd_commit_\d+\0|P....\0COMMIT\0/s) {
		$self->{committing} = 1;
		if ($mode eq 'before') { syswrite $to, substr $bytes, 0, $-[0]; $self->note; return 0; }
		if ($mode eq 'after') { syswrite $to, $bytes; select undef, undef, undef, 0.05; $self->note; return 0; }
	}
	elsif (!$from_client && $self->{committing} && $mode eq 'answer' && $bytes =~ /C....COMMIT\0/s) {
		syswrite $to, substr $bytes, 0, $-[0] + 5;
		$self->note;
		return 0;
	}
	$self->{committing} = 0 if !$from_client;
	return syswrite $to, $bytes;
}

sub serve {
	my ($self, $client) = @_;
	my $server = IO::Socket::UNIX->new(Peer => $self->{server}) or return;
	my $select = IO::Select->new($client, $server);
	while (my @ready = $select->can_read) {
		for my $from (@ready) {
			$self->pass($from, $from == $client ? $server : $client, $from == $client) or return;
		}
	}
	return;
}

sub conninfo { return "host=$_[0]{folder} user=worker dbname=callresult" }
sub stop     { kill 'KILL', freeze($_[0]{pid}); waitpid $_[0]{pid}, 0; return }

1;
