#!/usr/bin/perl
# A worker that has nothing to do sleeps, and finds out all the same when the database goes and comes.
use strict;
use warnings;
use List::Util qw(sum);
use Test::More;
use Time::HiRes qw(sleep);
use Rig qw(wait_for read_file);
use Rig::Postgres;
use Rig::Push qw(record body);
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;
my $worker = Rig::Worker->start_new(postgres => $postgres)->wait_until_ready;

# How often the threads of the worker have gone to sleep so far.
sub sleeps {
	return sum map { read_file($_) =~ /^voluntary_ctxt_switches:\s*(\d+)$/m ? $1 :
	    0 } glob "/proc/$worker->{pid}/task/*/status";
}

sub is_idle {
	my ($name) = @_;
	sleep 1;
	my $before = sleeps();
	sleep 5;
	my $wakes = sleeps() - $before;
	note "$name: woken $wakes times in 5 s";
	cmp_ok $wakes, '<', 120, "$name: it sleeps";
	return;
}

is $worker->push_body(body(record(called => 'first')))->{status}, 200, 'a push is stored';
is_idle('with the database');
$postgres->stop('fast');
ok wait_for(sub { $worker->get('/-/ready')->{body} =~ /"database":false/ }),
    'that the database is away is noticed without a push';
is_idle('without the database');
$postgres->start;
ok $worker->finds_database, 'and that it is back';
is $worker->push_body(body(record(called => 'second')))->{status}, 200, 'a push is stored';
is $postgres->sql('select count(*) filter (where spooled), count(*) from callresult.push'), '0|2',
    'none went to the spool';
is $worker->stop, 0, 'the worker ends well';
done_testing;
