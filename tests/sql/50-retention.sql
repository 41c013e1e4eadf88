-- Months by themselves, dropping old ones, erasing a number.
\ir help.psql
select no_plan();

create function pg_temp.store(campaign text, called text, at timestamp, arrived timestamptz, code text default '537', raw text default null)
returns text language sql as $$
    select pg_temp.push(gen_random_uuid(), arrived, campaign, array[called], code, at => at, raw => array_remove(array[raw], null))
$$;

-- two years, a month each, twice: the second time with other content; a month is over half a day after its end
select pg_temp.store('a', 'n' || m, t, t at time zone 'UTC' + interval '1 min'), pg_temp.store('a', 'n' || m, t, t at time zone 'UTC' + interval '2 min', '548')
from generate_series(0, 23) m
cross join lateral (select date_trunc('month', now() at time zone 'UTC' - interval '12 h') - m * interval '1 month' + interval '1 h') x (t);
select pg_temp.store('a', 'no time, old', null, now() - interval '2 years 12 h'), pg_temp.store('a', 'no time', null, now()),
    pg_temp.store('a', 'far off', '1970-01-01', now()), pg_temp.store('a', 'future', '9999-01-01', now());
select is(pg_temp.keep(), null, 'the months are made');
insert into callresult.quarantine (received_at, reason, raw, sha256, resolved_at)
values (now() - interval '2 years', 'old and settled', '\x01', '\x01', now() - interval '20 months'),
       (now() - interval '2 years', 'old and open', '\x02', '\x02', null), (now(), 'settled', '\x03', '\x03', now());
select is_empty('select * from callresult.check_tally()', 'before');
select is((select count(*) from callresult.call_result), 28::bigint, 'all are there');

select throws_ok($$ select * from callresult.retain(null) $$, 'P0001', null, 'how long has to be said');
select throws_ok($$ select * from callresult.retain('-1 day') $$, 'P0001', null, 'and cannot be negative');
select throws_ok($$ select * from callresult.retain('178000000 years') $$, 'P0001', null, 'nor so long that there is no such time');
select throws_ok($$ select * from callresult.retain('2 years', null) $$, '22004', 'dry_run is true or false', 'nor may it be open whether it is a dry run');
create temp table said as select * from callresult.retain('1 year', dry_run => true);
select is((select count(*) from callresult.call_result), 28::bigint, 'a dry run drops nothing');
select is((select count(*) from callresult.quarantine), 3::bigint, 'nor an entry');
select is_empty('select * from callresult.check_tally()', 'and counts nothing');
create temp table told as select * from callresult.retain('1 year');
select set_eq('select * from said', 'select * from told', 'and says what the real one does');
select is((select count(*) from told where dropped ~ '^call_result_y'), 11::bigint, 'eleven months of results');
select is((select count(*) from told where dropped ~ '^call_result_revision_y'), 11::bigint, 'and of revisions');
select is((select count(*) from told where dropped ~ '^push_y'), 12::bigint, 'and of pushes');
select is((select sum(rows) from told where dropped ~ '^call_result_y'), 11::numeric, 'rows are told: results');
select is((select sum(rows) from told where dropped ~ '^push_y'), 23::numeric, 'rows are told: pushes');
select is((select rows from told where dropped = 'call_result_default'), 2::bigint, 'old rows of the default partition');
select is((select rows from told where dropped = 'quarantine, settled'), 1::bigint, 'settled entries');
select is((select rows from told where dropped = 'quarantine, open'), 1::bigint, 'and open ones');
select is((select count(*) from callresult.call_result), 15::bigint, 'the rest stays');
select is((select min(call_time_local) > now() at time zone 'UTC' - interval '14 months' from callresult.call_result), true, 'what is young stays');
select set_eq($$ select called from callresult.call_result_default where call_time_local is null or call_time_local > '9000-01-01' $$,
    array['no time', 'future'], 'without a time by arrival');
select set_eq($$ select reason from callresult.quarantine $$, array['settled'], 'what is young stays');
select hasnt_table('callresult', 'call_result' || to_char(date_trunc('month', now() at time zone 'UTC') - interval '20 months', '"_y"YYYY"m"MM'), 'the table is gone');
select is_empty('select * from callresult.check_tally()', 'the tally knows');
select is((select count(*) from callresult.tally_day where day < now() - interval '14 months'), 0::bigint, 'and forgets');
select is_empty($$ select * from callresult.retain('1 year') $$, 'there is nothing more to drop');
select pg_temp.store('a', 'late', date_trunc('month', now() at time zone 'UTC') - interval '20 months', now());
select is((select calls from callresult.campaign_daily where day < now() - interval '19 months'), 1::bigint, 'a dropped month may come again');

-- a month that something of the owner's hangs on stays, counted, and is named; the others go
select pg_temp.store('h', 'hangs', t, now()), pg_temp.store('h', 'goes', t - interval '1 month', now())
from (select date_trunc('month', now() at time zone 'UTC') - interval '20 months') x (t);
select is(pg_temp.keep(), null, 'the months are made');
select format('create view owner_view as select called from callresult.call_result%s',
              to_char(date_trunc('month', now() at time zone 'UTC') - interval '20 months', '"_y"YYYY"m"MM')) \gexec
select matches((select string_agg(problem, '') from callresult.retain('1 year', dry_run => true)), 'owner_view depends on table',
    'a dry run knows what stays');
create temp table told_again as select * from callresult.retain('1 year');
select results_eq($$ select dropped ~ to_char(now() at time zone 'UTC' - interval '21 months', 'YYYY"m"MM'), rows, problem is null
    from told_again order by dropped $$, $$ values (true, 1::bigint, true), (false, 0, false) $$, 'one goes, one stays');
select matches((select string_agg(problem, '') from told_again), 'owner_view depends on table', 'and is named with the reason');
select is((select sum(calls) from callresult.campaign_summary where campaign_id = 'h'), 1::numeric, 'its call is counted');
select is_empty('select * from callresult.check_tally()', 'and once');
drop view owner_view;
select is((select sum(rows) from callresult.retain('1 year') where problem is null), 2::numeric, 'later it goes too');
select is_empty('select * from callresult.check_tally()', 'and the tally knows');

-- a number
select pg_temp.store('e', '13800138000', '2026-11-03', now()), pg_temp.store('e', '13800138000', '2026-11-03', now() + interval '1 s', '548'),
    pg_temp.store('e', '138001380001', '2026-11-03', now()),
    pg_temp.store('e', 'x', '2026-11-03', now(), '537', '[{"called":"13800138000"}]');
insert into callresult.quarantine (received_at, reason, raw, sha256)
select now(), 'test', raw, sha256(raw)
from unnest(array['\x0031333830303133383030300000'::bytea, '113800138000', '13800138000', '138001380009', '13800138000,13800138000',
    '913800138000 x13800138000', '\xff3133383030313338303030']) raw;
create temp table to_go as select * from callresult.erase_number('13800138000', dry_run => true);
select is((select count(*) from callresult.call_result where called = '13800138000'), 1::bigint, 'a dry run erases nothing');
select results_eq($$ select found_in, form, rows from callresult.erase_number('13800138000') where problem is null $$,
    $$ values ('call_result', '13800138000', 1::bigint), ('call_result_revision', '13800138000', 1), ('quarantine', '13800138000', 6) $$,
    'a number is erased, and told');
select results_eq($$ select found_in, form, rows from to_go where problem is null $$,
    $$ values ('call_result', '13800138000', 1::bigint), ('call_result_revision', '13800138000', 1), ('quarantine', '13800138000', 6) $$,
    'and the dry run said so');
select is_empty($$ select * from callresult.call_result where called = '13800138000' $$, 'it is gone');
select isnt_empty($$ select * from callresult.call_result where called = '138001380001' $$, 'a longer one is not');
select set_eq($$ select convert_from(raw, 'LATIN1') from callresult.quarantine where reason = 'test' $$, array['113800138000', '138001380009'],
    'in quarantine too');
select is_empty('select * from callresult.check_tally()', 'the tally knows');
select throws_ok($$ select * from callresult.erase_number('') $$, 'P0001', null, 'no number, nothing erased');
select throws_ok($$ select * from callresult.erase_number(null) $$, 'P0001', null, 'nor for NULL');
select throws_ok(format($$ select * from callresult.erase_number('13800138000', %s) $$, how), '22004', 'every_form and dry_run are true or false',
    'nor where it is not said how: ' || how)
from unnest(array['null', 'true, null']) how;

select * from finish();
rollback;
