#!/usr/bin/perl
# Restarts of the worker under load, on a socket that stays (as systemd keeps it): the sender notices nothing.
use strict;
use warnings;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);
use Rig qw(folder read_file reap wait_for write_file);
use Rig::Nginx;
use Rig::Postgres;
use Rig::Push qw(record body);
use Rig::Worker;

use constant { SENDERS => 8, RESTARTS => 10 };

my $postgres = Rig::Postgres->start_new;
my $worker = Rig::Worker->configured(postgres => $postgres);
my $socket = $worker->handed_over_socket;
$worker->start(stdin => $socket)->wait_until_ready;
my $nginx = Rig::Nginx->start_new(worker => $worker);
my $url = "$nginx->{url}/callresult/$Rig::Worker::token";
my $end = folder() . '/end';

# Pushes on a kept connection until the end; leaves a line "status called" for each answer.
sub send_pushes {
	my ($sender) = @_;
	my $http = HTTP::Tiny->new(keep_alive => 1, timeout => 30);
	my $answers = '';
	for (my $number = 1; !-e $end; $number++) {
		my $called = "s$sender-$number";
		$answers .= $http->post($url, { content => body(record(called => $called)) })->{status} . " $called\n";
	}
	return write_file(folder() . "/answers.$sender", $answers);
}

sub start_sender {
	my ($sender) = @_;
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		send_pushes($sender);
		POSIX::_exit(0);
	}
	return $pid;
}

# The next one is there before the last one goes, so that somebody always serves.
sub restart {
	my $last = $worker;
	$worker = Rig::Worker->configured(postgres => $postgres, server => { listen => $last->{listen} });
	$worker->start(stdin => $socket);
	return $last->stop;
}

my @senders = map { start_sender($_) } 1 .. SENDERS;
my @statuses = map { sleep 0.3; restart() } 1 .. RESTARTS;
write_file($end, '');
waitpid $_, 0 for @senders;
is_deeply \@statuses, [(0) x RESTARTS], 'each worker ends well';

my @answers = map { split /\n/, read_file(folder() . "/answers.$_") } 1 .. SENDERS;
my @taken = map { /^200 (.*)/ ? $1 : () } @answers;
cmp_ok scalar @answers, '>', RESTARTS * SENDERS, 'pushes were sent all the while';
is_deeply [grep { !/^200 / } @answers], [], 'each was acknowledged';
my %stored = map { $_ => 1 } split /\n/, $postgres->sql('select called from callresult.call_result');
is_deeply [grep { !$stored{$_} } @taken], [], 'what was acknowledged is stored';
is scalar(keys %stored), $postgres->sql('select count(*) from callresult.call_result'), 'and stored once';

# On one that stayed open longer a web server's next push would wait until the end has come.
subtest 'a kept connection at an end that takes its time' => sub {
	my $idle = $worker->connection;
	my $request = { REQUEST_METHOD => 'GET', PATH_INFO => '/-/live' };
	is $idle->request($request, '', 1)->{status}, 200, 'a connection is kept';
	my $lock = $postgres->hold('lock table callresult.push');
	my $sender = $worker->send_push(body(record(called => 'spooled')));
	# the backend of the push may be there for a moment after it is answered
	my $writer = $postgres->waits_in_store;
	is $sender->answer->{status}, 200, 'a push is in the spool';
	ok $postgres->waits_in_store($writer), 'the replay waits';
	$worker->signal('TERM');
	is $idle->request($request, '', 1)->{status}, 200, 'it is served while the replay is waited for';
	ok $idle->is_closed, 'and closed then';
	ok wait_for(sub { defined reap($worker->{pid}) }), 'when the worker ends';
	$postgres->let_go($lock);
};
done_testing;
