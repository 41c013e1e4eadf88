#!/usr/bin/perl
# Months while they are made: a report that is asked meanwhile has every row once.
use strict;
use warnings;
use Test::More;
use Rig qw(folder spawn wait_for read_file write_file reap);
use Rig::Postgres;

my $postgres = Rig::Postgres->start_new;
my @psql = ('psql', '-X', '-A', '-t', '-q', '-h', $postgres->{folder}, '-U', 'postgres', '-d', 'callresult');

# results of a month that is not there yet
$postgres->sql(q{insert into callresult.call_result (campaign_id, called, call_time_local, call_status, push_id, received_at, arrived_at)
	select 'a', n::text, '2026-03-01 12:00', 6, gen_random_uuid(), now(), now() from generate_series(1, 1000) n});

# the housekeeper has moved them and not committed yet, when somebody counts
my $mover = write_file(folder() . '/move.sql', q{
	begin;
	select callresult.add_month('call_result', '2026-03-01');
	select 'moved';
	select pg_sleep(60);
});
my $moved = folder() . '/moved';
my $session = spawn([@psql, '-f', $mover], log => $moved);
ok wait_for(sub { read_file($moved) =~ /^moved/m }), 'the rows are moved';
like read_file($moved), qr/^t$/m, 'the month is made';
my $counted = folder() . '/counted';
my $reader = spawn([@psql, '-c', 'select count(*) from callresult.calls'], log => $counted);
ok wait_for(sub { $postgres->sql(q{select count(*) from pg_stat_activity where wait_event_type = 'Lock'}) == 1 }),
    'a report waits';
# it commits: what it does next is cut short, after the statement that is sent instead
ok wait_for(sub { $postgres->sql(q{select count(*) filter (where pg_cancel_backend(pid)) from pg_stat_activity
	where query like '%pg_sleep(60)%' and pid <> pg_backend_pid()}) > 0 }), 'the move is cancelled';
wait_for(sub { defined reap($session) });
wait_for(sub { defined reap($reader) });
is read_file($counted), "1000\n", 'after a move that came to nothing it has all rows';

# the same with a move that is committed
$mover = write_file(folder() . '/move2.sql', q{
	begin;
	select callresult.add_month('call_result', '2026-03-01');
	select 'moved';
	select pg_advisory_lock(7);
	commit;
});
my $gate = $postgres->hold('select pg_advisory_lock(7)');
$session = spawn([@psql, '-f', $mover], log => "$moved.2");
ok wait_for(sub { read_file("$moved.2") =~ /^moved/m }), 'the rows are moved';
$reader = spawn([@psql, '-c', 'select count(*) from callresult.calls'], log => "$counted.2");
ok wait_for(sub { $postgres->sql(q{select count(*) from pg_stat_activity where wait_event_type = 'Lock'
	and query like '%count(*) from callresult.calls'}) == 1 }), 'a report waits';
$postgres->let_go($gate);
wait_for(sub { defined reap($session) });
wait_for(sub { defined reap($reader) });
is read_file("$counted.2"), "1000\n", 'after a move that is committed too';
is $postgres->sql('select count(*) from only callresult.call_result_default'), 0, 'and none is left behind';

# an older month that rows wait for, whose lock cannot be had, does not hold back the next one
my $month = sub { $postgres->sql("select to_char(date_trunc('month', now() at time zone 'UTC') + interval '$_[0] months', '$_[1]')") };
my $next = 'callresult.call_result_' . $month->(1, '"y"YYYY"m"MM');
$postgres->sql("drop table $next");
$postgres->sql(q{insert into callresult.call_result (campaign_id, called, call_time_local, call_status, push_id, received_at, arrived_at)
	values ('a', 'old', now() - interval '12 months', 6, gen_random_uuid(), now(), now())});
$gate = $postgres->hold(sprintf q{select count(*) from callresult.call_result where call_time_local >= '%s' and call_time_local < '%s'},
	map { $month->(0, "YYYY-MM-$_") } '01', '02');
$postgres->sql('select * from callresult.keep_house()');
is $postgres->sql("select to_regclass('$next') is not null"), 't', 'the next month is made beside a report';
is $postgres->sql('select called from only callresult.call_result_default'), 'old', 'what is older waits for the report';
$postgres->let_go($gate);
$postgres->sql(q{update callresult.housekeeping set not_before = '-infinity'});
$postgres->sql('select * from callresult.keep_house()');
is $postgres->sql('select count(*) from only callresult.call_result_default'), 0, 'and goes where it belongs afterwards';
done_testing;
