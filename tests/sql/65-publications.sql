-- Whatever is published: everything that changes a row goes on, in new months too. 60-reports.t runs this at wal_level
-- logical, 61-property.t pushes at replica with all tables published.
\ir help.psql
select no_plan();

create function pg_temp.goes_on(published text) returns setof text language plpgsql as $$
declare
    month   timestamp := date_trunc('month', now() at time zone 'UTC') - interval '3 months';
    first   uuid := gen_random_uuid();
begin
    execute 'create publication changes ' || published;
    return next is(pg_temp.push(first, now(), published, '{1,2,3}', '537', month, raw => '{x}'), '3 new, 0 changed, 0 again',
        published || ': what is new');
    return next is(pg_temp.push(gen_random_uuid(), now(), published, '{1,2,3}', '537', month, raw => '{x}'),
        '0 new, 0 changed, 3 again', published || ': again');
    return next is(pg_temp.push(gen_random_uuid(), now(), published, '{1,2}', '0', month), '0 new, 2 changed, 0 again', published || ': changed');
    perform callresult.fold_tally();
    return next is(pg_temp.keep(), null, published || ': the house is kept');
    return next is((select count(*) from callresult.call_result where tableoid::regclass::text ~ '_default$'), 0::bigint,
        published || ': the month is made');
    return next is(pg_temp.push(gen_random_uuid(), now(), published, '{2,3}', '538', month), '0 new, 2 changed, 0 again',
        published || ': changed in the new month');
    update callresult.call_result set call_status = 6 where called = '3';
    delete from callresult.call_result where called = '1';
    perform callresult.rebuild_tally();
    perform callresult.erase_number('2');
    return next is((select count(*) from callresult.call_result), 1::bigint, published || ': corrected and erased');
    return next cmp_ok((select sum(rows) from callresult.retain('1 month')), '>', 0::numeric, published || ': months are dropped');
    return next is_empty('select * from callresult.check_tally()', published || ': and all is counted');
    truncate callresult.call_result, callresult.call_result_revision, callresult.push, callresult.quarantine;
    drop publication changes;
end
$$;
select pg_temp.goes_on('for all tables');
select pg_temp.goes_on('for all tables with (publish_via_partition_root = true)');
select pg_temp.goes_on('for table callresult.call_result');
select pg_temp.goes_on('for table callresult.call_result, callresult.push with (publish_via_partition_root = true)');
select is_empty($$
    select oid::regclass from pg_class c
    where relnamespace = 'callresult'::regnamespace and relkind in ('r', 'p') and relreplident <> 'f'
      and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)
$$, 'every table has a key or its whole row for one');

select * from finish();
rollback;
