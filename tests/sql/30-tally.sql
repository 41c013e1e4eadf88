-- The tally is exact whatever is done to the results, and the proof sees when it is not.
\ir help.psql
select no_plan();

create function pg_temp.exact(what text) returns setof text language plpgsql as $$
begin
    return next is_empty('select * from callresult.check_tally()', what);
    if random() < 0.5 then
        perform callresult.fold_tally();
        return next is_empty('select * from callresult.check_tally()', what || ': folded');
    end if;
end
$$;
select setseed(0.4);

insert into callresult.call_result (campaign_id, session_id, call_time_local, call_time, call_status, cause_code, vdn_id,
    push_id, received_at, arrived_at)
select 'c' || i % 5, i, t, t at time zone 'UTC', 5 + i % 3, nullif(lpad((i % 7)::text, 5, '0'), '00003'), nullif(i % 4, 0),
    gen_random_uuid(), now() - i * interval '1 min', now()
from generate_series(1, 2000) i
cross join lateral (select case when i % 11 > 0 then date_trunc('month', now() at time zone 'UTC') + i * interval '23 min' end) x (t);
select is((select sum(calls) from callresult.call_tally), 2000::numeric, 'all are counted');
select pg_temp.exact('inserted');
update callresult.call_result set call_status = 6, cause_code = '00000' where session_id like '%1';
select pg_temp.exact('changed');
update callresult.call_result set push_id = gen_random_uuid(), received_at = now() where session_id like '%2';
select pg_temp.exact('changed as a push would');
update callresult.call_result set campaign_id = 'new', vdn_id = null where session_id like '%3';
select pg_temp.exact('moved to another campaign');
update callresult.call_result set call_time_local = call_time_local + interval '1 month' where session_id like '%4';
select pg_temp.exact('moved to another month');
update callresult.call_result set call_time_local = null where session_id like '%44';
select pg_temp.exact('moved to the default partition');
delete from callresult.call_result where session_id like '%5';
select pg_temp.exact('deleted');
update callresult.call_result set campaign_id = 'never' where false;
delete from callresult.call_result where false;
select pg_temp.exact('nothing done');
insert into callresult.call_result as r (campaign_id, session_id, call_time_local, call_status, cause_code, vdn_id, push_id, received_at,
    arrived_at)
select campaign_id, session_id || case when session_id like '%7' then 'x' else '' end, call_time_local, 5, 'other', vdn_id,
    gen_random_uuid(), now(), now()
from callresult.call_result where session_id like '%7' or session_id like '%8'
on conflict (campaign_id, call_time_local, called, session_id, call_id, vdn_id) do update
set call_status = excluded.call_status, cause_code = excluded.cause_code;
select pg_temp.exact('inserted or changed by one statement');
delete from callresult.call_result_default where session_id like '%9';
update callresult.call_result_default set cause_code = repeat('x', 64);
insert into callresult.call_result_default select 'd', session_id, called, call_id, null, null, 5, null, null, 1, null, null, null,
    push_id, received_at, arrived_at, 0 from callresult.call_result limit 20;
select pg_temp.exact('done to a partition');
copy callresult.call_result (campaign_id, called, call_status, push_id, received_at, arrived_at) from stdin;
copied	1	6	00000000-0000-0000-0000-000000000001	2026-11-20 10:00:00+00	2026-11-20 10:00:00+00
copied	2	5	00000000-0000-0000-0000-000000000001	2026-11-20 10:00:00+00	2026-11-20 10:00:00+00
\.
select pg_temp.exact('copied in');
merge into callresult.call_result r using (values ('c1'), ('c2')) v (c) on r.campaign_id = v.c
when matched and r.campaign_id = 'c1' then delete
when matched then update set call_status = 9;
select pg_temp.exact('merged');
insert into callresult.call_result (campaign_id, session_id, call_time_local, call_status, push_id, received_at, arrived_at)
select 'many', i, date_trunc('month', now() at time zone 'UTC') + i * interval '1 min', 5, gen_random_uuid(), now(), now()
from generate_series(1, 40000) i;
select pg_temp.exact('more than a batch at once');
update callresult.call_result set cause_code = left(cause_code, 1) || '!' where campaign_id = 'many';
delete from callresult.call_result where campaign_id = 'many' and call_time_local < now() - interval '100 years';
delete from callresult.call_result where campaign_id = 'many' and session_id::int < 30000;
select pg_temp.exact('more than a batch changed and deleted');
insert into callresult.call_result (campaign_id, call_time_local, call_time, call_status, push_id, received_at, arrived_at)
values ('endless', 'infinity', 'infinity', 5, gen_random_uuid(), 'infinity', now()),
       ('endless', '-infinity', '-infinity', 5, gen_random_uuid(), '-infinity', now()),
       ('endless', '9999-12-31 23:59:59', '9999-12-31 23:59:59+00', 5, gen_random_uuid(), now(), now());
select pg_temp.exact('times without end');
delete from callresult.call_result where campaign_id = 'endless';

-- rows that wait in the default partition for their month
insert into callresult.call_result (campaign_id, session_id, call_time_local, call_status, push_id, received_at, arrived_at)
select 'waits', i, timestamp '2019-03-01' + i * interval '1 h', 5, gen_random_uuid(), now(), now() from generate_series(1, 100) i;
select ok(callresult.add_month('call_result', '2019-03-01'), 'a month is added');
select is((select count(*) from callresult.call_result_y2019m03), 100::bigint, 'its rows have moved there');
select pg_temp.exact('moved to their month');
update callresult.call_result_y2019m03 set call_status = 6;
select pg_temp.exact('done to the new month');
truncate callresult.call_result_y2019m03;
select pg_temp.exact('a partition emptied');

-- the proof
update callresult.tally_hour set calls = calls + 1 where campaign_id = 'c0' and calls > 0;
select isnt_empty($$ select * from callresult.check_tally() where report = 'campaign_hourly' and campaign_id = 'c0' $$,
    'a wrong hour is found');
delete from callresult.tally_day where campaign_id = 'c0';
select isnt_empty($$ select * from callresult.check_tally() where report = 'campaign_daily' and tallied = 0 $$, 'a missing day is found');
update callresult.tally_cause set cause_code = 'wrong' where campaign_id = 'c0' and cause_code = '00000';
select isnt_empty($$ select * from callresult.check_tally() where report = 'failure_breakdown' $$, 'a wrong cause is found');
delete from callresult.tally_detail where campaign_id = 'c0';
select isnt_empty($$ select * from callresult.check_tally() where report = 'call_tally' $$, 'a missing count is found');
update callresult.tally_arrival set lag = lag + 100000;
select isnt_empty($$ select * from callresult.check_tally() where report = 'delivery_health' $$, 'a wrong lag is found');
select callresult.rebuild_tally();
select pg_temp.exact('counted anew');

truncate callresult.call_result;
select pg_temp.exact('emptied');
select is_empty('select * from callresult.call_tally', 'nothing is left');

select * from finish();
rollback;
