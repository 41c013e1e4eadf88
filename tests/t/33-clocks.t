#!/usr/bin/perl
# Receivers whose clocks are wrong: what comes straight from the platform is newer than what stands, whatever they say,
# and what waited in a spool is placed by its arrival, corrected.
use strict;
use warnings;
use Test::More;
use Rig qw(clock_ahead wait_for);
use Rig::Postgres;
use Rig::Push qw(record body $success);
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;
$postgres->sql('create role second login in role callresult_writer');

sub receiver {
	my ($ahead, %with) = @_;
	return Rig::Worker->start_new(postgres => $postgres, env => { clock_ahead($ahead) }, %with)->wait_until_ready;
}

sub push_content {
	my ($worker, $number, $content) = @_;
	is $worker->push_body(body(record(called => $number, customField => $content)))->{body}, $success,
	    "$number: $content";
	return;
}

# What stands, and what was laid aside, in the order of that.
sub contents {
	my ($number) = @_;
	return $postgres->sql("select custom_field from callresult.call_result where called = '$number'") . ', not '
	    . $postgres->sql("select string_agg(custom_field, ' ' order by revision)
		from callresult.call_result_revision where called = '$number'");
}

# Takes the connections of role second from a receiver, one that is just being made as well.
sub is_cut_off {
	my ($worker) = @_;
	$postgres->sql('alter role second connection limit 0');
	return wait_for(sub {
		$postgres->sql(q{select pg_terminate_backend(pid) from pg_stat_activity where usename = 'second'});
		$worker->get('/-/ready')->{body} =~ /"database":false/;
	});
}

# --- steps of one clock, over restarts
my $worker = receiver(3600);
push_content($worker, 'steps', 'ahead');
is $worker->stop, 0, 'the worker ends well';
$worker = receiver(0);
push_content($worker, 'steps', 'right');
is contents('steps'), 'right, not ahead', 'a clock set back loses nothing';
is $worker->stop, 0, 'the worker ends well';
$worker = receiver(-600);
push_content($worker, 'steps', 'behind');
is contents('steps'), 'behind, not ahead right', 'nor does one that goes behind';
is $postgres->sql('select string_agg(updated::text, $$ $$ order by updated) from callresult.push'), '0 1 1',
    'the evidence says so';
is $postgres->sql('select bool_and(arrived_at between now() - interval $$5 min$$ and now())
	from callresult.call_result'), 't', "times of arrival are the server's";
is $worker->stop, 0, 'the worker ends well';

# --- two receivers, and the spool of one beside what comes to the other
for my $case (['ten minutes behind', -600], ['an hour ahead', 3600]) {
	my ($name, $ahead) = @$case;
	my $right = receiver(0);
	my $wrong = receiver($ahead,
		database => { conninfo => "host=$postgres->{folder} user=second dbname=callresult" });
	push_content($right, $name, 'one');
	push_content($wrong, $name, 'two');
	push_content($right, $name, 'three');
	is contents($name), 'three, not one two', "$name: each is newer than the one before";

	ok is_cut_off($wrong), "$name: it has no connection";
	push_content($wrong, $name, 'four');
	is $wrong->spooled, 1, "$name: one waits in the spool";
	push_content($right, $name, 'five');
	$postgres->sql('alter role second connection limit -1');
	ok $wrong->drains, "$name: the spool drains";
	is contents($name), 'five, not one two three four', "$name: what waited is older than what came after it";

	push_content($right, "$name, spooled last", 'live');
	ok is_cut_off($wrong), "$name: it has no connection";
	push_content($wrong, "$name, spooled last", 'spooled');
	$postgres->sql('alter role second connection limit -1');
	ok $wrong->drains, "$name: the spool drains";
	is contents("$name, spooled last"), 'spooled, not live', "$name: and newer than what came before it";
	is $_->stop, 0, 'the worker ends well' for $right, $wrong;
}
is $postgres->sql('select * from callresult.check_tally()'), '', 'and all is counted';
done_testing;
