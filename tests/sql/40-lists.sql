-- The lists: numbers to call again and to strike, judged by the last attempt in the campaign; recordings.
\ir help.psql
select no_plan();

-- called, and how its calls in campaign a ended
select pg_temp.call('a', 'soon', '2026-11-02 09:00:00', 5, '548');
select pg_temp.call('a', 'soon', '2026-11-02 10:00:00', 5, '537', 2);
select pg_temp.call('a', 'soon', null, 5, '538');
select pg_temp.call('a', 'later', '2026-11-02 09:00:00', 5, '00548');
select pg_temp.call('a', 'fix', '2026-11-02 09:00:00', 5, '602');
select pg_temp.call('a', 'answered before', '2026-11-02 09:00:00', 6, '0', 2);
select pg_temp.call('a', 'answered before', '2026-11-02 10:00:00', 5, '537');
select pg_temp.call('b', 'answered before', '2026-11-02 10:00:00', 5, '537');
select pg_temp.call('a', 'wrong', '2026-11-02 09:00:00', 5, '537');
select pg_temp.call('a', 'wrong', '2026-11-02 10:00:00', 5, '538');
select pg_temp.call('a', 'right after all', '2026-11-02 09:00:00', 5, '538');
select pg_temp.call('a', 'right after all', '2026-11-02 10:00:00', 5, '537');
select pg_temp.call('a', 'unlisted', '2026-11-02 09:00:00', 5, '99999');
select pg_temp.call('a', 'long', '2026-11-02 09:00:00', 5, '537');
select pg_temp.call('a', 'long', '2026-11-02 10:00:00', 5, repeat('long ', 12));
select pg_temp.call('a', 'no code', '2026-11-02 09:00:00', 5, null);
select pg_temp.call('a', null, '2026-11-02 09:00:00', 5, '537');
select pg_temp.call('a', 'same second', '2026-11-02 09:00:00', 5, '537', 1, null, '2026-11-20 12:00:01+00');
select pg_temp.call('a', 'same second', '2026-11-02 09:00:00', 5, '538', 1, null, '2026-11-20 12:00:02+00');
select pg_temp.call('a', 'no time', null, 5, '538', 1, null, '2026-11-20 12:00:01+00');
select pg_temp.call('a', 'no time', null, 5, '537', 1, null, '2026-11-20 12:00:02+00');

select results_eq(
    $$ select vdn_id, called, attempts, last_call, code, cause, redial from callresult.redial_candidates
       where campaign_id = 'a' order by called collate "C" $$,
    $$ values (1, 'fix' collate "C", 1::bigint, timestamp '2026-11-02 09:00', '00602' collate "C", 'Platform out of resources', 'fix'),
              (1, 'later', 1, '2026-11-02 09:00', '00548', 'Handset powered off', 'later'),
              (1, 'no time', 2, null, '00537', 'Called party busy', 'soon'),
              (1, 'right after all', 2, '2026-11-02 10:00', '00537', 'Called party busy', 'soon'),
              (2, 'soon', 3, '2026-11-02 10:00', '00537', 'Called party busy', 'soon') $$,
    'redial_candidates');
select results_eq(
    $$ select called, code from callresult.redial_candidates where campaign_id = 'b' $$,
    $$ values ('answered before' collate "C", '00537' collate "C") $$, 'each campaign for itself');
select results_eq(
    $$ select campaign_id, vdn_id, called, attempts, last_call, code, cause from callresult.invalid_numbers order by called $$,
    $$ values ('a' collate "C", 1, 'same second' collate "C", 2::bigint, timestamp '2026-11-02 09:00', '00538' collate "C", 'Number unallocated or wrong'),
              ('a', 1, 'wrong', 2, '2026-11-02 10:00', '00538', 'Number unallocated or wrong') $$,
    'invalid_numbers');
update callresult.failure_code set redial = 'no' where code = '00537';
select is((select count(*) from callresult.redial_candidates where code = '00537'), 0::bigint, 'the catalogue is the owner''s');

-- one campaign is read by its index
create function pg_temp.plan_of(query text) returns setof text language plpgsql as $$
begin return query execute 'explain ' || query; end $$;
set local enable_seqscan = on;
insert into callresult.call_result (campaign_id, session_id, called, call_time_local, call_status, cause_code, vdn_id, push_id, received_at, arrived_at)
select 'c' || i % 100, i, i % 3000, date_trunc('month', now() at time zone 'UTC') + i * interval '1 min', 5, '00548', 1,
    gen_random_uuid(), now(), now()
from generate_series(1, 30000) i;
analyze callresult.call_result;
select is_empty(format($$ select * from pg_temp.plan_of(%L) p where p ~ 'Seq Scan on call_result_y.*cost=0.00..[0-9]{3}' $$, query),
    'by index: ' || query)
from unnest(array[
    $$select * from callresult.redial_candidates where campaign_id = 'c5'$$,
    $$select * from callresult.invalid_numbers where campaign_id = 'c5'$$,
    $$select * from callresult.calls where campaign_id = 'c5'$$,
    $$select * from callresult.recordings where campaign_id = 'c5'$$,
    $$select * from callresult.campaign_summary where campaign_id = 'c5'$$]) query;

-- recordings
select pg_temp.call('r', '1', '2026-11-02 09:00:00', 6, '0', 1, 'Y:/1/11/x.V3');
select pg_temp.call('r', '2', '2026-11-02 09:00:00', 6, '0', 1,
    'https://s3.example.com/x.wav?X-Amz-Algorithm=AWS4&X-Amz-Date=20261102T090000Z&X-Amz-Expires=3600&X-Amz-Signature=secret');
select pg_temp.call('r', '3', '2026-11-02 09:00:00', 5, '537', 1, 'Y:/failed.V3');
select pg_temp.call('r', '4', '2026-11-02 09:00:00', 6, '0');
select results_eq(
    $$ select called, record_path, expires_at from callresult.recordings where campaign_id = 'r' order by called $$,
    $$ values ('1' collate "C", 'Y:/1/11/x.V3', null::timestamptz), ('2', 'https://s3.example.com/x.wav', '2026-11-02 10:00:00+00') $$,
    'recordings');
select is(callresult.link_expiry(link), expiry::timestamptz, coalesce(link, 'none')) from (values
    ('a?x-goog-date=20260830T200000Z&x-goog-expires=60', '2026-08-30 20:01:00+00'),
    ('a?Expires=1700000000&Signature=x', '2023-11-14 22:13:20+00'),
    ('a?OSSAccessKeyId=x&Expires=1700000000', '2023-11-14 22:13:20+00'),
    ('a?q-sign-algorithm=sha1&q-sign-time=1699996400%3B1700000000&q-key-time=1%3B2', '2023-11-14 22:13:20+00'),
    ('a?q-sign-time=1;1700000000', '2023-11-14 22:13:20+00'),
    ('a?e=1700000000&token=x:y', '2023-11-14 22:13:20+00'),
    ('a?sv=2020&se=2026-08-30T20%3A00%3A00Z&sig=x', '2026-08-30 20:00:00+00'),
    ('a?se=2026-08-30T20:00Z', '2026-08-30 20:00:00+00'),
    ('a?X-Amz-Date=20240229T000000Z&X-Amz-Expires=1', '2024-02-29 00:00:01+00'),
    ('a?X-Amz-Date=20260229T000000Z&X-Amz-Expires=1', null), ('a?X-Amz-Date=20261301T000000Z&X-Amz-Expires=1', null),
    ('a?X-Amz-Date=20260100T000000Z&X-Amz-Expires=1', null), ('a?X-Amz-Date=20260101T250000Z&X-Amz-Expires=1', null),
    ('a?X-Amz-Date=now&X-Amz-Expires=1', null), ('a?X-Amz-Expires=1', null), ('a?X-Amz-Date=20260101T000000Z', null),
    ('a?X-Amz-Date=20260101T000000Z&X-Amz-Expires=9999999999999', null), ('a?X-Amz-Date=20260101T000000Z&X-Amz-Expires=-1', null),
    ('a?Expires=99999999999999999999999', null), ('a?Expires=', null), ('a?Expires=١٢٣', null), ('a?e=1', null), ('a?', null),
    ('?', null), ('', null), ('a?&&&', null), ('a', null), ('Expires=1700000000', null), ('a?%=%3', null), (null, null)) v (link, expiry);

-- the newest calls: of the last pushes, and where those have none left
delete from callresult.call_result where received_at >= now();
select pg_temp.push(md5('n' || n)::uuid, timestamptz '2026-11-21 12:00+00' + n * interval '1 minute', 'n', array['n' || n, 'm' || n], '0')
from generate_series(1, 30) n;
select is((select string_agg(distinct called, ' ' order by called) from callresult.newest(4)), 'm29 m30 n29 n30', 'newest');
select is((select min(received_at) from callresult.newest(3)), '2026-11-21 12:29+00', 'as many as are asked for');
select is((select count(*) from callresult.newest()), 20::bigint, '20 by default');
delete from callresult.call_result where called ~ '^[nm]' and received_at > '2026-11-21 12:02+00';
select is((select string_agg(called, ' ' order by called) from callresult.newest(4)), 'm1 m2 n1 n2', 'those that are left when the newest are erased');
select is((select count(*) from callresult.newest(1000)), (select count(*) from callresult.calls), 'and all there are, with a push or without');
select is((select count(*) from callresult.newest(0)), 0::bigint, 'or none');
select throws_ok(format('select callresult.newest(%s)', most), '22023', 'newest needs to know how many calls to give at most, such as 20',
    'but not ' || most)
from unnest(array['null', '-1']) most;

select * from finish();
rollback;
