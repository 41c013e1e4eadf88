#!/usr/bin/perl
# The tally under many sessions at once: exact in the end, and no writer ever waits for another because of it.
use strict;
use warnings;
use Test::More;
use Rig qw(source folder run_command write_file);
use Rig::Postgres;

my $postgres = Rig::Postgres->start_new;

# --- eight sessions that store, push again, correct and delete; a few of them fold all the time
my %scripts = (
	store => <<'END',
\set n random(1, 2000)
\set rows random(1, 40)
insert into callresult.call_result as r (campaign_id, session_id, call_time_local, call_time, call_status, cause_code, vdn_id,
    push_id, received_at, arrived_at)
select 'c' || i % 3, i, t, t at time zone 'UTC', 5 + i % 2, (i % 5)::text, nullif(i % 3, 0), gen_random_uuid(), now(), now()
from generate_series(:n, :n + :rows) i
cross join lateral (select date_trunc('month', now() at time zone 'UTC') + i * interval '10 min') x (t)
order by 1, t
on conflict (campaign_id, call_time_local, called, session_id, call_id, vdn_id) do update
set cause_code = excluded.cause_code || 'x', push_id = excluded.push_id, received_at = excluded.received_at,
    arrived_at = excluded.arrived_at;
END
	correct => <<'END',
\set n random(1, 2040)
update callresult.call_result set call_status = 6, campaign_id = 'corrected', session_id = gen_random_uuid() where session_id = :n::text;
END
	delete => <<'END',
\set n random(1, 2040)
delete from callresult.call_result where session_id = :n::text;
END
	fold => <<'END',
select callresult.fold_tally();
select * from callresult.keep_house();
END
);
my @scripts = map { ('-f', write_file(folder() . "/$_.pgbench", $scripts{$_}) . ($_ eq 'store' ? '@6' : $_ eq 'fold' ?
    '@1' : '@2')) }
    sort keys %scripts;
my $output = run_command(Rig::Postgres::client('pgbench'), '-n', '-h', $postgres->{folder}, '-U', 'postgres', '-c', 8,
    '-j', 2, '-t', 60,
	'--max-tries=100', @scripts, 'callresult');
unlike $output, qr/aborted/, 'eight sessions come to their end';
cmp_ok $postgres->sql('select count(*) from callresult.call_result'), '>', 0, 'there are results';
cmp_ok $postgres->sql('select count(*) from callresult.tally_day'), '>', 0, 'some of them folded';
is $postgres->sql('select * from callresult.check_tally()'), '', 'and the tally is exact';

# --- a transaction that has stored, keeps house and does not end holds nobody up, whatever the others do
my $insert = q{insert into callresult.call_result (campaign_id, session_id, call_time_local, call_status, vdn_id, push_id, received_at, arrived_at)
	select 'same', '%s' || i, date_trunc('month', now() at time zone 'UTC'), 5, 1, gen_random_uuid(), now(), now()
	from generate_series(1, %d) i};
my $open = $postgres->hold((sprintf $insert, 'open', 40_000) . '; select * from callresult.keep_house()');
is $postgres->sql('select * from callresult.keep_house()'), 'f|||||', 'one keeps house at a time';
$postgres->sql('create role anybody login');
is eval { $postgres->sql('lock table callresult.housekeeping in access share mode', undef, 'anybody'); 1 }, undef,
    'and nobody who may only connect can keep it from that';
for my $rows (1, 30, 1000, 40_000) {
	is eval { $postgres->sql("set lock_timeout = '50ms'; " . sprintf $insert, "r$rows-", $rows); 1 }, 1,
	    "another stores $rows beside it"
	    or diag $@;
}
is eval { $postgres->sql("set lock_timeout = '50ms'; delete from callresult.call_result where session_id like 'r%'");
    1 }, 1,
    'and deletes' or diag $@;
is eval { $postgres->sql("set lock_timeout = '50ms'; begin isolation level serializable; " . (sprintf $insert, 'serial',
    40_000) . '; commit'); 1 },
    1, 'at any isolation level' or diag $@;
is $postgres->sql('select * from callresult.check_tally()'), '', 'readers see the truth meanwhile';
$postgres->let_go($open);
is $postgres->sql('select * from callresult.check_tally()'), '', 'and when it is rolled back';

# --- keeping house gives way to whoever has a table for themselves and asks for the next: it is in nobody's deadlock
for my $tables ('callresult.call_result', 'callresult.quarantine', 'callresult.tally_journal', 'callresult.feed_log') {
	my $administrator = $postgres->hold("lock table $tables");
	is eval { $postgres->sql("set statement_timeout = '10s'; select * from callresult.keep_house()") }, 'f|||||',
	    "beside one who has $tables it tells nothing" or diag $@;
	$postgres->let_go($administrator);
}

# --- what cannot see all results refuses to count or drop them: another session stores while the snapshot stands
my $store = 'psql -X -q -h ' . $postgres->{folder}
    . q{ -U postgres -d callresult -c "insert into callresult.call_result (campaign_id,
	session_id, call_time_local, call_status, push_id, received_at, arrived_at) values ('late', gen_random_uuid(), '2020-02-01', 5,
	gen_random_uuid(), now(), now())"} =~ s/\n\s*/ /gr;
$postgres->sql(q{select callresult.add_month('call_result', '2020-02-01')});
for my $statement ('truncate callresult.call_result', 'truncate callresult.call_result_y2020m02',
    'select callresult.rebuild_tally()',
	'select callresult.fold_tally()', 'do $$begin raise exception $p$%$p$, (select problem from callresult.keep_house()); end$$',
	q{select callresult.retain('1 year')}) {
	my $file = write_file(folder() . '/snapshot.sql',
	    "begin isolation level repeatable read;\nselect 1;\n\\! $store\n$statement;\ncommit;\n");
	like qx{psql -X -q -h $postgres->{folder} -U postgres -d callresult -f $file 2>&1},
	    qr/has to run at read committed/,
	    "$statement refuses with an old snapshot";
	is $postgres->sql('select * from callresult.check_tally()'), '', 'and the tally is exact';
}

# --- a trigger that a transaction cannot see yet is seen by what its session stores afterwards
$postgres->sql(q{create function public.move() returns trigger language plpgsql as
	$$begin new.campaign_id := 'moved'; return new; end$$});
my $create = "psql -X -q -h $postgres->{folder} -U postgres -d callresult -c 'create trigger move before insert on"
    . " callresult.call_result for each row execute function public.move()'";
my $push = q{select pg_temp.push(gen_random_uuid(), now(), 'planned', array[i::text], '537')};
my $pushes = write_file(folder() . '/pushes.sql', "\\i ${\ source()}/tests/sql/help.psql\n"
    . "$push from generate_series(1, 8) i;\ncommit;\nbegin isolation level repeatable read;\nselect 1;\n\\! $create\n"
    . "$push from generate_series(9, 9) i;\ncommit;\n$push from generate_series(10, 12) i;\n");
run_command('psql', '-X', '-q', '-o', '/dev/null', '-h', $postgres->{folder}, '-U', 'postgres', '-d', 'callresult', '-f', $pushes);
is $postgres->sql(q{select campaign_id, count(*) from callresult.call_result where campaign_id in ('planned', 'moved')
	group by 1 order by 1}), "moved|4\nplanned|8", 'a trigger changes what is stored';
is $postgres->sql('select * from callresult.check_tally()'), '', 'and the tally is exact';
$postgres->sql('drop function public.move() cascade');

# --- counting anew takes nothing from a reader that goes on with what it saw at first
my $rebuild = "psql -X -q -h $postgres->{folder} -U postgres -d callresult -o /dev/null -c 'select callresult.rebuild_tally()'";
my $reader_file = write_file(folder() . '/reader.sql', <<"END");
begin isolation level repeatable read;
select 1 from callresult.failure_code limit 0;
\\! $rebuild
select (select count(*) from callresult.call_result) = (select sum(calls) from callresult.campaign_hourly);
commit;
END
is qx{psql -X -q -A -t -h $postgres->{folder} -U postgres -d callresult -f $reader_file 2>&1}, "t\n",
    'a reader over a rebuild sees the truth';

# --- retain waits for its moment instead of holding up pushes, and gives up clean
$postgres->sql(q{select callresult.add_month('call_result', '2020-01-01'); insert into callresult.call_result (campaign_id, session_id,
	call_time_local, call_status, push_id, received_at, arrived_at) values ('old', '1', '2020-01-05', 5, gen_random_uuid(), now(), now())});
my $reader = $postgres->hold('select count(*) from callresult.call_result');
my $retain = fork // die;
if ($retain == 0) {
	exec 'psql', '-X', '-q', '-h', $postgres->{folder}, '-U', 'postgres', '-d', 'callresult', '-c',
	    "select * from callresult.retain('1 year')",
	    '-o', '/dev/null' or exit 1;
}
Rig::wait_for(sub { $postgres->sql(q{select count(*) from pg_stat_activity where query like '%retain(%' and pid <> pg_backend_pid()
	and wait_event in ('relation', 'PgSleep')}) > 0 }) or fail('retain waits');
is eval { $postgres->sql("set lock_timeout = '3s'; " . sprintf $insert, "beside$_-", 10); 1 }, 1,
    "a push beside a retain that waits, $_" or diag $@
    for 1 .. 5;
$postgres->let_go($reader);
waitpid $retain, 0;
is $?, 0, 'retain gets through when the reader has gone';
is $postgres->sql(q{select to_regclass('callresult.call_result_y2020m01') is null}), 't', 'the month is gone';
is $postgres->sql('select * from callresult.check_tally()'), '', 'and the tally is exact';
done_testing;
