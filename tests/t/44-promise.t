#!/usr/bin/perl
# No refusal and no wait while anything can take the push: connections cut while the spool is full, hosts that swallow
# everything at the start, and an end in the middle of a replay that hangs.
use strict;
use warnings;
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(sleep time);
use Rig qw(wait_for);
use Rig::Postgres;
use Rig::Push qw(record body $success);
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;
my $number = 0;

sub cut_connections {
	return $postgres->sql(q{select pg_terminate_backend(pid) from pg_stat_activity where usename = 'worker'});
}

subtest 'a spool that is full, and connections that are cut' => sub {
	my $worker = Rig::Worker->start_new(postgres => $postgres, spool => { max_size => '1M' })->wait_until_ready;
	my $big = 'x' x 1_500_000;
	my %answers;

	$postgres->stop('fast');
	is $worker->push_body(body(record(called => 'alone', customField => $big)))->{status}, 503,
	    'a push too large for the spool is refused while the database is away';
	$postgres->start;
	ok $worker->finds_database, 'the database is back';
	for (1 .. 20) {
		cut_connections();
		$answers{ $worker->push_body(body(record(called => 'full' . ++$number,
		    customField => $big)))->{status} }++;
	}
	is_deeply \%answers, { 200 => 20 }, 'with the database there none is refused';
	is $postgres->sql(q{select count(*), count(distinct called) from callresult.call_result where called ~ '^full'}), '20|20',
	    'each is stored once';
	is $worker->stop, 0, 'the worker ends well';
};

subtest 'hosts that swallow everything' => sub {
	my @silent = map { IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5) or die $! } 1 .. 3;
	my $worker = Rig::Worker->start_new(postgres => undef,
	    database => { conninfo => 'user=worker dbname=callresult host='
	    . join(',', ('127.0.0.1') x 3) . ' port=' . join(',', map { $_->sockport } @silent) });
	my @took = map {
		my $start = time;
		is $worker->push_body(body(record(called => "silent$_")))->{body}, $success, "push $_ is acknowledged";
		time - $start;
	} 1 .. 6;
	# half a second, and none; a sender would wait for 30
	cmp_ok $took[0], '<', 6, 'the first waits a moment for the first try';
	cmp_ok $_, '<', 5, 'the others do not' for @took[1 .. 5];
	my $stop = time;
	is $worker->stop, 0, 'the worker ends well';
	my $took = time - $stop;
	note sprintf 'it took %.1f s', $took;
	cmp_ok $took, '<', 8, 'in bounded time';
};

subtest 'an end while the replay hangs' => sub {
	my $worker = Rig::Worker->start_new(postgres => $postgres,
	    server => { reply_deadline => '1s' })->wait_until_ready;
	my $lock = $postgres->hold('lock table callresult.call_result');
	is $worker->push_body(body(record(called => 'hung')))->{body}, $success, 'a push under a lock is acknowledged';
	ok wait_for(sub { $postgres->sql(q{select count(*) from pg_stat_activity where usename = 'worker'
		and wait_event_type = 'Lock'}) > 0 }), 'the replay waits for the lock';
	$postgres->pause;
	my $stop = time;
	is $worker->stop, 0, 'the worker ends well';
	my $took = time - $stop;
	note sprintf 'it took %.1f s', $took;
	cmp_ok $took, '<', 8, 'in bounded time';
	$postgres->resume;
	$postgres->let_go($lock);
	unlink $worker->{log};
	$worker->start;
	ok wait_for(sub { $postgres->sql(q{select count(*) from callresult.call_result where called = 'hung'}) == 1 },
	    60), 'the next one stores what was left, once';
	is $worker->stop, 0, 'the worker ends well';
};
done_testing;
