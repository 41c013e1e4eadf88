#!/usr/bin/perl
# Requests that wait for their answer: as many as there are threads, the others after them, and none behind a slow
# sender.
use strict;
use warnings;
use POSIX ();
use Socket qw(MSG_PEEK MSG_DONTWAIT);
use Test::More;
use Rig qw(wait_for reap);
use Rig::Postgres;
use Rig::Push qw(record body $success);
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;

sub begun {
	my ($worker, $body, $length) = @_;
	my $connection = $worker->connection;
	$connection->begin({ REQUEST_METHOD => 'POST', PATH_INFO => "/$Rig::Worker::token", CONTENT_LENGTH => $length });
	$connection->send_body($body);
	return $connection;
}

sub taken { return scalar grep { $_ && $_->{status} == 200 && $_->{body} eq $success } @_ }

# What has come and is not read yet.
sub come {
	my ($connection) = @_;
	recv $connection->{socket}, my $bytes, 65_536, MSG_PEEK | MSG_DONTWAIT;
	return $bytes;
}

# Whether the end of the answer (FCGI_END_REQUEST) has come.
sub has_ended { my ($connection) = @_; return come($connection) =~ /\x01\x03\x00\x01/ }

sub many_more_than_threads {
	my ($worker, $name) = @_;
	my $lock = $postgres->hold('lock table callresult.push');
	my @connections = map { $worker->send_push(body(record(called => "$name$_"))) } 1 .. 20;
	ok $postgres->waits_in_store, 'some are in hand';
	return ($lock, @connections);
}

subtest 'more requests than threads' => sub {
	my $worker = Rig::Worker->start_new(postgres => $postgres, server => { threads => 3, reply_deadline => '60s' })
	    ->wait_until_ready;
	my ($lock, @connections) = many_more_than_threads($worker, 'turn');
	$postgres->let_go($lock);
	is taken(map { $_->answer } @connections), 20, 'each has its turn';
	cmp_ok $postgres->sql(q{select max(n) from
		(select count(*) as n from callresult.push group by xmin::text) as batch}), '<=', 3,
	    'no more at once than there are threads';
	is $worker->stop, 0, 'it ends well';
};

subtest 'a push that hangs, and one thread' => sub {
	my $worker = Rig::Worker->start_new(postgres => $postgres, server => { threads => 1, reply_deadline => '60s' })
	    ->wait_until_ready;
	my $lock = $postgres->hold('lock table callresult.push');
	my $push = $worker->send_push(body(record(called => 'hangs')));
	ok $postgres->waits_in_store, 'the push waits in the database';
	is $worker->get('/-/live')->{status}, 200, 'and somebody else serves';
	$postgres->let_go($lock);
	is taken($push->answer), 1, 'it is stored';
	is $worker->stop, 0, 'it ends well';
};

# Their time of 20 s is up in the same moment, and the thread that the timer woke stores the first.
subtest 'two bodies whose end never comes, while the database hangs' => sub {
	my $worker = Rig::Worker->start_new(postgres => $postgres, server => { reply_deadline => '8s' })
	    ->wait_until_ready;
	my $lock = $postgres->hold('lock table callresult.push');
	my @endless = map { begun($worker, '[', 100) } 1 .. 2;
	ok wait_for(sub { 2 == grep { come($_) =~ /Status: 400/ } @endless }, 36), 'both are answered';
	$postgres->let_go($lock);
	is $worker->stop, 0, 'it ends well';
};

subtest 'the end with more requests than threads' => sub {
	my $worker = Rig::Worker->start_new(postgres => $postgres, server => { threads => 3, reply_deadline => '60s' })
	    ->wait_until_ready;
	my ($lock, @connections) = many_more_than_threads($worker, 'end');
	$worker->signal('TERM');
	ok wait_for(sub { !-e $worker->{listen} =~ s/^unix://r }), 'it has begun to end';
	$postgres->let_go($lock);
	is taken(map { $_->answer } @connections), 20, 'each is answered';
	ok wait_for(sub { defined($worker->{status} = reap($worker->{pid})) }), 'it ends';
	is $worker->{status}, 0, 'well';
	is $postgres->sql(q{select count(*) from callresult.call_result where called like 'end%'}), 20,
	    'all are stored';
};

subtest 'senders that do not end their bodies' => sub {
	my $worker = Rig::Worker->start_new(postgres => $postgres, server => { max_body => '64K',
	    reply_deadline => '60s' }) ->wait_until_ready;
	my $lock = $postgres->hold('lock table callresult.push');
	my $first = $worker->send_push(body(record(called => 'first')));
	ok $postgres->waits_in_store, 'a transaction waits';
	# these are stored together then, in this order
	my @slow = map { begun($worker, 'x' x 100_000, 1_000_000) } 1 .. 8;
	ok wait_for(sub { $worker->get('/-/live') }), 'they are in hand';
	my $behind = $worker->send_push(body(record(called => 'behind')));
	# the worker is done with them 2 s later, so who looks waits for nothing else
	my $looks = fork // die "fork: $!";
	if ($looks == 0) {
		my $taken = taken($first->answer, $behind->answer);
		POSIX::_exit($taken == 2 ? scalar grep { has_ended($_) } @slow : 99);
	}
	$postgres->let_go($lock);
	waitpid $looks, 0;
	isnt $? >> 8, 99, 'who comes behind them is answered';
	is $?, 0, 'before they are done with';
	is $_->answer->{status}, 413, 'a body too large is told so' for @slow;
	is $worker->stop, 0, 'it ends well';
};
done_testing;
