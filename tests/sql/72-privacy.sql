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

select pg_temp.call('e', called, '2026-11-03', 5, '537')
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
              ('quarantine', '8613800138000', 1), ('quarantine', '+86 (138) 0013-8000', 1) $$, 'and the others are shown');
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
select is_empty('select * from callresult.check_tally()', 'the tally knows');

select * from finish();
rollback;
