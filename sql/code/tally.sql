-- The tally: counting what comes and goes, and folding the counts, so that reports are exact and fast at any size.

-- Fails at a higher isolation level than READ COMMITTED, where a transaction sees nothing that was committed after it
-- began: neither what the last housekeeper did, nor all of the rows that it is about to drop.
create or replace function callresult.need_latest(what text)
returns void
language plpgsql
as $$
begin
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        raise exception '% has to run at read committed', what
            using errcode = 'invalid_transaction_state',
                  detail = 'A transaction that is ' || current_setting('transaction_isolation')
                           || ' does not see all results, and would leave the reports wrong.';
    end if;
end
$$;

comment on function callresult.need_latest(text) is 'Fails in a transaction that does not see all that is committed';

-- The statement that counts the rows of a table into the journal, in rows of ten thousand counts.
create or replace function callresult.count_first(source text)
returns text
language sql
stable
return format($sql$
    insert into callresult.tally_journal (
        sign, arrived, timed, lag, campaign_id, vdn_id, call_hour, call_status, cause_code, calls)
    select $1, arrived, sum(timed), coalesce(sum(lag), 0), array_agg(campaign_id), array_agg(vdn_id),
           array_agg(call_hour), array_agg(call_status), array_agg(cause_code), array_agg(calls)
    from (
        select date_bin('1 hour', received_at, '2000-01-01 00:00:00+00') as arrived,
               count(*) filter (where isfinite(received_at) and isfinite(call_time)) as timed,
               sum(extract(epoch from received_at) - extract(epoch from call_time))
                   filter (where isfinite(received_at) and isfinite(call_time)) * 1000 as lag,
               campaign_id, vdn_id, date_trunc('hour', call_time_local) as call_hour, call_status, cause_code,
               count(*)::integer as calls, row_number() over () / 10000 as part
        from %s
        group by arrived, campaign_id, vdn_id, call_hour, call_status, cause_code
    ) counted
    group by arrived, part $sql$, source);

comment on function callresult.count_first(text) is 'The statement that counts a table into tally_journal';

-- Counts into the journal what a statement added and removed. The statement of count_first is built in here, so that it
-- is planned once.
do $do$
begin
    execute format($function$
create or replace function callresult.tally()
returns trigger
language plpgsql
security definer
set search_path = callresult, pg_temp
as $$
begin
    if tg_op in ('INSERT', 'UPDATE') then %s; end if;
    if tg_op in ('UPDATE', 'DELETE') then %s; end if;
    if tg_op = 'TRUNCATE' then
        perform need_latest('truncate');
        execute count_first(tg_relid::regclass::text) using -1;
    end if;
    return null;
end
$$ $function$, replace(callresult.count_first('came'), '$1', '1'), replace(callresult.count_first('went'), '$1', '-1'));
end
$do$;

comment on function callresult.tally() is 'Counts what a statement changed in call_result';

-- Gives a table the triggers that count. A statement fires the triggers of the table it names, so the partitions have
-- them too, for corrections made there. TRUNCATE fires those of every table it empties; the partitioned table itself
-- holds no rows.
--
-- store() itself counts what it inserts, and sets callresult.counted for that statement; an owner's trigger on it may
-- run others, which are counted here.
create or replace function callresult.add_tally_triggers(result_table regclass)
returns void
language plpgsql
set search_path = callresult, pg_temp
as $$
begin
    execute format('create or replace trigger tally_insert after insert on %s referencing new table as came '
                   'for each statement '
                   'when (current_setting(''callresult.counted'', true) is distinct from ''yes'' '
                   'or pg_trigger_depth() > 0) '
                   'execute function tally()', result_table);
    execute format('create or replace trigger tally_update after update on %s '
                   'referencing old table as went new table as came '
                   'for each statement execute function tally()', result_table);
    execute format('create or replace trigger tally_delete after delete on %s referencing old table as went '
                   'for each statement execute function tally()', result_table);
    if (select relkind = 'r' from pg_class where oid = result_table) then
        execute format('create or replace trigger tally_truncate before truncate on %s '
                       'for each statement execute function tally()', result_table);
    end if;
end
$$;

comment on function callresult.add_tally_triggers(regclass) is
    'Gives a partition of call_result, or the table itself, the triggers of the tally';

do $$
begin
    perform callresult.add_tally_triggers(relid) from pg_partition_tree('callresult.call_result');
end
$$;

-- Adds the journal to the other tables of the tally, and empties it. The lock lets one session do so at a time; READ
-- COMMITTED lets it see what the last one did.
create or replace function callresult.fold_tally()
returns void
language plpgsql
set search_path = callresult, pg_temp
as $$
begin
    perform need_latest('fold_tally');
    lock table housekeeping in share row exclusive mode;

    with taken as (
        delete from tally_journal returning *
    ), detail as materialized (
        select campaign_id, vdn_id, call_hour, call_status, cause_code, sum(calls)::integer as calls
        from (
            select unnest(campaign_id) as campaign_id, unnest(vdn_id) as vdn_id, unnest(call_hour) as call_hour,
                   unnest(call_status) as call_status, unnest(cause_code) as cause_code, sign * unnest(calls) as calls
            from taken
        ) c
        group by 1, 2, 3, 4, 5
        having sum(calls) <> 0
    ), hourly as materialized (
        select campaign_id, vdn_id, call_hour, sum(calls)::integer as calls,
               coalesce(sum(calls) filter (where call_status = 6), 0)::integer as answered,
               coalesce(sum(calls) filter (where call_status = 5), 0)::integer as failed
        from detail
        group by campaign_id, vdn_id, call_hour
    ), details as (
        insert into tally_detail (campaign_id, month, vdn_id, call_hour, call_status, cause_code, calls)
        select campaign_id, date_trunc('month', call_hour)::date as month, array_agg(vdn_id),
               array_agg(call_hour), array_agg(call_status), array_agg(cause_code), array_agg(calls)
        from detail
        group by campaign_id, month
    ), hours as (
        insert into tally_hour as t (campaign_id, vdn_id, call_hour, calls, answered, failed)
        select campaign_id, vdn_id, call_hour, calls, answered, failed
        from hourly
        on conflict (campaign_id, vdn_id, call_hour) do update
        set calls = t.calls + excluded.calls,
            answered = t.answered + excluded.answered,
            failed = t.failed + excluded.failed
    ), days as (
        insert into tally_day as t (campaign_id, vdn_id, day, calls, answered, failed)
        select campaign_id, vdn_id, call_hour::date, sum(calls), sum(answered), sum(failed)
        from hourly
        group by campaign_id, vdn_id, call_hour::date
        on conflict (campaign_id, vdn_id, day) do update
        set calls = t.calls + excluded.calls,
            answered = t.answered + excluded.answered,
            failed = t.failed + excluded.failed
    ), causes as (
        insert into tally_cause as t (campaign_id, vdn_id, call_status, cause_code, calls)
        select campaign_id, vdn_id, call_status, cause_code, sum(calls)
        from detail
        group by campaign_id, vdn_id, call_status, cause_code
        on conflict (campaign_id, vdn_id, call_status, cause_code) do update
        set calls = t.calls + excluded.calls
    )
    insert into tally_arrival as t (arrived, timed, lag)
    select arrived, sum(sign * timed), sum(sign * lag)
    from taken
    group by arrived
    on conflict (arrived) do update
    set timed = t.timed + excluded.timed,
        lag = t.lag + excluded.lag;
end
$$;

comment on function callresult.fold_tally() is 'Adds tally_journal to the other tables of the tally';
