#!/usr/bin/perl
# The connection to the database cut or silenced at the worst moments: around COMMIT, where nobody knows what was done.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep time);
use Rig qw(wait_for);
use Rig::Load;
use Rig::Postgres;
use Rig::Proxy;
use Rig::Push qw(record body $success);
use Rig::Worker;

my $postgres = Rig::Postgres->start_new;
# reply_deadline (1 s here) and a second are promised; the bound is for a machine that does other things too
my $bound = 6;
my $proxy = Rig::Proxy->start_new(postgres => $postgres);
my $worker = Rig::Worker->start_new(server => { reply_deadline => '1s' }, database => { conninfo => $proxy->conninfo })
    ->wait_until_ready;

sub spooled { return $worker->get('/-/metrics')->{body} =~ /^callresultd_spooled_pushes_total (\d+)$/m ? $1 : undef }

for my $mode (qw(before after answer swallow)) {
	my $spooled = spooled();
	my $load = Rig::Load->start_new(worker => $worker);
	my $before = $proxy->cut;
	sleep 0.3;
	$proxy->fault($mode);
	if ($mode eq 'swallow') { sleep 3; }
	else {
		ok wait_for(sub { $proxy->cut - $before >= 5 && spooled() - $spooled >= 5 }),
		    "$mode: COMMIT was cut five times, and pushes were in it";
	}
	$proxy->fault('');
	sleep 0.3;
	$load->stop;
	ok $worker->drains, "$mode: the spool is empty";
	$load->is_kept($postgres, "$mode: nothing acknowledged is lost or double");
	$load->is_acknowledged("$mode: every push is acknowledged");
	cmp_ok $load->{slowest}, '<', $bound, "$mode: in time";
}
is $postgres->sql('select count(*) from callresult.push where records <> inserted + updated + duplicates + quarantined'), 0,
    'the evidence adds up';
is $postgres->sql('select count(*) - count(distinct id) from callresult.push'), 0, 'and is there once for each push';
is $postgres->sql('select count(*) from callresult.call_result_revision'), 0, 'no push became its own revision';

# what a COMMIT did that was not answered is counted when the spool brings its pushes again
my $metrics = $worker->get('/-/metrics')->{body};
my %counted = $metrics =~ /^callresultd_records_total\{fate="(\w+)"\} (\d+)$/mg;
is join('|', @counted{qw(inserted updated duplicate quarantined)}),
    $postgres->sql('select sum(inserted), sum(updated), sum(duplicates), sum(quarantined) from callresult.push'),
    'the metrics say what the evidence says';

# a push whose COMMIT's answer is lost is stored a second time out of the spool, and counts once
$proxy->fault('answer');
is $worker->push_body('[{"called":"counted once"}]')->{body}, $success, 'a bad record whose COMMIT is not answered';
$proxy->fault('');
ok $worker->drains, 'the bad record: the spool is empty';
is $postgres->sql(q{select seen from callresult.quarantine where convert_from(raw, 'UTF8') like '%counted once%'}), 1,
    'it is in quarantine and was seen once';

# what a deferred trigger refuses with a code that is of no class of data is nobody's record: it waits in the spool
$postgres->sql(q{create function public.spoil() returns trigger language plpgsql as $$begin
	raise exception 'not now'; end$$;
	create constraint trigger spoil after insert on callresult.push deferrable initially deferred for each row
	when (new.bytes = 4711) execute function public.spoil()});
my $body = body(record(called => 'late', customField => 'x'));
$body = body(record(called => 'late', customField => 'x' x (1 + 4711 - length $body)));
is length $body, 4711, 'a push that a deferred trigger refuses';
is $worker->push_body($body)->{body}, $success, 'is acknowledged, since the spool has it';
is $postgres->sql(q{select count(*) from callresult.call_result where called = 'late'}), 0, 'and not stored';
# the replay, which has other tables first, may be in the way
wait_for(sub { eval { $postgres->sql('drop function public.spoil() cascade'); 1 } });
ok $worker->drains, 'what the trigger refused: the spool is empty';
is $postgres->sql(q{select count(*) from callresult.call_result where called = 'late'}), 1, 'it is stored in the end';

# conflicts with other transactions pass by themselves
$postgres->sql(q{create sequence public.tries; grant usage on public.tries to public;
	create function public.conflict() returns trigger language plpgsql as $$begin
	if nextval('public.tries') % 4 <> 0 then raise exception 'conflict' using errcode = '40001'; end if;
	return null; end$$;
	create trigger conflict after insert on callresult.push for each statement execute function public.conflict()});
is $worker->push_body(body(record(called => "conflict-$_")))->{body}, $success, "40001 three times, push $_" for 1 .. 3;
is $postgres->sql(q{select count(*) from callresult.call_result where called like 'conflict-%'}), 3, 'tried again at once';
is $worker->stop, 0, 'the worker ends well';
$proxy->stop;
done_testing;
