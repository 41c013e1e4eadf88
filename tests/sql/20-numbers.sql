-- The numbers of the reports, counted by hand: every call once, whatever its code, time, status or centre.
\ir help.psql
select plan(20);

select pg_temp.call('a', '1', '2026-11-02 09:00:00', 6, '0');
select pg_temp.call('a', '2', '2026-11-02 09:59:59', 5, '34606');
select pg_temp.call('a', '3', '2026-11-02 10:00:00', 5, '34606');
select pg_temp.call('a', '4', '2026-11-03 00:00:00', 5, '99999');
select pg_temp.call('a', '5', '2026-11-03 23:59:59', 5, 'odd');
select pg_temp.call('a', '6', '2026-11-03 23:59:59', 5, null);
select pg_temp.call('a', '7', null, 6, '00000');
select pg_temp.call('a', '8', '2026-11-02 09:30:00', 7, '602');
select pg_temp.call('a', '9', '2026-11-02 09:30:00', 5, '602', null);
select pg_temp.call('a', '9', '2026-12-31 23:00:00', 5, '602', null);
select pg_temp.call('b', '1', null, 5, repeat('long ', 12));
select pg_temp.call('b', '2', null, 5, repeat('long ', 12));

select results_eq(
    $$ select campaign_id, vdn_id, calls, answered, failed, answer_rate, first_call, last_call
       from callresult.campaign_summary order by 1, 2 $$,
    $$ values ('a' collate "C", 1, 8::bigint, 2::bigint, 5::bigint, 0.2500, timestamp '2026-11-02 09:00:00', timestamp '2026-11-03 23:59:59'),
              ('a', null, 2, 0, 2, 0.0000, '2026-11-02 09:30:00', '2026-12-31 23:00:00'),
              ('b', 1, 2, 0, 2, 0.0000, null, null) $$,
    'campaign_summary');
select results_eq(
    $$ select day, calls, answered, failed, answer_rate from callresult.campaign_daily
       where campaign_id = 'a' and vdn_id = 1 order by day $$,
    $$ values (date '2026-11-02', 4::bigint, 1::bigint, 2::bigint, 0.2500), ('2026-11-03', 3, 0, 3, 0.0000),
              (null, 1, 1, 0, 1.0000) $$,
    'campaign_daily');
select results_eq(
    $$ select hour, calls, answered, failed, answer_rate from callresult.campaign_hourly
       where campaign_id = 'a' and vdn_id = 1 order by hour $$,
    $$ values (timestamp '2026-11-02 09:00', 3::bigint, 1::bigint, 1::bigint, 0.3333), ('2026-11-02 10:00', 1, 0, 1, 0.0000),
              ('2026-11-03 00:00', 1, 0, 1, 0.0000), ('2026-11-03 23:00', 2, 0, 2, 0.0000), (null, 1, 1, 0, 1.0000) $$,
    'campaign_hourly');
select results_eq(
    $$ select category, code, cause, calls, share from callresult.failure_breakdown
       where campaign_id = 'a' and vdn_id = 1 order by code collate "C" $$,
    $$ values ('Successful outbound call' collate "C", '00000' collate "C", 'Answered', 2::bigint, 0.2500),
              ('Call released by the platform due to insufficient system resources', '00602', 'Platform out of resources', 1, 0.1250),
              ('Call normally released by the platform', '34606',
               'Call attempt not placed, commonly at the concurrent-call limit', 2, 0.2500),
              ('Others', '99999', null, 1, 0.1250), ('Others', 'odd', null, 1, 0.1250), ('Others', null, null, 1, 0.1250) $$,
    'failure_breakdown: 34606 once, unlisted codes and none under Others');
select results_eq(
    $$ select code, calls, share from callresult.failure_breakdown where campaign_id = 'b' $$,
    $$ values (repeat('long ', 12) collate "C", 2::bigint, 1.0000) $$, 'a long code is itself');
select results_eq(
    $$ select hour, vdn_id, code, category, cause, calls from callresult.platform_faults order by 1, 2 $$,
    $$ values (timestamp '2026-11-02 09:00', 1, '00602' collate "C", 'Call released by the platform due to insufficient system resources' collate "C",
               'Platform out of resources', 1::bigint),
              ('2026-11-02 09:00', null, '00602', 'Call released by the platform due to insufficient system resources',
               'Platform out of resources', 1),
              ('2026-12-31 23:00', null, '00602', 'Call released by the platform due to insufficient system resources',
               'Platform out of resources', 1) $$,
    'platform_faults');
select results_eq(
    $$ select code, calls, campaigns from callresult.unlisted_codes order by code collate "C" $$,
    $$ values ('99999' collate "C", 1::bigint, 1::bigint), (repeat('long ', 12), 2, 1), ('odd', 1, 1) $$, 'unlisted_codes');
select results_eq(
    $$ select call_status, cause_code, calls from callresult.call_tally
       where campaign_id = 'a' and hour = '2026-11-02 09:00' order by 1, 2, 3 $$,
    $$ values (5::smallint, '00602' collate "C", 1::bigint), (5::smallint, '34606', 1), (6::smallint, '00000', 1),
              (7::smallint, '00602', 1) $$, 'call_tally');

-- the totals of every view are the table's, before and after the counts are folded
create function pg_temp.totals() returns setof text language sql as $$
    select is(sum(calls), 12::numeric, 'total of ' || name) from (
        select 'campaign_summary' as name, calls from callresult.campaign_summary union all
        select 'campaign_daily', calls from callresult.campaign_daily union all
        select 'campaign_hourly', calls from callresult.campaign_hourly union all
        select 'failure_breakdown', calls from callresult.failure_breakdown union all
        select 'call_tally', calls from callresult.call_tally union all
        select 'calls', 1 from callresult.calls) v
    group by name order by name;
$$;
select pg_temp.totals();
select callresult.fold_tally();
select pg_temp.totals();

select * from finish();
rollback;
