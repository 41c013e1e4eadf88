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
