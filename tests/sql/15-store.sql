-- store() has a short way for what was never seen and a careful one; they store the same, and either finds the other's.
\ir help.psql
select plan(17);

-- One push with records of the campaign given, one a number.
create function pg_temp.push(id uuid, arrived timestamptz, campaign text, called text[], code text,
                             address text default '192.0.2.1', out fates text)
language sql
as $$
    select format('%s new, %s changed, %s again', s.inserted, s.updated, s.duplicates)
    from callresult.store(
        array[id], array[arrived], array[address], array[100::bigint], array['\x00'::bytea],
        array[cardinality(called)], array[0], array[false],
        array_fill(id, array[cardinality(called)]), array_fill(arrived, array[cardinality(called)]),
        array_fill(campaign, array[cardinality(called)]), array_fill(null::text, array[cardinality(called)]), called,
        array_fill(timestamp '2026-11-20 10:00:00', array[cardinality(called)]),
        array_fill(5::smallint, array[cardinality(called)]), array_fill(code, array[cardinality(called)]),
        array_fill(code, array[cardinality(called)]), array_fill(null::int, array[cardinality(called)]),
        array_fill('id'::text, array[cardinality(called)]), array_fill(null::text, array[cardinality(called)]),
        array_fill(null::text, array[cardinality(called)]), array_fill(null::jsonb, array[cardinality(called)]),
        'Asia/Shanghai', '{}', '{}', '{}', '{}') s
$$;

create function pg_temp.hint() returns text language sql as $$ select current_setting('callresult.repeats', true) $$;

create function pg_temp.evidence(push uuid) returns text language sql as $$
    select format('%s: %s = %s + %s + %s', p.remote_addr, p.records, p.inserted, p.updated, p.duplicates)
    from callresult.push p where p.id = push
$$;

\set one '00000000-0000-0000-0000-000000000001'
\set two '00000000-0000-0000-0000-000000000002'
\set three '00000000-0000-0000-0000-000000000003'
\set four '00000000-0000-0000-0000-000000000004'
\set five '00000000-0000-0000-0000-000000000005'

select is(pg_temp.push(:'one', '2026-11-20 12:00+00', 'a', '{1,2,3}', '00537'), '3 new, 0 changed, 0 again', 'what is new');
select is(pg_temp.hint(), null, 'nothing was met');
select is(pg_temp.evidence(:'one'), '192.0.2.1: 3 = 3 + 0 + 0', 'the push of it');

select is(pg_temp.push(:'two', '2026-11-20 12:01+00', 'a', '{2,3,4}', '00537'), '1 new, 0 changed, 2 again',
    'what is there, met on the short way');
select is(pg_temp.hint(), 'yes', 'that is remembered');
select is(pg_temp.evidence(:'two'), '192.0.2.1: 3 = 1 + 0 + 2', 'and counted once');
select is(pg_temp.push(:'three', '2026-11-20 12:02+00', 'a', '{3,5}', '00603'), '1 new, 1 changed, 0 again',
    'other content, met on the careful way');
select is(pg_temp.hint(), 'yes', 'still remembered');
select is(pg_temp.push(:'four', '2026-11-20 12:03+00', 'a', '{6}', '00537'), '1 new, 0 changed, 0 again',
    'what is new, on the careful way');
select is(pg_temp.hint(), 'no', 'forgotten');

select is(pg_temp.push(:'four', '2026-11-20 12:03+00', 'a', '{6}', '00537'), '0 new, 0 changed, 1 again',
    'a push that was stored before');
select set_config('callresult.repeats', 'no', false);
select is(pg_temp.push(:'five', '2026-11-20 12:04+00', 'a', '{}', null), '0 new, 0 changed, 0 again', 'no record at all');
select is(pg_temp.push(:'five', '2026-11-20 12:04+00', 'a', '{}', null), '0 new, 0 changed, 0 again', 'and once more');
select is(pg_temp.push(gen_random_uuid(), '2026-11-20 12:05+00', 'a', '{7}', null, 'unix:'), '1 new, 0 changed, 0 again',
    'an address that is none');

select results_eq(
    $$ select called, cause_code, revision from callresult.call_result order by called $$,
    $$ values ('1', '00537', 0), ('2', '00537', 0), ('3', '00603', 1), ('4', '00537', 0), ('5', '00603', 0),
              ('6', '00537', 0), ('7', null, 0) $$,
    'each result once, with the content received last');
select results_eq(
    $$ select called, cause_code from callresult.call_result_revision $$, $$ values ('3', '00537') $$,
    'the content before it is kept');
select is_empty($$ select * from callresult.check_tally() $$, 'and the tally is right');

select * from finish();
rollback;
