#!/usr/bin/perl
# Many pushes at once: stored in groups, each result once whatever the order, each push answered by its own fate.
use strict;
use warnings;
use List::Util qw(shuffle);
use Test::More;
use Rig::Postgres;
use Rig::Push qw(record body $success);
use Rig::Worker;

srand 20_200_830;
my $postgres = Rig::Postgres->start_new;
my $worker = Rig::Worker->start_new(postgres => $postgres, server => { threads => 64 })->wait_until_ready;
my $second = Rig::Worker->start_new(postgres => $postgres, database => { writers => 3 })->wait_until_ready;

sub clear { $postgres->sql('truncate callresult.call_result, callresult.call_result_revision, callresult.push,
	callresult.quarantine'); return }

# All bodies at once, over a connection each, to the workers in turn.  Gives the answers in the bodies' order.
sub push_at_once {
	my ($workers, @bodies) = @_;
	my @connections;
	for my $i (0 .. $#bodies) {
		my $connection = $workers->[$i % @$workers]->connection;
		$connection->begin({ REQUEST_METHOD => 'POST', PATH_INFO => "/$Rig::Worker::token",
			CONTENT_LENGTH => length $bodies[$i] });
		$connection->send_body($bodies[$i]);
		push @connections, $connection;
	}
	$_->end_body for @connections;
	return map { $_->answer } @connections;
}

sub taken { return scalar grep { $_ && $_->{status} == 200 && $_->{body} eq $success } @_ }

my $same = body(record());
is taken(push_at_once([$worker], ($same) x 64)), 64, 'the same record in 64 pushes at once: all are taken';
is $postgres->sql('select count(*), max(revision) from callresult.call_result'), '1|0', 'one row';
is $postgres->sql('select count(*), sum(inserted), sum(duplicates), sum(updated) from callresult.push'), '64|1|63|0',
    'one push inserted it, 63 found it there';

clear();
is taken(push_at_once([$worker, $second], ($same) x 64)), 64, 'the same at two workers';
is $postgres->sql('select count(*), max(revision) from callresult.call_result'), '1|0', 'one row';
is $postgres->sql('select sum(inserted), sum(duplicates) from callresult.push'), '1|63', 'inserted once';

clear();
my @calls = map { record(called => "n$_") } 1 .. 40;
for my $round (1 .. 5) {
	my @bodies = map { body(shuffle @calls) } 1 .. 32;
	is taken(push_at_once([$worker, $second], @bodies)), 32, "the same 40 records in 32 orders, round $round";
}
is $postgres->sql('select count(*), max(revision) from callresult.call_result'), '40|0', '40 rows';
is $postgres->sql('select sum(inserted), sum(duplicates), sum(records) from callresult.push'), '40|6360|6400',
    'and the evidence adds up';

clear();
is taken(push_at_once([$worker, $second], map { body(record(customField => "content $_")) } 1 .. 48)), 48,
    '48 contents of one record at once';
is $postgres->sql('select count(*), max(revision) from callresult.call_result'), '1|47', 'one row, 47 revisions';
is $postgres->sql('select count(*), count(distinct revision), count(distinct custom_field)
	from callresult.call_result_revision'), '47|47|47', 'each content kept, none twice';
is $postgres->sql('select count(*) from callresult.call_result where custom_field in
	(select custom_field from callresult.call_result_revision)'), 0, 'the one that is no revision stands';
is $postgres->sql('select arrived_at >= (select max(arrived_at) from callresult.call_result_revision)
	from callresult.call_result'), 't', 'and it is the one that came last';

clear();
my @bodies = map { $_ % 4 == 0 ? '[{' : $_ % 4 == 1 ? body(record(called => "g$_"), { called => 'bad' }) :
	body(record(called => "g$_")) } 1 .. 60;
my @answers = push_at_once([$worker], @bodies);
is scalar(grep { $_->{status} == ($bodies[0] && $bodies[$_->{i}] eq '[{' ? 400 : 200) }
	map { { %{ $answers[$_] }, i => $_ } } 0 .. $#answers), 60, 'each push in a group has its own fate';
is $postgres->sql('select count(*) from callresult.call_result'), 45, 'the good records are stored';
is $postgres->sql('select count(*), sum(seen) from callresult.quarantine'), '2|30',
    'the rest is in quarantine, counted';

# the same records pushed by hand, so that groups of more than batch_records form
my $small = Rig::Worker->start_new(postgres => $postgres, database => { batch_records => 7 })->wait_until_ready;
clear();
is taken(push_at_once([$small], map { my $p = $_; body(map { record(called => "p$p-$_") } 1 .. 5) } 1 .. 40)), 40,
    'groups of at most batch_records';
is $postgres->sql('select count(*) from callresult.call_result'), 200, 'all stored';

is $_->stop, 0, 'a worker ends well' for $worker, $second, $small;
done_testing;
