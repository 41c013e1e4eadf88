-- Erasing a number in every form and coding, and forgetting the person.
\ir help.psql
select no_plan();

-- --- a number in every form

create function pg_temp.hold(name text, raw bytea) returns void language sql
begin atomic
    insert into callresult.quarantine (received_at, reason, raw, sha256) values (now(), name, raw, sha256(raw));
end;
create function pg_temp.utf16(said text, big boolean default false) returns bytea language sql immutable as $$
    select string_agg(case when big then set_byte(set_byte('\x0000', 0, ascii(c) / 256), 1, ascii(c) % 256)
                           else set_byte(set_byte('\x0000', 0, ascii(c) % 256), 1, ascii(c) / 256) end, '' order by n)
    from regexp_split_to_table(said, '') with ordinality t (c, n)
$$;

select pg_temp.call('e', called, now() at time zone 'UTC', 5, '537')
from unnest(array['13800138000', '+86 138 0013 8000', '8613800138000', '13800138001', '23800138000', null]) called;
select pg_temp.hold('utf-16', pg_temp.utf16('[{"called":"13800138000"')),
    pg_temp.hold('utf-16, big', pg_temp.utf16('[{"called":"13800138000"', true)),
    pg_temp.hold('utf-16, marked, a sign of the digit''s bytes before', '\xfeff'::bytea || pg_temp.utf16('[㐱13800138000㐱', true)),
    pg_temp.hold('escapes', '[{"called":"\\u0031\\u00338\\u0030\\u0030138000"'),
    pg_temp.hold('escapes in utf-16', pg_temp.utf16('[{"called":"\u00313800138000"')),
    pg_temp.hold('a form', 'list=%5B%7B%22called%22%3A%2213800138000%22'),
    pg_temp.hold('a form, coded throughout', 'called=%31%33%38%30%30%31%33%38%30%30%30'),
    pg_temp.hold('a form with a blank', 'called=%2013800138000'),
    pg_temp.hold('a form of escapes', 'called=%5Cu00313800138000'),
    pg_temp.hold('bytes of no encoding', '\xff3133383030313338303030ff'),
    pg_temp.hold('another number', pg_temp.utf16('[{"called":"138001380001"')),
    pg_temp.hold('a longer form', 'called=1234%3513800138000'),
    pg_temp.hold('with a country code', '{"called":"+8613800138000"'),
    pg_temp.hold('with blanks', '2026-11-03 called +86 (138) 0013-8000.'),
    pg_temp.hold('gzip', '\x1f8b08000000000000038bae56ca4dcc494c4f4d51b252323431b6303034b6303030508a050062d4e44f1c000000'),
    pg_temp.hold('deflate', '\x789c8bae56ca4dcc494c4f4d51b252323401d2c0000001ff0f02030405'),
    pg_temp.hold('nothing', '{"called":"5"}');

create temp table dry as select * from callresult.erase_number('13800138000', dry_run => true);
select is((select count(*) from callresult.call_result where campaign_id = 'e'), 6::bigint, 'a dry run erases nothing');
select is((select count(*) from callresult.quarantine), 17::bigint, 'nor an entry');
create temp table gone as select * from callresult.erase_number('13800138000');
select set_eq('select * from gone', 'select * from dry', 'and says what the real one does');
select results_eq($$ select found_in, form, rows from gone where problem is null order by 1 $$,
    $$ values ('call_result', '13800138000', 1::bigint), ('quarantine', '13800138000', 10) $$, 'the form that is given is erased');
select set_eq($$ select found_in, form, rows from gone where problem ~ 'otherwise' $$,
    $$ values ('call_result', '+86 138 0013 8000', 1::bigint), ('call_result', '8613800138000', 1),
              ('quarantine', '+8613800138000', 1), ('quarantine', '+86 (138) 0013-8000', 1) $$, 'and the others are shown');
select set_eq($$ select rows, substring(problem from '\((.*)\)') from gone where form is null $$,
    $$ values (1::bigint, 'gzip'), (1, 'no text') $$, 'what cannot be searched is named');
select matches((select problem from gone where problem ~ 'gzip'),
    'quarantine show ' || (select id from callresult.quarantine where reason = 'gzip') || '$', 'by its entry');
select set_eq($$ select reason from callresult.quarantine $$, array['another number', 'a longer form', 'with a country code',
    'with blanks', 'gzip', 'deflate', 'nothing'], 'the rest stays');
select is_empty('select * from callresult.check_tally()', 'the tally knows');
select results_eq($$ select found_in, sum(rows) from callresult.erase_number('13800138000', every_form => true)
    where problem is null group by 1 order by 1 $$,
    $$ values ('call_result', 2::numeric), ('quarantine', 2) $$, 'every form');
select set_eq($$ select called from callresult.call_result where campaign_id = 'e' $$, array['13800138001', '23800138000', null], 'neighbours stay');
select is_empty($$ select * from callresult.erase_number('13800138000', true) where form is not null $$, 'there is nothing more to erase');
select pg_temp.call('e', called, now() at time zone 'UTC', 5, '537') from unnest(array['60584', '960584', '8660584']) called;
select pg_temp.hold('short', '{"called":"9 60584"}'), pg_temp.hold('longer', '{"called":"8660584"}');
select set_eq($$ select found_in, form, rows from callresult.erase_number('960584', every_form => true) where form is not null $$,
    $$ values ('call_result', '60584', 1::bigint), ('call_result', '960584', 1), ('quarantine', '60584', 1) $$, 'a short number');
select pg_temp.call('e', called, now() at time zone 'UTC', 5, '537') from unnest(array['3661234', '13903661234', '+354 366 1234']) called;
select pg_temp.hold('a mobile', '{"called":"13903661234"}'), pg_temp.hold('abroad', '{"called":"+919876543210"}');
select set_eq($$ select found_in, form, rows from callresult.erase_number('3661234', every_form => true) where form is not null $$,
    $$ values ('call_result', '3661234', 1::bigint), ('call_result', '+354 366 1234', 1) $$, 'not the mobile number that ends as it does');
select is_empty($$ select * from callresult.erase_number('19876543210', every_form => true) where form is not null $$,
    'nor a number of another country that looks like one behind a 9');
select is_empty('select * from callresult.check_tally()', 'the tally knows');

-- --- forgetting the person

create function pg_temp.told(campaign text, called text[], at timestamp, code text) returns void language sql as $$
    select pg_temp.push(gen_random_uuid(), at at time zone 'UTC' + interval '1 min', campaign, called, code, at => at)
$$;
-- a month is over half a day after its end
create temp table old as
select date_trunc('month', now() at time zone 'UTC' - interval '12 h') - interval '13 months' + interval '2 days' as at;
select pg_temp.told('p', array['111', '13900139000'], at, '537'), pg_temp.told('p', array['111'], at, '0'),
    pg_temp.told('p', array['111'], at - interval '1 month', '548'), pg_temp.told('p', array['13900139000'], now() at time zone 'UTC', '0')
from old;
select pg_temp.push(gen_random_uuid(), at at time zone 'UTC', 'p', array['444'], '603', at => null) from old;
insert into callresult.call_result (campaign_id, session_id, called, call_time_local, call_status, custom_field, record_path, extra,
    push_id, received_at)
select 'p', '13900139000', '13900139000', at, 6, 'Ms Li', 'https://x/13900139000', '{"name": "Li"}', gen_random_uuid(), at at time zone 'UTC'
from old;
insert into callresult.quarantine (received_at, reason, raw, sha256, seen)
select now() - interval '14 months', 'old', '{"called":"13900139000"}', sha256('{"called":"13900139000"}'), 3;
select is(pg_temp.keep(), null, 'the months are made');
create temp table figures as select * from callresult.call_tally;
create temp table pushes as select * from callresult.push;
create temp table people as select dense_rank() over (order by called) as person, push_id, revision from callresult.call_result;
create function pg_temp.row_count() returns text language sql as $$
    select concat((select count(*) from callresult.call_result), ' ', (select count(*) from callresult.call_result_revision), ' ',
        (select count(*) from callresult.quarantine))
$$;
create temp table held as select pg_temp.row_count() as n;
select throws_ok($$ select * from callresult.anonymise(null) $$, 'P0001', null, 'how long has to be said');
select throws_ok($$ select * from callresult.anonymise('-1 day') $$, 'P0001', null, 'and cannot be negative');
select throws_ok($$ select * from callresult.anonymise('178000000 years') $$, 'P0001', null, 'nor so long that there is no such time');
select throws_ok($$ select * from callresult.anonymise('1 year', null) $$, '22004', 'dry_run is true or false', 'nor may it be open whether it is a dry run');
create temp table to_do as select * from callresult.anonymise('1 year', dry_run => true);
select is((select count(*) from callresult.call_result where called like 'anon:%'), 0::bigint, 'a dry run changes nothing');
create temp table done as select * from callresult.anonymise('1 year');
select set_eq('select * from done', 'select * from to_do', 'and says what the real one does');
select results_eq($$ select split_part(anonymised, '_y', 1), sum(rows) from done where problem is null group by 1 order by 1 $$,
    $$ values ('call_result', 4::numeric), ('call_result_default', 1), ('call_result_revision', 1), ('quarantine', 1) $$, 'what is old');
select is(pg_temp.row_count(), n, 'every row stays') from held;
select is((select string_agg(r::text, '') from (select * from callresult.call_result where call_time_local < now() - interval '1 year'
    union all select * from callresult.call_result where call_time_local is null) r) ~ '13900139000|Li|https|\y(111|444)\y', false, 'the people are gone');
select is((select string_agg(h::text, '') from callresult.call_result_revision h) ~ '\y111\y', false, 'from revisions too');
select results_eq($$ select seen, raw, sha256 = sha256('{"called":"13900139000"}'), resolved_at is null from callresult.quarantine
    where reason = 'old' $$, $$ values (3::bigint, ''::bytea, false, false) $$, 'and from quarantine');
select set_eq('select * from callresult.push', 'select * from pushes', 'the evidence stays');
select set_eq('select * from callresult.call_tally', 'select * from figures', 'and every figure');
select is_empty('select * from callresult.check_tally()', 'the tally proves it');
select is((select count(distinct (r.called, p.person)) from callresult.call_result r join people p using (push_id, revision)
    where r.campaign_id = 'p' and r.called like 'anon:%'), 3::bigint, 'one person is one digest');
select is((select count(*) from callresult.call_result_revision h join callresult.call_result r using (campaign_id, called, call_time_local)
    where h.campaign_id = 'p'), 1::bigint, 'a revision still belongs to its result');
select is((select called from callresult.call_result where campaign_id = 'p' and call_time_local > now() - interval '1 month'), '13900139000', 'what is young stays');
create temp table first as select called, session_id, call_id from callresult.call_result;
select is_empty($$ select * from callresult.anonymise('1 year') $$, 'again there is nothing to do');
select set_eq('select called, session_id, call_id from callresult.call_result', 'select * from first', 'what is anonymised stays so');
select is_empty($$ select * from callresult.called_often(10000, 0) where called like 'anon:%' $$, 'a digest is no number');

-- what refuses a month is named, quotes nothing, and the others are done
select pg_temp.told('r', array['555'], at, '537'), pg_temp.told('r', array['555'], at - interval '1 month', '537') from old;
select format('alter table callresult.call_result%s add constraint digits check (called !~ ''anon'') not valid', to_char(at, '"_y"YYYY"m"MM')) from old \gexec
select results_eq($$ select rows, problem from callresult.anonymise('1 year') order by 1 $$,
    $$ values (0::bigint, 'a row is refused digits'), (1, null) $$, 'a month that refuses is named');
select is_empty('select * from callresult.check_tally()', 'and counted as before');

select * from finish();
rollback;
