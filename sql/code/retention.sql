-- Keeping the data for years: dropping whole months.

-- Joins the rows that folding has written for a campaign's month, and leaves out counts that have become 0. Only for
-- months that are over; the caller has locked housekeeping.
create or replace function callresult.compact_tally()
returns void
language sql
set search_path = callresult, pg_temp
begin atomic
    with old as (
        delete from callresult.tally_detail
        where (campaign_id, month) in (
            select campaign_id, month
            from callresult.tally_detail
            where month < date_trunc('month', now() at time zone 'UTC')
            group by campaign_id, month
            having count(*) > 1)
        returning *
    )
    insert into callresult.tally_detail (campaign_id, month, vdn_id, call_hour, call_status, cause_code, calls)
    select campaign_id, month, array_agg(vdn_id), array_agg(call_hour), array_agg(call_status),
           array_agg(cause_code), array_agg(calls)
    from (
        select o.campaign_id, o.month, c.vdn_id, c.call_hour, c.call_status, c.cause_code,
               sum(c.calls)::integer as calls
        from old o
        cross join unnest(o.vdn_id, o.call_hour, o.call_status, o.cause_code, o.calls)
             as c (vdn_id, call_hour, call_status, cause_code, calls)
        group by o.campaign_id, o.month, c.vdn_id, c.call_hour, c.call_status, c.cause_code
        having sum(c.calls) <> 0
    ) summed
    group by campaign_id, month;

    delete from callresult.tally_day where calls = 0;
    delete from callresult.tally_hour where calls = 0;
    delete from callresult.tally_cause where calls = 0;
    delete from callresult.tally_arrival where timed = 0;
end;

comment on function callresult.compact_tally() is 'Joins the rows of tally_detail that belong together';

-- Drops the months that lie wholly before now - keep, and reports what it dropped. The half day is for time zones: the
-- sender's month may end that much later than the one in UTC.
--
-- The slow part, counting a month out of the tally, makes only results of that month wait. Dropping needs the tables to
-- itself for a moment: it waits for the locks a tenth of a second at a time, so that no push waits longer behind it,
-- and gives up after a minute, having changed nothing. A month that cannot be dropped, since something of the owner's
-- depends on it, is counted in again and reported with the reason.
--
-- A dry run does all of it and takes it back, so that it returns what the real one would.
create or replace function callresult.retain(keep interval, dry_run boolean default false)
returns table (dropped text, rows bigint, problem text)
language plpgsql
set search_path = callresult, pg_temp
set lock_timeout = '30s'
as $$
declare
    before      timestamp;
    parents     constant text[] := array['call_result', 'call_result_revision', 'push'];
    months      text[] := array[]::text[];
    counts      bigint[] := array[]::bigint[];
begin
    if keep is null or keep not between '0' and interval '10000 years' or now() - keep > now() then
        raise exception 'retain needs to know how long to keep, such as interval ''2 years''';
    end if;
    if dry_run is null then
        raise exception 'dry_run is true or false' using errcode = 'null_value_not_allowed';
    end if;
    before := date_trunc('month', (now() at time zone 'UTC') - interval '12 hours' - keep);
    perform need_latest('retain');
    begin
        lock table housekeeping in share row exclusive mode;

        return query
        with settled as (
            delete from quarantine where resolved_at < now() - keep returning 1
        ), open as (
            delete from quarantine where resolved_at is null and received_at < now() - keep returning 1
        ), results as (
            delete from call_result_default where coalesce(call_time_local, received_at at time zone 'UTC') < before
            returning 1
        ), revisions as (
            delete from call_result_revision_default
            where coalesce(call_time_local, received_at at time zone 'UTC') < before
            returning 1
        ), pushes as (
            delete from push_default where received_at < before at time zone 'UTC' returning 1
        )
        select c.name, c.went, null::text
        from (select 'quarantine, settled', count(*) from settled union all
              select 'quarantine, open', count(*) from open union all
              select 'call_result_default', count(*) from results union all
              select 'call_result_revision_default', count(*) from revisions union all
              select 'push_default', count(*) from pushes) c (name, went)
        where c.went > 0;

        for dropped in
            select c.relname
            from unnest(parents) with ordinality p (name, place)
            join pg_inherits i on i.inhparent = p.name::regclass
            join pg_class c on c.oid = i.inhrelid
            where to_date(substring(c.relname from '_y([0-9]{4}m[0-9]{2})$'), 'YYYY"m"MM') + interval '1 month'
                  <= before
            order by p.place, c.relname
        loop
            execute format('lock table only %I in share row exclusive mode', dropped);
            execute format('select count(*) from %I', dropped) into rows;
            if dropped ~ '^call_result_y' then
                execute count_first(dropped) using -1;
            end if;
            months := months || dropped;
            counts := counts || rows;
        end loop;
        perform fold_tally();
        perform compact_tally();

        perform set_config('lock_timeout', '100ms', true);
        if cardinality(months) > 0 then
            perform lock_gently(string_agg(format('lock table only %I, only %I in access exclusive mode', name,
                                                  name || '_default'), '; ' order by place))
            from unnest(parents) with ordinality p (name, place);
        end if;

        for dropped, rows in select * from unnest(months, counts) loop
            begin
                problem := null;
                execute format('drop table %I', dropped);
            exception
                when others then
                    get stacked diagnostics problem = pg_exception_detail;
                    problem := concat_ws(': ', sqlerrm, nullif(problem, ''));
                    rows := 0;
                    if dropped ~ '^call_result_y' then
                        execute count_first(dropped) using 1;
                    end if;
            end;
            return next;
        end loop;

        if dry_run then
            raise sqlstate 'CRDRY';
        end if;
    exception
        when sqlstate 'CRDRY' then
            null;
    end;
end
$$;

comment on function callresult.retain(interval, boolean) is
    'Drops the months that lie wholly before now - keep from call_result, call_result_revision and push, old rows of '
    'their default partitions (by their arrival, where they have no time), and entries of the quarantine that were '
    'settled, or came and are open, before then; tells what went, and what could not go and why. With dry_run => true '
    'nothing goes';
