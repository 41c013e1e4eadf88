-- The housekeeper: months ahead and for what waits, the fold, and what it says when something cannot be done.
\ir help.psql
select no_plan();

create function pg_temp.month(months int) returns timestamp language sql as $$
    select date_trunc('month', now() at time zone 'UTC') + months * interval '1 month'
$$;
create function pg_temp.partition(parent text, months int) returns text language sql as $$
    select parent || to_char(pg_temp.month(months), '"_y"YYYY"m"MM')
$$;
create function pg_temp.call_in(number text, months int) returns void language sql as $$
    select pg_temp.call('w', number, pg_temp.month(months) + interval '3 days', 5, '537')
$$;
create function pg_temp.lives_in(number text) returns text language sql as $$
    select relname from pg_class where oid = (select tableoid from callresult.call_result where called = number)
$$;
create function pg_temp.later() returns void language sql as $$ update callresult.housekeeping set not_before = '-infinity' $$;

select has_table('callresult', pg_temp.partition(p, n), 'there after the installation')
from unnest('{call_result,call_result_revision,push}'::text[]) p, generate_series(0, 1) n;

-- rows that wait
select pg_temp.call_in('1', -3), pg_temp.call_in('2', -3), pg_temp.call_in('3', -5), pg_temp.call_in('4', 5), pg_temp.call_in('far', -200),
    pg_temp.call_in('farther', 24), pg_temp.call('w', 'timeless', null, 5, '537');
select pg_temp.push(gen_random_uuid(), now() - interval '70 days', 'w', '{5,6}', '537', pg_temp.month(-3) + interval '1 day');
select pg_temp.push(gen_random_uuid(), now() - interval '69 days', 'w', '{5,6}', '538', pg_temp.month(-3) + interval '1 day');
select is(pg_temp.lives_in('1'), 'call_result_default', 'a month that is not there: the default partition has it');
select is((select unplaced_rows from callresult.keep_house()), 5::bigint, 'one month of each table is made, and the rest is told');
select is(pg_temp.keep(), null, 'all is done');
select is((select (more, unplaced_rows, problem) from callresult.keep_house()), (false, 0::bigint, null::text), 'and nothing waits');
select is(pg_temp.lives_in(n), pg_temp.partition('call_result', m), n || ' has moved') from (values ('1', -3), ('3', -5), ('4', 5), ('6', -3)) v (n, m);
select is(pg_temp.lives_in(n), 'call_result_default', n || ' stays') from unnest('{far,farther,timeless}'::text[]) n;
select is((select count(*) from callresult.call_result_revision_default), 0::bigint, 'revisions have moved');
select is((select count(*) from callresult.push_default), 0::bigint, 'pushes too');
select is_empty('select * from callresult.check_tally()', 'nothing is miscounted');

-- the fold
select is((select journal_rows > 0 from callresult.keep_house()), true, 'a short journal is left alone');
insert into callresult.call_result (campaign_id, session_id, call_status, push_id, received_at, arrived_at)
select 'many' || i, i, 5, gen_random_uuid(), now(), now() from generate_series(1, 30000) i;
select is((select journal_rows from callresult.keep_house()), 0::bigint, 'a long one is folded');
select is_empty('select * from callresult.tally_journal', 'to the last row');
select is_empty('select * from callresult.check_tally()', 'and right');
alter table callresult.tally_day add constraint own_rule check (calls < 1000) not valid;
insert into callresult.call_result (campaign_id, session_id, call_status, push_id, received_at, arrived_at)
select 'one' || i % 10, i, 5, gen_random_uuid(), now(), now() from generate_series(1, 30000) i;
select count(pg_temp.push(gen_random_uuid(), now(), 'one', array['fold' || i], '537')) from generate_series(1, 500) i;
select is((select problem from callresult.keep_house()), 'the tally cannot be folded: a row is refused (SQLSTATE 23514)',
    'what keeps it from being folded is told');
alter table callresult.tally_day drop constraint own_rule;
alter table callresult.feed_log rename to out_of_the_way;
select is((select problem from callresult.keep_house()),
    'the feed cannot be numbered: relation "feed_log" does not exist (SQLSTATE 42P01)', 'and what keeps the feed from its numbers');
alter table callresult.out_of_the_way rename to feed_log;
select is((select (journal_rows, problem) from callresult.keep_house()), (0::bigint, null::text), 'until it is done');

-- quarantine: open entries
insert into callresult.quarantine (received_at, reason, raw, sha256, resolved_at)
values (now(), 'a', 'four', '1', null), (now(), 'b', 'sixsix', '2', null), (now(), 'c', 'settled', '3', now());
select is((select (quarantine_entries, quarantine_bytes) from callresult.keep_house()), (2::bigint, 10::bigint), 'open entries are counted');

-- a month is like its siblings
alter table callresult.call_result_default set (autovacuum_vacuum_scale_factor = 0.07, toast.autovacuum_enabled = false);
alter table callresult.call_result_default enable row level security;
alter table callresult.call_result_default force row level security;
alter table callresult.call_result add column called_tail text generated always as (right(called, 4)) stored;
create function public.noted() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger noted before insert on callresult.call_result for each row execute function public.noted();
create statistics callresult.owner_statistics on call_status, cause_code from callresult.call_result_default;
select pg_temp.call_in('13800138000', -7);
select is(pg_temp.keep(), null, 'with a generated column, a trigger and storage parameters of the owner');
select is(pg_temp.lives_in('13800138000'), pg_temp.partition('call_result', -7), 'the month is made');
select is((select called_tail from callresult.call_result where called = '13800138000'), '8000', 'the column is there');
select results_eq(
    $$ select relreplident, relrowsecurity, relforcerowsecurity, reloptions from pg_class
       where relname = pg_temp.partition('call_result', -7) $$,
    $$ select relreplident, relrowsecurity, relforcerowsecurity, reloptions from pg_class where relname = 'call_result_default' $$,
    'replica identity, row security and parameters');
select is((select t.reloptions from pg_class c join pg_class t on t.oid = c.reltoastrelid
    where c.relname = pg_temp.partition('call_result', -7)), '{autovacuum_enabled=false}'::text[], 'and those of its TOAST table');
select set_eq($$ select tgname from pg_trigger where tgrelid = ('callresult.' || pg_temp.partition('call_result', -7))::regclass $$,
    $$ select tgname from pg_trigger where tgrelid = 'callresult.call_result_default'::regclass $$, 'triggers');
select is((select count(*) from pg_statistic_ext where stxrelid = ('callresult.' || pg_temp.partition('call_result', -7))::regclass), 1::bigint,
    'statistics');
alter table callresult.call_result_default no force row level security;

-- what cannot be done is said, once a minute tried again, and done when it can
create function public.no_ddl() returns event_trigger language plpgsql as $$begin raise exception 'DDL only by migrations'; end$$;
create event trigger no_ddl on ddl_command_start when tag in ('CREATE TABLE') execute function public.no_ddl();
select pg_temp.call_in('7', -9);
select is(pg_temp.keep(), format('call_result: the month of %s cannot be made: DDL only by migrations (SQLSTATE P0001)',
    to_char(pg_temp.month(-9), 'YYYY-MM')), 'a guard against DDL');
select is((select (more, unplaced_rows) from callresult.keep_house()), (false, 1::bigint), 'what waits is told');
drop event trigger no_ddl;
select isnt(pg_temp.keep(), null, 'not tried again at once');
select pg_temp.later();
select is(pg_temp.keep(), null, 'done later');
select is(pg_temp.lives_in('7'), pg_temp.partition('call_result', -9), 'and right');
select pg_temp.call_in('13900139000', -10);
alter table callresult.call_result add constraint picky check (called <> '13900139000') not valid;
select is(pg_temp.keep(), format('call_result: the month of %s cannot be made: a row is refused picky (SQLSTATE 23514)',
    to_char(pg_temp.month(-10), 'YYYY-MM')), 'a row that is refused now: its number is not said');
alter table callresult.call_result drop constraint picky;
select pg_temp.later(), pg_temp.keep();
-- a month that is detached, or made by hand for other days, is told; the other work goes on
select callresult.add_month('call_result', pg_temp.month(-12));
select pg_temp.call_in('late', -12);
create temp table detached as select format('callresult.%I', pg_temp.partition('call_result', m)) as name, m from unnest('{0,-12}'::int[]) m;
do $$ begin execute (select string_agg('alter table callresult.call_result detach partition ' || name, '; ') from pg_temp.detached); end $$;
select pg_temp.call_in('later', -12), pg_temp.call_in('now', 0), pg_temp.call_in('behind', -8);
select is(pg_temp.keep(), format('call_result: the month of %s cannot be made: %s is there, but is no partition for that month; '
    'attach it, or give it another name (SQLSTATE 42P07)', to_char(pg_temp.month(0), 'YYYY-MM'), pg_temp.partition('call_result', 0)),
    'this month is detached');
select is((select (more, unplaced_rows) from callresult.keep_house()), (false, 2::bigint), 'what waits for it is told');
select is(pg_temp.lives_in('behind'), pg_temp.partition('call_result', -8), 'the next month is made all the same');
do $$ begin execute (select 'drop table ' || name from pg_temp.detached where m = 0); end $$;
select pg_temp.later();
select is(pg_temp.keep(), format('call_result: the month of %s cannot be made: %s is there, but is no partition for that month; '
    'attach it, or give it another name (SQLSTATE 42P07)', to_char(pg_temp.month(-12), 'YYYY-MM'), pg_temp.partition('call_result', -12)),
    'a month for which rows wait is detached');
do $$ begin execute (select 'drop table ' || name from pg_temp.detached where m = -12); end $$;
select pg_temp.later();
select is(pg_temp.keep(), null, 'done when they are out of the way');
select is(pg_temp.lives_in('later'), pg_temp.partition('call_result', -12), 'and right');
select callresult.rebuild_tally();
alter table callresult.push_default rename to out_of_the_way;
insert into callresult.call_result (campaign_id, session_id, call_status, push_id, received_at, arrived_at)
select 'more' || i, i, 5, gen_random_uuid(), now(), now() from generate_series(1, 30000) i;
select is((select problem from callresult.keep_house()),
    'push: months cannot be made: relation "push_default" does not exist (SQLSTATE 42P01)', 'no default partition');
select is_empty('select * from callresult.tally_journal', 'the tally is folded all the same');
select is(pg_temp.keep(), 'push: months cannot be made: relation "push_default" does not exist (SQLSTATE 42P01)', 'and it is said again');
alter table callresult.out_of_the_way rename to push_default;
select pg_temp.later();
select is((select (unplaced_rows, problem) from callresult.keep_house()), (0::bigint, null::text), 'until it is there');

select pg_temp.call_in('unwanted', -14);
create function public.unwanted() returns trigger language plpgsql as $$ begin return case when new.called <> 'unwanted' then new end; end $$;
create trigger unwanted before insert on callresult.call_result for each row execute function public.unwanted();
select is(pg_temp.keep(), format('call_result: the month of %s cannot be made: a trigger on call_result drops rows that are to move from '
    'call_result_default (SQLSTATE P0001)', to_char(pg_temp.month(-14), 'YYYY-MM')), 'a trigger that would drop what is stored');
select is(pg_temp.lives_in('unwanted'), 'call_result_default', 'it stays');
drop trigger unwanted on callresult.call_result;
select pg_temp.later(), pg_temp.keep();
select is(pg_temp.lives_in('unwanted'), pg_temp.partition('call_result', -14), 'until the trigger is gone');

select ok(callresult.add_month('call_result', pg_temp.month(-13) + interval '14 days'), 'any day of a month will do');
select is((select pg_get_expr(relpartbound, oid) from pg_class where relname = pg_temp.partition('call_result', -13)),
    format('FOR VALUES FROM (%L) TO (%L)', pg_temp.month(-13), pg_temp.month(-12)), 'it is the whole month');
select throws_like(format('select callresult.add_month(%L, %L)', parent, month), 'add_month needs call_result, %', 'not a month')
from (values ('campaign', '2026-01-01'), (null, '2026-01-01'), ('push', null), ('push', 'infinity')) v (parent, month);

select throws_like($$ select callresult.add_month('call_result', pg_temp.month(-11), 0) $$, '%holds more than 0 bytes%', 'add_month by hand says why');
select is(callresult.add_month('call_result', pg_temp.month(-11), null), true, 'or does it');
select is_empty('select * from callresult.check_tally()', 'the tally is right');

-- the day of the calls, by the zone that the worker says
set local timezone = 'UTC';
select is(callresult.local_today(), (now() at time zone 'UTC')::date, 'before a worker has run, the day of the session');
select is((select problem from callresult.keep_house('Pacific/Kiritimati')), null, 'the worker says its zone');
select is(callresult.local_today(), (now() at time zone 'Pacific/Kiritimati')::date, 'the day there');
select is((select problem from callresult.keep_house('Pacific/Pago_Pago')), null, 'the zone changes');
select is(callresult.local_today(), (now() at time zone 'Pacific/Pago_Pago')::date, 'a day that is another at every moment');
select is((select problem from callresult.keep_house()), null, 'the owner says none');
select is(callresult.local_today(), (now() at time zone 'Pacific/Pago_Pago')::date, 'and changes none');

select * from finish();
rollback;
