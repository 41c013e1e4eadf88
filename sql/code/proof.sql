-- The proof that the reports say what the results are, and the repair.

-- Counts the reports anew from the results. Pushes wait meanwhile, or go to the spool. It deletes rather than
-- truncates, since TRUNCATE would empty the reports for transactions that are still running.
create or replace function callresult.rebuild_tally()
returns void
language plpgsql
set search_path = callresult, pg_temp
as $$
begin
    perform need_latest('rebuild_tally');
    lock table housekeeping in share row exclusive mode;
    lock table call_result in share row exclusive mode;
    delete from tally_journal;
    delete from tally_day;
    delete from tally_hour;
    delete from tally_cause;
    delete from tally_detail;
    delete from tally_arrival;

    execute count_first('call_result') using 1;
    perform fold_tally();
end
$$;

comment on function callresult.rebuild_tally() is
    'Counts the tally anew from call_result; needed only after partitions were attached, detached or dropped by '
    'hand, and where results came past the triggers or the counts came twice, as in a restore of data alone';

-- Compares the figures of the reports with the results; no row means that they agree. It is one statement, with one
-- snapshot, so it may run while results are stored.
create or replace function callresult.check_tally()
returns table (report text, campaign_id text, vdn_id integer, period timestamp, call_status smallint,
               cause_code text, tallied numeric, counted numeric)
language sql
stable
set search_path = callresult, pg_temp
begin atomic
    with truth as materialized (
        select r.campaign_id, r.vdn_id, date_trunc('hour', r.call_time_local) as hour, r.call_status, r.cause_code,
               count(*) as calls
        from callresult.call_result r
        group by 1, 2, 3, 4, 5
    ), figures as (
        select 'call_tally' as report, t.campaign_id as campaign_id, t.vdn_id,
               t.hour as period, t.call_status, t.cause_code as cause_code,
               t.calls as tallied, 0 as counted
        from callresult.call_tally t
        union all
        select 'call_tally', campaign_id, vdn_id, hour, call_status, cause_code, 0, calls from truth
        union all
        -- a status of its own for each column of the reports: NULL calls, 6 answered, 5 failed
        select 'campaign_hourly', h.campaign_id, h.vdn_id, h.hour, s.call_status, null, s.calls, 0
        from callresult.campaign_hourly h
        cross join lateral (values (null, h.calls), (6, h.answered), (5, h.failed)) s (call_status, calls)
        union all
        select 'campaign_hourly', t.campaign_id, t.vdn_id, t.hour, s.call_status, null, 0, t.calls
        from truth t
        cross join lateral (values (null), (t.call_status)) s (call_status)
        where s.call_status is null or s.call_status in (5, 6)
        union all
        select 'campaign_daily', d.campaign_id, d.vdn_id, d.day, s.call_status, null, s.calls, 0
        from callresult.campaign_daily d
        cross join lateral (values (null, d.calls), (6, d.answered), (5, d.failed)) s (call_status, calls)
        union all
        select 'campaign_daily', t.campaign_id, t.vdn_id, t.hour::date, s.call_status, null, 0, t.calls
        from truth t
        cross join lateral (values (null), (t.call_status)) s (call_status)
        where s.call_status is null or s.call_status in (5, 6)
        union all
        select 'failure_breakdown', b.campaign_id, b.vdn_id, null, null, b.code, b.calls, 0
        from callresult.failure_breakdown b
        union all
        select 'failure_breakdown', t.campaign_id, t.vdn_id, null, null, t.cause_code, 0, t.calls
        from truth t
        union all
        select 'delivery_health', null, null, hour at time zone 'UTC', null, null, sum(lag), sum(truth)
        from (
            select a.arrived, a.lag, 0 from callresult.tally_arrival a
            union all
            select j.arrived, j.sign * j.lag, 0 from callresult.tally_journal j
            union all
            select date_bin('1 hour', r.received_at, '2000-01-01 00:00:00+00'), 0,
                   (extract(epoch from r.received_at) - extract(epoch from r.call_time)) * 1000
            from callresult.call_result r
            where isfinite(r.received_at) and isfinite(r.call_time)
        ) lags (hour, lag, truth)
        group by hour
    )
    select f.report, f.campaign_id, f.vdn_id, f.period, f.call_status::smallint, f.cause_code,
           sum(f.tallied), sum(f.counted)
    from figures f
    group by f.report, f.campaign_id, f.vdn_id, f.period, f.call_status, f.cause_code
    having sum(f.tallied) <> sum(f.counted);
end;

comment on function callresult.check_tally() is 'Compares the reports with call_result; no row: they agree';

-- How many calls of the last day are dated after their arrival, and by how much at most: the sign of a wrong
-- call_timezone or clock. It runs for doctor, whose role may read no result. A wrong time zone shows in every push, so
-- a hundred thousand results are enough.
create or replace function callresult.calls_ahead(out calls bigint, out seconds bigint)
language sql
stable
security definer
set search_path = callresult, pg_temp
begin atomic
    select count(*), coalesce(max(extract(epoch from ahead)), 0)::bigint
    from (
        select call_time - greatest(received_at, arrived_at) as ahead
        from callresult.call_result
        where received_at > now() - interval '1 day'
        limit 100000
    ) recent
    where ahead > interval '5 minutes';
end;

comment on function callresult.calls_ahead() is
    'Of the calls that arrived within a day, how many have a time more than five minutes after they arrived, and the '
    'most seconds';
