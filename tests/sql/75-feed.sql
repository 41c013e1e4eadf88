-- The feed: what comes, in which order, once, for whom, and what does not come any more.
\ir help.psql
select no_plan();

create function pg_temp.take(consumer text, most int default 1000) returns text language plpgsql as $$
declare taken text; last bigint;
begin
    select string_agg(f.called || coalesce('=' || f.cause_code, ''), ' ' order by f.place), max(f.place) into taken, last
    from callresult.feed(consumer, most) f;
    perform callresult.feed_done(consumer, last) where last is not null;
    return taken;
end
$$;
create function pg_temp.store(campaign text, called text[], code text default '0', careful boolean default false) returns text
language sql as $$
    select pg_temp.push(gen_random_uuid(), now(), campaign, called, code, careful => careful)
$$;

select results_eq(
    $$ select attname::text, atttypid from pg_attribute where attrelid = 'callresult.internal_feed_call'::regclass and attnum > 1 order by attnum $$,
    $$ select attname::text, atttypid from pg_attribute where attrelid = 'callresult.calls'::regclass and attnum > 0 order by attnum $$,
    'a call of the feed has the columns of calls');

-- nobody follows
select pg_temp.store('a', '{1,2}'), pg_temp.store('a', '{1}', '537');
select is_empty('select * from callresult.feed_log', 'without a consumer nothing is noted');
select is(pg_temp.keep(), null, 'the house is kept');
select is((select last_place from callresult.feed_state), 0::bigint, 'and nothing is numbered');
select throws_like($$ select callresult.feed('crm') $$, $$the feed has no consumer 'crm'$$, 'who was not added is refused');
select throws_like($$ select callresult.feed_done('crm', 0) $$, $$the feed has no consumer 'crm'$$, 'there, too');
select throws_like($$ select callresult.feed(null) $$, 'the feed has no consumer NULL', 'and who has no name');

-- what comes, and when
select is(callresult.feed_add('crm'), 0::bigint, 'a consumer is added');
select throws_ok($$ select callresult.feed_add('crm') $$, '23505', $$the feed has the consumer 'crm' already$$, 'once');
select throws_ok(format('select callresult.feed_add(%s)', name), '22023', 'a consumer of the feed needs a name of at most 256 characters',
    'with a name, not ' || name)
from unnest(array['null', $$''$$, $$repeat('x', 257)$$]) name;
select throws_ok(format($$ select callresult.feed('crm', %s) $$, most), '22023',
    'feed needs to know how many calls to give at most, such as 1000', 'how many it takes is said, not ' || most)
from unnest(array['null', '-1']) most;
select is_empty($$ select callresult.feed('crm', 0) $$, 'none are no calls');
select is(pg_temp.take('crm'), null, 'what was there before does not come');
select pg_temp.store('a', '{3,4,5}');
select is(pg_temp.take('crm'), null, 'nothing has a place before the house is kept');
select is((select (waiting, unnumbered, behind, age) from callresult.feeds), (0::bigint, 3::bigint, interval '0', null::interval),
    'that is seen');
select is(pg_temp.keep(), null, 'the house is kept');
select is((select (waiting, unnumbered, behind, age) from callresult.feeds), (3::bigint, 0::bigint, null::interval, interval '0'),
    'that, too');
select is((select string_agg(called || '@' || place, ' ') from callresult.feed('crm', 2)), '3@1 4@2', 'at most so many come, in order');
select is((select string_agg(called || '@' || place, ' ') from callresult.feed('crm', 2)), '3@1 4@2', 'and again until they are taken');
select is(callresult.feed_done('crm', 1), 1::bigint, 'one is taken');
select is(pg_temp.take('crm', 1), '4=00000', 'the next comes');
select is(callresult.feed_done('crm', 1), 2::bigint, 'a place does not move back');
select throws_like($$ select callresult.feed_done('crm', 4) $$, 'place 4 has not been given yet', 'nor beyond the end');
select is(pg_temp.take('crm'), '5=00000', 'the last');
select is(pg_temp.take('crm'), null, 'and no more');
select pg_temp.keep();
select is_empty('select * from callresult.feed_log', 'what all have taken is dropped');

-- new content comes again; the same does not
select pg_temp.store('a', '{3}', '537'), pg_temp.keep();
select is(pg_temp.take('crm'), '3=00537', 'other content of another push');
select pg_temp.store('a', '{3}', '537'), pg_temp.store('a', '{4}', '0', true), pg_temp.keep();
select is(pg_temp.take('crm'), null, 'the same again');
select pg_temp.push(gen_random_uuid(), now() - interval '1 day', 'a', '{3}', '538', spooled => true), pg_temp.keep();
select is(pg_temp.take('crm'), null, 'what comes late and does not stand');
update callresult.call_result set custom_field = 'x' where called in ('3', '4');
select pg_temp.keep();
select bag_eq($$ select called, custom_field from callresult.feed('crm') $$, $$ values ('3', 'x'), ('4', 'x') $$, 'a correction by hand');
select pg_temp.take('crm');
update callresult.call_result set custom_field = 'x', arrived_at = now() where called in ('3', '4');
select pg_temp.keep();
select is(pg_temp.take('crm'), null, 'one that changes nothing');

-- one content, one place
select pg_temp.store('a', '{6,7,8}'), pg_temp.keep();
select pg_temp.store('a', '{6}', '537');
select is(pg_temp.take('crm', 1), '7=00000', 'what has changed since waits for its new place');
update callresult.call_result set custom_field = 'y' where called = '8';
select is(pg_temp.take('crm'), null, 'what was corrected since, too');
select pg_temp.keep();
update callresult.call_result set custom_field = 'z' where called = '8';
select pg_temp.keep();
select is((select array_agg(called || coalesce(custom_field, '') order by called) from callresult.feed('crm')), '{6,8z}', 'and comes there, once');
select pg_temp.take('crm');
select pg_temp.call('a', '9', '2026-11-20 10:00:00', 5, '537'), pg_temp.keep();
select is(pg_temp.take('crm'), '9=00537', 'a row put in by hand comes');
insert into callresult.call_result (campaign_id, session_id, call_status, push_id, received_at)
select 'many', i, 5, gen_random_uuid(), now() from generate_series(1, 3500) i;
select pg_temp.keep();
select is((select count(*) from callresult.feed('crm', 2700)), 2700::bigint, 'many, without time and number');
select callresult.feed_done('crm', (select max(place) from callresult.feed('crm', 2700)));
select is((select count(distinct session_id) from callresult.feed('crm', 2700)), 800::bigint, 'the others of them');
select callresult.feed_done('crm', (select max(place) from callresult.feed('crm', 2700)));

-- identities with parts missing are told from each other
insert into callresult.call_result (campaign_id, session_id, called, call_id, call_time_local, vdn_id, call_status, push_id, received_at)
select 'n', s, n, i, t::timestamp, v, 6, 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6', now()
from unnest(array['s', null]) s, unnest(array['n', null]) n, unnest(array['i', null]) i, unnest(array['2026-11-20', null]) t,
    unnest(array[1, null]) v;
select pg_temp.keep();
select bag_eq($$ select session_id, called, call_id, call_time_local, vdn_id from callresult.feed('crm') $$,
    $$ select session_id, called, call_id, call_time_local, vdn_id from callresult.calls where campaign_id = 'n' $$, 'each of 32 once');
select pg_temp.take('crm');

-- what campaign, time, number and push tell apart is noted with these alone; what is corrected in it comes where it was corrected
select pg_temp.push(gen_random_uuid(), now(), 'p', '{1,2,3,4}', '0', plain => true);
select is((select count(*) from callresult.feed_log where session_id is null), 1::bigint, 'a plain call');
insert into callresult.call_result (campaign_id, session_id, called, call_id, call_time_local, call_status, push_id, received_at)
values ('p', 'another', '1', 'id', '2026-11-20 10:00:00', 5, gen_random_uuid(), now());
update callresult.call_result set session_id = 'corrected' where campaign_id = 'p' and called = '2';
update callresult.call_result set called = '4', session_id = 'corrected' where campaign_id = 'p' and called = '3';
select pg_temp.keep();
select is((select array_agg(called || coalesce(session_id, '') order by place) from callresult.feed('crm')), '{1,4,1another,2corrected,4corrected}',
    'is found beside others of the same number and time');
select is(pg_temp.take('crm', 2), '1=00000 4=00000', 'and so are the first two');
select is(pg_temp.take('crm'), '1 2=00000 4=00000', 'and the others');

-- moving to its month is no news
select pg_temp.push(gen_random_uuid(), now(), 'm', '{10}', '0', date_trunc('month', now() at time zone 'UTC') - interval '90 days');
select is((select tableoid::regclass::text from callresult.call_result where campaign_id = 'm'), 'callresult.call_result_default', 'it waits for its month');
select is(pg_temp.keep(), null, 'which is made');
select isnt((select tableoid::regclass::text from callresult.call_result where campaign_id = 'm'), 'callresult.call_result_default', 'it has moved');
select is(pg_temp.take('crm'), '10=00000', 'it comes');
select pg_temp.keep();
select is(pg_temp.take('crm'), null, 'once');
update callresult.call_result set cause_code = '00537' where campaign_id = 'm';
select pg_temp.keep();
select is(pg_temp.take('crm'), '10=00537', 'what is corrected in the new month comes');

-- what is gone does not come, and nothing of it stays
select pg_temp.store('g', '{11,12}'), pg_temp.store('g', '{11}', '537');
select callresult.erase_number('11');
select pg_temp.keep();
select is_empty($$ select from callresult.feed_log where '11' = any (called) $$, 'the log has an erased number no more');
select is(pg_temp.take('crm'), '12=00000', 'it does not come');
select pg_temp.store('g', '{13800138000,+8613800138000}');
select callresult.erase_number('13800138000');
select is((select array_agg(n) from callresult.feed_log, unnest(called) n where n ~ '1380013'), '{+8613800138000}', 'of two forms one');
select callresult.erase_number('13800138000', every_form => true);
select is_empty($$ select from callresult.feed_log, unnest(called) n where n ~ '1380013' $$, 'or both');
select pg_temp.store('g', '{13}'), pg_temp.keep();
select callresult.erase_number('13');
select cmp_ok((select waiting from callresult.feeds), '>', 0::bigint, 'nothing but what is gone');
select is(pg_temp.take('crm'), null, 'is passed over');
select is((select waiting from callresult.feeds), 0::bigint, 'and waits no more');

select callresult.feed_done('crm', (select last_place from callresult.feed_state));
update callresult.call_result set call_time_local = '2020-01-01' where called = '12';
select pg_temp.keep(), callresult.feed_done('crm', (select last_place from callresult.feed_state));
select callresult.feed_done('crm', (select last_place from callresult.feed_state));
select cmp_ok((select sum(rows) from callresult.anonymise(now() - timestamptz '2021-01-01')), '>', 0::numeric, 'people are forgotten');
select pg_temp.keep();
select is(pg_temp.take('crm'), null, 'which is no news');
select pg_temp.call('g', '14', '2020-01-01', 5, '537'), pg_temp.store('g', '{15}');
select callresult.anonymise(now() - timestamptz '2021-01-01'), pg_temp.keep();
select is_empty($$ select from callresult.feed_log where '14' = any (called) $$, 'who is forgotten is in the log no more');
select alike(pg_temp.take('crm'), 'anon:%=00537 15=00000', 'a call that was not taken yet comes without the person');

-- where a number of a call goes, the others come
select pg_temp.push(gen_random_uuid(), now(), 'g', '{16,17}', '0', plain => true);
select callresult.erase_number('16');
select pg_temp.keep();
select is(pg_temp.take('crm'), '17=00000', 'of a plain call, too');

-- what is forgotten is what was forgotten of the results: by when they were received, and in each month
select pg_temp.push(gen_random_uuid(), '2020-01-05', 'g', '{18}', '0', null), pg_temp.push(gen_random_uuid(), now(), 'g', '{19}', '0', null),
    pg_temp.push(gen_random_uuid(), now(), 'g', '{24,25}', '0', '2020-01-02', plain => true);
select callresult.add_month('call_result', '2020-02-01');
alter table callresult.call_result_y2020m02 add constraint nothing_goes check (called not like 'anon:%');
select pg_temp.push(gen_random_uuid(), now(), 'g', '{26,27}', '0', '2020-02-01', step => '5 days', plain => true);
select results_eq($$ select anonymised, rows, problem from callresult.anonymise(now() - timestamptz '2021-01-01') where anonymised ~ 'default|m02|feed' $$,
    $$ values ('call_result_default', 1::bigint, null), ('call_result_y2020m02', 0, 'a row is refused nothing_goes'), ('feed_log', 2, null) $$,
    'a month refuses');
select pg_temp.keep();
select alike(pg_temp.take('crm'), 'anon:%=00000 19=00000 anon:%=00000 anon:%=00000 26=00000 27=00000', 'all come, each as it stands');

-- several consumers, and none again
select is(callresult.feed_add('late'), (select place from callresult.feeds where consumer = 'crm'), 'another begins at the end');
select pg_temp.store('c', '{20,21}'), pg_temp.keep();
select is(callresult.feed_add('third', (select place from callresult.feeds where consumer = 'late') + 1),
    (select place + 1 from callresult.feeds where consumer = 'late'), 'or behind a place that is there');
select throws_like($$ select callresult.feed_add('fourth', 1) $$, 'place 1 is not in the feed, which goes from % to %', 'no other place');
select is(pg_temp.take('crm'), '20=00000 21=00000', 'each takes for itself');
select is(pg_temp.take('third'), '21=00000', 'each from its place');
select pg_temp.keep();
select is(pg_temp.take('late'), '20=00000 21=00000', 'and nothing is dropped before');
select is(callresult.feed_drop('third'), true, 'a consumer goes');
select is(callresult.feed_drop('third'), false, 'once');
select callresult.feed_drop('late'), pg_temp.store('c', '{22}'), callresult.feed_drop('crm'), pg_temp.store('c', '{23}'), pg_temp.keep();
select is_empty('select * from callresult.feed_log', 'when nobody follows any more the log is empty');
select is(callresult.feed_add('again'), (select last_place from callresult.feed_state), 'and places go on');
select cmp_ok((select last_place from callresult.feed_state), '>', 3500::bigint, 'beyond those given');

select * from finish();
rollback;
