-- For those who use the results: people, abandoned calls, silence, masked calls, finding a number, names and languages.
\ir help.psql
select no_plan();
set local timezone = 'Asia/Shanghai';

create function pg_temp.result(campaign text, session text, called text, at timestamp, status int, code text)
returns void language sql
begin atomic
    insert into callresult.call_result (campaign_id, session_id, called, call_time_local, call_time, call_status, fail_code,
        cause_code, push_id, received_at, arrived_at, custom_field)
    values (campaign, session, called, at, at at time zone 'Asia/Shanghai', status, code, code, gen_random_uuid(), now(), now(),
        called);
end;

-- one person with two numbers, of whom the second was answered; one with one number and no answer
select pg_temp.result('a', 'person 1', '111', '2026-11-02 09:00', 5, '00537');
select pg_temp.result('a', 'person 1', '222', '2026-11-02 10:00', 6, '00000');
select pg_temp.result('a', 'person 2', '333', '2026-11-02 09:00', 5, '00603');
select pg_temp.result('a', 'person 2', '333', '2026-11-02 11:00', 5, '00548');
select pg_temp.result('b', 'person 1', '111', '2026-11-02 09:00', 5, '00603');
select results_eq(
    $$ select concat_ws(', ', campaign_id, session_id, numbers, attempts, reached, last_call, code, cause) collate "default"
       from callresult.contacts order by 1 $$,
    $$ values ('a, person 1, {111,222}, 2, t, 2026-11-02 10:00:00, 00000, Answered'),
              ('a, person 2, {333}, 2, f, 2026-11-02 11:00:00, 00548, Handset powered off'),
              ('b, person 1, {111}, 1, f, 2026-11-02 09:00:00, 00603, No answer, call released') $$, 'contacts');
select results_eq(
    $$ select campaign_id collate "default", called collate "default", reached_elsewhere from callresult.redial_candidates order by 1, 2 $$,
    $$ values ('a', '111', true), ('a', '333', false), ('b', '111', false) $$,
    'a person who was reached by another number of the campaign need not be called again');

-- abandoned: three answered and abandoned, one before the thirty days; eight taken
select pg_temp.result('q', 's' || i, '5' || i, localtimestamp - i * interval '1 hour', 6, '00000') from generate_series(1, 8) i;
select pg_temp.result('q', 't' || i, '6' || i, localtimestamp - i * interval '1 hour', 6 - i % 2, '0070' || 1 + i % 2)
from generate_series(1, 3) i;
select pg_temp.result('q', 'u', '7', localtimestamp - interval '31 days', 5, '00701');
select results_eq(
    $$ select answered, abandoned, abandon_rate from callresult.abandon_30_days where campaign_id = 'q' $$,
    $$ values (9::bigint, 3::bigint, 0.2500) $$, 'abandon_30_days');
select pg_temp.result('ahead', 'v' || i, '13700137000', localtimestamp + i * interval '1 year', 6, '00701') from generate_series(1, 2) i;
select is((select count(*) from callresult.abandon_30_days where campaign_id = 'ahead'), 0::bigint, 'not of years ahead');
select is((select count(*) from callresult.called_often(30, 1) where called = '13700137000'), 0::bigint, 'nor has called_often such calls');
select pg_temp.result('ahead', 'w' || i, '13700137001', localtimestamp + i * interval '10 hours', 6, '00701') from generate_series(1, 2) i;
select is((select abandoned from callresult.abandon_30_days where campaign_id = 'ahead'), 2::bigint, 'but of a clock that is ahead');
select is((select calls from callresult.called_often(30, 1) where called = '13700137001'), 2::bigint, 'and so has called_often');
select results_eq(
    $$ select abandoned, abandon_rate from callresult.campaign_summary where campaign_id = 'q' $$,
    $$ values (4::bigint, round(4 / 13.0, 4)) $$, 'campaign_summary: abandoned');
select is((select sum(abandoned) from callresult.campaign_daily where campaign_id = 'q'), 4::numeric, 'campaign_daily: abandoned');
select is((select sum(abandoned) from callresult.campaign_hourly where campaign_id = 'q'), 4::numeric, 'campaign_hourly: abandoned');
select is((select count(*) from callresult.campaign_daily d
    where abandoned <> (select count(*) from callresult.call_result r where r.campaign_id = d.campaign_id
        and r.call_time_local::date = d.day and r.cause_code in ('00701', '00702'))), 0::bigint, 'day by day');

-- silence: "loud" has its calls, "quiet" none, "night" had none in the weeks before either, "small" had few
select pg_temp.result(c, c || w || i, i::text, date_trunc('hour', localtimestamp) - interval '30 min' - w * interval '7 days', 5, '00603')
from (values ('loud', 0), ('quiet', 1), ('small', 1)) v (c, first), generate_series(first, 4) w,
     generate_series(1, case c when 'small' then 2 else 20 end) i;
select pg_temp.result('night', 'n' || i, i::text, localtimestamp - i * interval '5 hours', 5, '00603') from generate_series(2, 30) i;
select results_eq($$ select campaign_id collate "default", calls, usual from callresult.quiet_campaigns $$, $$ values ('quiet', 0::bigint, 20.0) $$,
    'quiet_campaigns');

-- a number in every form it is written in
select pg_temp.result('f', 'f' || n, form, '2026-11-03 09:00', 5, '00603')
from unnest(array['13800138000', '+86 138 0013 8000', '8613800138000', '0086-138-0013-8000', '013800138000', '913800138000',
                  '9013800138000', '9008613800138000', '13800138001', '23800138000', '138000',
                  '60584', '960584', '0 60584', '8660584', '3661234', '93661234'])
     with ordinality as f (form, n);
select is((select count(*) from callresult.calls_to(form)), 8::bigint, 'calls_to ' || form)
from unnest(array['13800138000', '+8613800138000', '(0086) 138 0013 8000', '913800138000']) form;
select is((select count(*) from callresult.calls_to('13800138001')), 1::bigint, 'a neighbour is another number');
select is((select count(*) from callresult.calls_to(form)), 3::bigint, 'calls_to ' || form)
from unnest(array['60584', '960584', '060584']) form;
select is((select count(*) from callresult.calls_to(form)), 2::bigint, 'calls_to ' || form)
from unnest(array['3661234', '93661234']) form;
select is((select count(*) from callresult.calls_to('+354 3661234')), 2::bigint, 'a number of seven digits has a country code');
select is((select count(*) from callresult.calls_to('8660584')), 1::bigint, 'no country code before a short number');
select is((select count(*) from callresult.calls_to('')), 0::bigint, 'no number is no call');
select is((select campaign_id from callresult.calls_to('111') limit 1), null, 'too short to be told apart');
select results_eq(
    $$ select calls, campaigns from callresult.called_often(3650, 0) where callresult.number_tail(called) = '00138000' $$,
    $$ values (8::bigint, 1::bigint), (1, 1) $$, 'called_often counts every form, and not another number that ends as it does');
select is((select count(*) from callresult.called_often(3650, 8) where callresult.number_tail(called) = '00138000'), 0::bigint,
    'nor those that both have together');
select is((select count(*) from callresult.called_often(2147483647, 8)), (select count(*) from callresult.called_often(3650, 8)),
    'days before all time are all days');
select throws_ok(format('select callresult.called_often(%s)', given), '22023', null, 'but not those of ' || given)
from unnest(array['null, 8', '7, null', '-1, 8', '7, -1']) given;
select is(callresult.same_number(one, other), true, one || ' is ' || other)
from (values ('8613800138000', '913800138000'), ('9 86 138 0013 8000', '013800138000'), ('+86013800138000', '13800138000'),
    ('8613800138000', '+86 138 0013 8000'), ('861012345678', '1012345678'), ('861012345678', '01012345678'),
    ('+8601012345678', '901012345678'), ('+44 20 7946 0000', '02079460000'), ('442079460000', '02079460000'),
    ('+12125551234', '2125551234'), ('+12125551234', '12125551234'), ('+79161234567', '9161234567'),
    ('+79161234567', '79161234567'), ('+354 3661234', '3661234'), ('00354 3661234', '93661234'),
    ('9003543661234', '03661234'), ('60584', '960584'), ('+91 98765 43210', '9876543210'), ('0060584', '0060584')) v (one, other);
select is(callresult.same_number(one, other), false, one || ' is not ' || other)
from (values ('13903661234', '3661234'), ('15003661234', '3661234'), ('913903661234', '3661234'), ('+8613903661234', '3661234'),
    ('13860584123', '60584123'), ('13860584123', '060584123'), ('1062345678', '62345678'), ('02162345678', '2345678'),
    ('+86 10 62345678', '62345678'), ('+1 650 3661234', '3661234'), ('3543661234', '3661234'), ('8660584', '60584'),
    ('+86 60584', '+354 60584'), ('18162345678', '08162345678'), ('918162345678', '08162345678'), ('+8618162345678', '08162345678'),
    ('8618162345678', '8162345678'), ('75523456789', '05523456789'), ('075523456789', '05523456789'),
    ('+919876543210', '19876543210'), ('+1 816 234 5678', '18162345678'), ('001 816 234 5678', '918162345678'),
    ('12125551234', '2125551234'), ('75523456789', '5523456789'),
    ('03543661234', '+354 3661234'), ('+8613800138000', '+113800138000'), ('111', '111'), ('', '')) v (one, other);
-- the numbers above and others, behind everything that may stand before a number
create temp table form as
select distinct before || number as form
from unnest(array['', '9', '0', '90', '00', '900', '86', '986', '+86', '0086', '90086', '9+86', '+86 0', '860', '+', '+ 9', '1', '+1', '+1390',
        '1390', '139', '138', '7', '91', '+91', '354', '+354', '+354 0', '00354']) before,
    unnest(array['13800138000', '1012345678', '75523456789', '8162345678', '3661234', '60584123', '960584', '60584', '0584']) number;
create temp table pair as
select a.form as one, b.form as other, callresult.same_number(a.form, b.form) as same
from form a join form b on right(callresult.number_tail(a.form), 4) = right(callresult.number_tail(b.form), 4);
select cmp_ok((select count(distinct one) from pair where same and one <> other), '>', 200::bigint, 'forms of numbers, and');
select is_empty($$ select one, other from pair a where same and not exists (select from pair b
    where b.one = a.other and b.other = a.one and b.same) $$, 'what one form is, is the other');
select is_empty($$ select one from pair where one = other and not same and length(callresult.number_tail(one)) >= 5 $$, 'each is itself');
select is_empty($$ select one, other from pair
    where same and callresult.number_tail(other) <> all (callresult.number_tails(one)) $$, 'the tails of one lead to the other');
set local role callresult_reader;
select lives_ok(format('select * from callresult.%s', call), 'the reader calls ' || call)
from unnest(array['called_often(3650, 8)', 'calls_to(''13800138000'')', 'newest(1)', 'local_today()']) call;
reset role;

-- masked
select is((select array_agg(distinct called order by called) from callresult.calls_masked where campaign_id = 'f' and called like '138%'),
    '{138******00,138******01}'::text[], 'calls_masked: a long number');
select is((select distinct called from callresult.calls_masked where campaign_id = 'b'), '***', 'a short one');
select pg_temp.result('w', 'w', '１３８００', '2026-11-03 09:00', 5, '00603');
select is((select called from callresult.calls_masked where campaign_id = 'w'), '*****', 'a short one of wide digits');
select hasnt_column('callresult', 'calls_masked', c, 'calls_masked has no ' || c)
from unnest(array['session_id', 'call_id', 'custom_field', 'record_path', 'extra', 'push_id']) c;

-- names and languages
insert into callresult.campaign (campaign_id, name) values ('a', 'Autumn offers');
select is((select distinct campaign from callresult.calls where campaign_id = 'a'), 'Autumn offers', 'calls: the name');
select is((select campaign from callresult.campaign_summary where campaign_id = 'a'), 'Autumn offers', 'campaign_summary');
select is((select count(*) from callresult.campaign_daily where campaign_id = 'b' and campaign is null), 1::bigint, 'none is none');
select is((select count(*) from callresult.failure_code c where not exists (select from callresult.failure_text t
    where t.code = c.code and t.lang = 'zh')), 0::bigint, 'every code has a Chinese text');
set local callresult.lang = 'zh';
select is((select cause from callresult.contacts where session_id = 'person 2'), '被叫关机', 'the session''s language: contacts');
select is((select cause from callresult.calls where called = '222'), '已接通', 'calls');
select is((select cause from callresult.failure_breakdown where campaign_id = 'b'), '无人接听', 'failure_breakdown');
select is((select cause from callresult.redial_candidates where called = '333'), '被叫关机', 'redial_candidates');
set local callresult.lang = 'fr';
select is((select cause from callresult.calls where called = '222'), 'Answered', 'a language that there is not: English');

-- a function would be called for each call
create function pg_temp.plan(query text) returns setof text language plpgsql as $$
begin
    return query execute 'explain (verbose) ' || query;
end
$$;
select ok(not exists (select from pg_temp.plan(format('select cause from callresult.%I', name)) line where line ~ 'SubPlan|cause_text\('),
    name || ' joins the causes')
from unnest(array['calls', 'contacts', 'platform_faults', 'redial_candidates', 'invalid_numbers', 'failure_breakdown']) name;

select * from finish();
rollback;
