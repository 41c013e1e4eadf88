-- From step 5, first part: the old schema is set aside, unless something of the owner's hangs on it or stands in it.

do $$
declare
    ours    constant oid[] := array(select oid from pg_class where relnamespace = 'callresult'::regnamespace);
    theirs  text;
begin
    select string_agg(distinct name, ', ') into theirs
    from (
        select w.ev_class::regclass::text
        from pg_depend d join pg_rewrite w on d.classid = 'pg_rewrite'::regclass and w.oid = d.objid
        where d.refclassid = 'pg_class'::regclass and d.refobjid = any (ours) and w.ev_class <> all (ours)
        union all
        select d.objid::regprocedure::text
        from pg_depend d join pg_proc p on d.classid = 'pg_proc'::regclass and p.oid = d.objid
        where d.refclassid = 'pg_class'::regclass and d.refobjid = any (ours)
          and p.pronamespace <> 'callresult'::regnamespace
        union all
        select conrelid::regclass::text
        from pg_constraint
        where confrelid = any (ours) and conrelid <> all (ours)
        union all
        select oid::regclass::text
        from pg_class
        where oid = any (ours) and relkind in ('r', 'p', 'v', 'm', 'f') and not relispartition
            and relname <> all (array[
            'schema_version', 'call_result', 'call_result_revision', 'push', 'quarantine', 'failure_category',
            'failure_code', 'failure_code_category', 'tally_journal', 'tally_day', 'tally_hour', 'tally_cause',
            'tally_detail', 'tally_arrival', 'tally_long_cause', 'tally_pending', 'tally_parts', 'call_tally',
            'result_rows',
            'calls', 'called_numbers', 'redial_candidates', 'invalid_numbers', 'recordings', 'campaign_summary',
            'campaign_daily', 'campaign_hourly', 'failure_breakdown', 'platform_faults', 'unlisted_codes',
            'delivery_health'])
    ) t (name);
    if theirs is not null then
        raise exception 'these are not of callresult and depend on its tables: %. Drop them, run this again and '
            'make them anew', theirs;
    end if;
end
$$;

alter schema callresult rename to callresult_5;
create schema callresult;
create table callresult.schema_version (like callresult_5.schema_version including all);
insert into callresult.schema_version select * from callresult_5.schema_version;
