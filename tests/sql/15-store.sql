-- store() has a short way for what was never seen and a careful one; they store the same, and either finds the other's.
\ir help.psql
select no_plan();

create function pg_temp.evidence(push uuid) returns text language sql as $$
    select format('%s %s: %s = %s + %s + %s', p.source, p.remote_addr, p.records, p.inserted, p.updated, p.duplicates)
    from callresult.push p where p.id = push
$$;
create function pg_temp.stands(number text) returns text language sql as $$
    select concat_ws(' ', cause_code, revision) from callresult.call_result where called = number
$$;

\set one '00000000-0000-0000-0000-000000000001'
\set two '00000000-0000-0000-0000-000000000002'
\set three '00000000-0000-0000-0000-000000000003'
\set four '00000000-0000-0000-0000-000000000004'
\set five '00000000-0000-0000-0000-000000000005'

select is(pg_temp.push(:'one', '2026-11-20 12:00+00', 'a', '{1,2,3}', '00537'), '3 new, 0 changed, 0 again', 'what is new');
select is(pg_temp.evidence(:'one'), 'main 192.0.2.1: 3 = 3 + 0 + 0', 'the push of it');
select is((select count(*) from callresult.tally_journal where calls = '{1,1,1}'), 1::bigint, 'store() itself counts it');
select is(pg_temp.push(:'two', '2026-11-20 12:01+00', 'a', '{2,3,4}', '00537'), '1 new, 0 changed, 2 again',
    'what is there, met on the short way');
select is(pg_temp.evidence(:'two'), 'main 192.0.2.1: 3 = 1 + 0 + 2', 'and counted once');
select is(pg_temp.push(:'three', '2026-11-20 12:02+00', 'a', '{3,5}', '00603', careful => true), '1 new, 1 changed, 0 again',
    'other content, met on the careful way');
select is(pg_temp.push(:'four', '2026-11-20 12:03+00', 'a', '{6}', '00537', careful => true), '1 new, 0 changed, 0 again',
    'what is new, on the careful way');
select is(pg_temp.push(:'four', '2026-11-20 12:03+00', 'a', '{6}', '00537', careful => c),
    '0 new, 0 changed, 0 again, known', 'a push that was stored before counts nothing') from unnest('{f,t}'::boolean[]) c;
select is(pg_temp.push(:'two', '2026-11-20 12:01+00', 'a', '{2,3,4}', '00537', spooled => true, careful => c), '1 new, 0 changed, 2 again',
    'out of a spool it tells what its COMMIT without an answer did') from unnest('{f,t}'::boolean[]) c;
select is(pg_temp.evidence(:'two'), 'main 192.0.2.1: 3 = 1 + 0 + 2', 'and changes nothing');
select is(pg_temp.push(:'three', '2026-11-20 12:02+00', 'a', '{3,5}', '0'), '0 new, 0 changed, 0 again, known', 'nor changes it anything');
select is(pg_temp.push(:'five', '2026-11-20 12:04+00', 'a', '{}', null, raw => '{x,x,y}'), '0 new, 0 changed, 0 again', 'no record at all');
select is(pg_temp.push(:'five', '2026-11-20 12:04+00', 'a', '{}', null, raw => '{x,x,y}'), '0 new, 0 changed, 0 again, known', 'and once more');
select results_eq($$ select convert_from(raw, 'UTF8'), seen, bytes from callresult.quarantine order by 1 $$,
    $$ values ('x' collate "C", 2::bigint, 1), ('y', 1, 1) $$, 'refused texts are counted once');
select is(pg_temp.push(gen_random_uuid(), '2026-11-20 12:05+00', 'a', '{7}', null, address => 'unix:'), '1 new, 0 changed, 0 again',
    'an address that is none');

select results_eq(
    $$ select called, cause_code, revision from callresult.call_result order by called $$,
    $$ values ('1' collate "C", '00537' collate "C", 0), ('2', '00537', 0), ('3', '00603', 1), ('4', '00537', 0), ('5', '00603', 0),
              ('6', '00537', 0), ('7', null, 0) $$,
    'each result once, with the content received last');
select results_eq(
    $$ select called, cause_code from callresult.call_result_revision $$, $$ values ('3' collate "C", '00537' collate "C") $$,
    'the content before it is kept');
select is_empty($$ select * from callresult.check_tally() $$, 'and the tally is right');

-- two pushes of two hours in one call
create function pg_temp.two_hours(careful boolean) returns text language sql as $$
    select format('%s %s %s %s', pushes, inserted, duplicates, quarantined)
    from callresult.store(
        p_id => array[gen_random_uuid(), gen_random_uuid()], p_received_at => '{2026-11-20 12:59:59.9995+00,2026-11-20 13:00+00}',
        p_arrived => '{2026-11-20 12:59+00,2026-11-20 13:00+00}', p_remote_addr => '{NULL,NULL}', p_source => '{NULL,NULL}',
        p_bytes => '{1,1}', p_sha256 => '{NULL,NULL}', p_records => '{3,2}', p_rows => '{1,2}', p_quarantined => '{1,0}',
        p_spooled => '{f,f}', p_late => '{f,f}', r_push => '{2,1,2}', r_campaign_id => '{h,h,h}', r_session_id => array['1', '2', careful::text],
        r_called => '{NULL,NULL,NULL}', r_call_time_local => '{2026-11-20 10:00,NULL,2026-12-20 10:00}', r_call_status => '{5,6,7}',
        r_fail_code => '{NULL,NULL,NULL}', r_cause_code => '{NULL,NULL,NULL}', r_vdn_id => '{NULL,NULL,1}',
        r_call_id => '{NULL,NULL,NULL}', r_custom_field => '{NULL,NULL,NULL}', r_record_path => '{NULL,NULL,NULL}',
        r_extra => '{NULL,NULL,NULL}', call_timezone => 'Asia/Shanghai', careful => careful, q_push => '{1}', q_reason => '{bad}',
        q_raw => '{z}')
$$;
select is(pg_temp.two_hours(false), '2 3 1 1', 'pushes of two hours');
select is(pg_temp.two_hours(true), '2 1 3 1', 'and again');
select is((select seen from callresult.quarantine where raw = 'z'), 2::bigint, 'their refused text');
select is_empty($$ select * from callresult.check_tally() $$, 'the tally is right');
select callresult.fold_tally();
select is_empty($$ select * from callresult.check_tally() $$, 'and when it is folded');

-- many at once: their zone is looked up once where it does not change in between
select is(pg_temp.push(gen_random_uuid(), '2026-11-20 12:00+00', 'z' || z.zone || z.at, array(select i::text from generate_series(1, 150) i),
    '537', z.at, step => z.step, zone => z.zone), '150 new, 0 changed, 0 again', format('%s from %s on', z.zone, z.at))
from (values ('Europe/Berlin', timestamp '2026-10-25 00:30', interval '2 min'), ('Europe/Berlin', '2026-10-25 01:30', '2 min'),
             ('Europe/Berlin', '2026-03-29 00:30', '2 min'), ('Europe/Berlin', '2026-03-01', '1 day'), ('Europe/Berlin', '2026-11-01', '1 min'),
             ('Asia/Shanghai', '2026-11-01', '1 min'), ('America/St_Johns', '2026-11-01 00:30', '1 min'),
             ('Antarctica/Troll', '2026-03-29', '1 min'), ('Australia/Lord_Howe', '2026-04-05', '2 min')) z (zone, at, step);
select is_empty($$ select campaign_id, call_time_local, call_time from callresult.call_result
    where campaign_id ~ '^z' and call_time is distinct from
        call_time_local at time zone substring(campaign_id collate "default" from '^z([A-Za-z/_]+)') $$, 'each by its own offset');
select is_empty($$ select * from callresult.check_tally() $$, 'and the lag is right');

-- what the worker calls is the same whatever operators the caller has
create schema evil;
create function evil.wrong(timestamptz, timestamptz) returns boolean language sql return false;
create function evil.minus(integer, integer) returns integer language sql return 4711;
create function evil.count() returns bigint language sql return 4711;
create function evil.unnest(integer[]) returns setof integer language sql begin atomic select 4711; end;
create operator evil.= (leftarg = timestamptz, rightarg = timestamptz, function = evil.wrong);
create operator evil.- (leftarg = integer, rightarg = integer, function = evil.minus);
select set_config('search_path', 'evil, pg_temp, public, pg_catalog', true);
select public.is(pg_temp.push(pg_catalog.gen_random_uuid(), '2026-11-20 14:00+00', 'e', '{1,2}', '00537', careful => c),
    case when c then '0 new, 0 changed, 2 again' else '2 new, 0 changed, 0 again' end, 'under a hostile search_path')
from pg_catalog.unnest('{f,t}'::pg_catalog.bool[]) c;
set local search_path = public, pg_catalog;
select is((select count(*) from callresult.tally_journal where calls = '{1,1}' and campaign_id[1] = 'e'), 1::bigint, 'the short way was not left');
select is_empty($$ select * from callresult.check_tally() $$, 'nor anything miscounted');

-- how late each push was
create function pg_temp.sent_after(calls text[], delay interval, careful boolean) returns void language sql as $$
    select pg_temp.push(gen_random_uuid(), timestamptz '2026-03-20 02:00:00+00' + delay, 'late', calls, '0', '2026-03-20 10:00:00',
        careful => careful, last_call => '2026-03-20 10:00:00')
$$;
select pg_temp.sent_after(array[i.called, careful::text], i.delay, careful)
from (values ('1', interval '10 min'), ('2', '10 min 0.01 s'), ('3', '20 min 1.5 s'), ('4', '-1 h')) i (called, delay),
     unnest('{f,t}'::boolean[]) careful;
select pg_temp.sent_after((select array_agg('many' || i) from generate_series(1, 150) i), '15 min', false);
select pg_temp.push(gen_random_uuid(), '2026-03-20 02:00+00', 'late', '{none}', '0', null);
select results_eq($$ select hour, pushes, late, late_by from callresult.delivery_health where hour < '2026-03-21' order by hour $$,
    $$ values (timestamptz '2026-03-20 01:00+00', 2::bigint, 0::bigint, null), ('2026-03-20 02:00+00', 8, 5, 1201.5) $$,
    'pushes more than ten minutes after the last call in them are late');

-- order: a live push is newer than whatever stands; what waited in a spool is placed by its arrival
create function pg_temp.sent(number text, code text, arrived interval, spooled boolean default false, ahead interval default '0')
returns text language sql as $$
    select pg_temp.push(gen_random_uuid(), now() + arrived, 'o', array[number], code, spooled => spooled, ahead => ahead)
$$;
select is(pg_temp.sent('ahead', '00537', '1 hour', ahead => '0'), '1 new, 0 changed, 0 again', 'a clock an hour ahead');
select is(pg_temp.sent('ahead', '0', '1 second'), '0 new, 1 changed, 0 again', 'a clock set right');
select is(pg_temp.stands('ahead'), '00000 1', 'what came last stands');
select is(pg_temp.sent('behind', '00537', '-1 min'), '1 new, 0 changed, 0 again', 'a clock that is right');
select is(pg_temp.sent('behind', '0', '-10 min'), '0 new, 1 changed, 0 again', 'another receiver''s, ten minutes behind');
select is(pg_temp.sent('behind', '00538', '-5 min', true, '-10 min'), '0 new, 1 changed, 0 again', 'its spool, by its clock as it is known');
select is(pg_temp.sent('late', '0', '-2 min'), '1 new, 0 changed, 0 again', 'live');
select is(pg_temp.sent('late', '00537', '-3 min', true), '0 new, 0 changed, 1 again', 'older content out of a spool');
select is(pg_temp.stands('late'), '00000 1', 'is laid aside');
select is(pg_temp.sent('late', '00537', '-4 min', true), '0 new, 0 changed, 1 again', 'once more');
select is(pg_temp.stands('late'), '00000 1', 'changes nothing');
select is(pg_temp.sent('late', '00538', '-1 min', true), '0 new, 1 changed, 0 again', 'newer content out of a spool');
select is(pg_temp.sent('late', '00548', '1 day', true), '0 new, 1 changed, 0 again', 'a time in the future');
select is(pg_temp.sent('late', '00549', '-1 s', true), '0 new, 0 changed, 1 again', 'is now and no later');
select is(pg_temp.sent('late', '00551', '-1 day'), '0 new, 1 changed, 0 again', 'and live wins all the same');
select is((select max(arrived_at) from callresult.call_result), now(), 'nothing has arrived in the future');
select is(pg_temp.sent('x y x', '00537', '-9 min'), '1 new, 0 changed, 0 again', 'X');
select is(pg_temp.sent('x y x', '00537', '-7 min'), '0 new, 0 changed, 1 again', 'X once more');
select is(pg_temp.sent('x y x', '00538', '-8 min', true), '0 new, 0 changed, 1 again', 'Y, which came between');
select is(pg_temp.stands('x y x'), '00537 1', 'X stands');
select is_empty($$ select * from callresult.check_tally() $$, 'the tally is right');

-- a trigger of the owner may drop or change a record after the worker has counted it
create function public.correct() returns trigger language plpgsql as $$
begin
    new.cause_code := '00000';
    return case when new.called <> 'dropped' then new end;
end
$$;
create trigger correct before insert on callresult.call_result for each row execute function public.correct();
select is(pg_temp.push(gen_random_uuid(), now(), 't' || careful, '{kept,dropped}', '00537', careful => careful),
    '1 new, 0 changed, 1 again', 'a dropped record is not counted as new') from unnest('{f,t}'::boolean[]) careful;
select is_empty($$ select * from callresult.check_tally() $$, 'what is stored is counted');
drop trigger correct on callresult.call_result;
create function pg_temp.on_each_month(statement text) returns void language plpgsql as $$
begin
    execute (select string_agg(format(statement, inhrelid::regclass), ';') from pg_inherits
             where inhparent = 'callresult.call_result'::regclass);
end
$$;
select pg_temp.on_each_month('create trigger correct before insert on %s for each row execute function public.correct()');
select is(pg_temp.push(gen_random_uuid(), now(), 'month', '{kept,dropped}', '00000', careful => false),
    '1 new, 0 changed, 1 again', 'nor one that a trigger of a month alone has dropped');
select is_empty($$ select * from callresult.check_tally() $$, 'what is stored is counted then, too');
select pg_temp.on_each_month('drop trigger correct on %s');

-- what is refused is not quoted
create table pg_temp.said (state text, message text, detail text, rule text, relation text);
create function pg_temp.refused(number text, careful boolean) returns void language plpgsql as $$
declare s pg_temp.said;
begin
    perform pg_temp.push(gen_random_uuid(), now(), 'r', array[number], '00537', careful => careful);
exception when others then
    get stacked diagnostics s.state = returned_sqlstate, s.message = message_text, s.detail = pg_exception_detail,
        s.rule = constraint_name, s.relation = table_name;
    insert into pg_temp.said values (s.*);
end
$$;
alter table callresult.call_result add constraint picky check (called not like 'refused%');
create function public.refuse() returns trigger language plpgsql as
    $$ begin raise check_violation using message = 'no ' || new.called; end $$;
create trigger refuse before insert on callresult.call_result for each row when (new.called like 'trigger%')
    execute function public.refuse();
select ok(callresult.add_month('call_result', '2026-11-01'), 'the month is there');
create unique index own_rule on callresult.call_result_y2026m11 (called) where called like 'unique%';
select pg_temp.call('r', 'unique', '2026-11-02 09:00:00', 5, '1');
select pg_temp.refused(number, careful) from unnest('{refused,unique,trigger}'::text[]) number, unnest('{f,t}'::boolean[]) careful;
select results_eq($$ select state, message, detail, rule, count(*) from pg_temp.said group by 1, 2, 3, 4 order by 1, 2 $$,
    $$ values ('23505', 'a record is refused by own_rule', '', 'own_rule', 2::bigint),
              ('23514', 'a record is refused', '', '', 2::bigint),
              ('23514', 'a record is refused by picky', '', 'picky', 2::bigint) $$, 'the rule is told and not the row');
select is_empty($$ select * from callresult.call_result where called like 'refused%' $$, 'nothing of it is stored');
truncate pg_temp.said;
alter table callresult.call_result detach partition callresult.call_result_default;
alter table callresult.call_result detach partition callresult.call_result_y2026m11;
select pg_temp.refused('homeless', careful) from unnest('{f,t}'::boolean[]) careful;
select results_eq($$ select distinct * from pg_temp.said $$,
    $$ values ('23514', 'no partition of call_result accepts a record', '', '', 'call_result') $$, 'a missing partition is told apart');

select * from finish();
rollback;
