-- How campaigns are doing, and why calls fail. Each call counts once in each of the first four views, whatever its
-- code, time or status, so the sum of calls is the number of results.

-- How each campaign is doing overall. The tally has the days of the first and the last call, the index their times. All
-- results of such a day may have been deleted or changed: then the second query of each coalesce() looks beyond it.
create or replace view callresult.campaign_summary as
with total as (
    select campaign_id, vdn_id, sum(calls)::bigint as calls, sum(answered)::bigint as answered,
           sum(failed)::bigint as failed, min(day) as first_day, max(day) as last_day
    from (
        select campaign_id, vdn_id, day, calls, answered, failed
        from callresult.tally_day
        union all
        select campaign_id, vdn_id, call_hour::date, calls, answered, failed
        from callresult.internal_tally_pending
    ) part
    group by campaign_id, vdn_id
    having sum(calls) <> 0
)
select t.campaign_id, t.vdn_id, t.calls, t.answered, t.failed,
       callresult.part_of(t.answered, t.calls) as answer_rate,
       coalesce(
           (select min(r.call_time_local)
            from callresult.call_result r
            where r.campaign_id = t.campaign_id and r.vdn_id is not distinct from t.vdn_id
              and r.call_time_local >= t.first_day and r.call_time_local < t.first_day + 1),
           (select min(r.call_time_local)
            from callresult.call_result r
            where r.campaign_id = t.campaign_id and r.vdn_id is not distinct from t.vdn_id
              and r.call_time_local >= t.first_day)) as first_call,
       coalesce(
           (select max(r.call_time_local)
            from callresult.call_result r
            where r.campaign_id = t.campaign_id and r.vdn_id is not distinct from t.vdn_id
              and r.call_time_local >= t.last_day and r.call_time_local < t.last_day + 1),
           (select max(r.call_time_local)
            from callresult.call_result r
            where r.campaign_id = t.campaign_id and r.vdn_id is not distinct from t.vdn_id
              and r.call_time_local < t.last_day + 1)) as last_call,
       coalesce(a.calls, 0) as abandoned,
       callresult.part_of(coalesce(a.calls, 0), nullif(t.answered + coalesce(a.calls, 0), 0)) as abandon_rate,
       n.name as campaign
from total t
left join (
    select campaign_id, vdn, no_vdn, sum(calls)::bigint as calls
    from callresult.internal_tally_abandoned
    group by campaign_id, vdn, no_vdn
) a on a.campaign_id = t.campaign_id and a.vdn = coalesce(t.vdn_id, 0) and a.no_vdn = (t.vdn_id is null)
left join callresult.campaign n on n.campaign_id = t.campaign_id;

comment on view callresult.campaign_summary is
    'How each campaign is doing: one row for each campaign and virtual call centre';
comment on column callresult.campaign_summary.failed is
    'Calls failed (status 5); a status the platform does not document counts in calls only';

-- How each campaign is doing, day by day.
create or replace view callresult.campaign_daily as
select d.campaign_id, d.vdn_id, d.day, d.calls, d.answered, d.failed,
       callresult.part_of(d.answered, d.calls) as answer_rate,
       coalesce(a.calls, 0) as abandoned,
       callresult.part_of(coalesce(a.calls, 0), nullif(d.answered + coalesce(a.calls, 0), 0)) as abandon_rate,
       n.name as campaign
from (
    select campaign_id, vdn_id, day, sum(calls)::bigint as calls, sum(answered)::bigint as answered,
           sum(failed)::bigint as failed
    from (
        select campaign_id, vdn_id, day, calls, answered, failed
        from callresult.tally_day
        union all
        select campaign_id, vdn_id, call_hour::date, calls, answered, failed
        from callresult.internal_tally_pending
    ) part
    group by campaign_id, vdn_id, day
    having sum(calls) <> 0
) d
left join (
    select campaign_id, vdn, no_vdn, began::date as day, sum(calls)::bigint as calls
    from callresult.internal_tally_abandoned
    group by campaign_id, vdn, no_vdn, began::date
) a on a.campaign_id = d.campaign_id and a.vdn = coalesce(d.vdn_id, 0) and a.no_vdn = (d.vdn_id is null)
       and a.day = coalesce(d.day, '-infinity')
left join callresult.campaign n on n.campaign_id = d.campaign_id;

comment on view callresult.campaign_daily is 'How each campaign is doing, day by day';
comment on column callresult.campaign_daily.day is 'Day by the sender''s clock; empty for calls without a time';
comment on column callresult.campaign_daily.failed is
    'Calls failed (status 5); a status the platform does not document counts in calls only';

-- How each campaign is doing, hour by hour. There may be many hours, so the folded counts are joined to the few that
-- are pending, which is faster than to sum both. A join needs keys that are not NULL, so each that may be is two
-- columns.
create or replace view callresult.campaign_hourly as
select h.campaign_id, case when not h.no_vdn then h.vdn end as vdn_id, case when not h.no_hour then h.began end as hour,
       h.calls, h.answered, h.failed, callresult.part_of(h.answered, h.calls) as answer_rate,
       coalesce(a.calls, 0) as abandoned,
       callresult.part_of(coalesce(a.calls, 0), nullif(h.answered + coalesce(a.calls, 0), 0)) as abandon_rate,
       n.name as campaign
from (
    select campaign_id, vdn, no_vdn, began, no_hour,
           coalesce(h.calls, 0) + coalesce(p.calls, 0) as calls,
           coalesce(h.answered, 0) + coalesce(p.answered, 0) as answered,
           coalesce(h.failed, 0) + coalesce(p.failed, 0) as failed
    from (
        select campaign_id, coalesce(vdn_id, 0) as vdn, vdn_id is null as no_vdn,
               coalesce(call_hour, '-infinity') as began, call_hour is null as no_hour, calls, answered, failed
        from callresult.tally_hour
    ) h
    full join (
        select campaign_id, coalesce(vdn_id, 0) as vdn, vdn_id is null as no_vdn,
               coalesce(call_hour, '-infinity') as began, call_hour is null as no_hour,
               sum(calls) as calls, sum(answered) as answered, sum(failed) as failed
        from callresult.internal_tally_pending
        group by campaign_id, vdn_id, call_hour
    ) p using (campaign_id, vdn, no_vdn, began, no_hour)
) h
left join callresult.internal_tally_abandoned a
       on a.campaign_id = h.campaign_id and a.vdn = h.vdn and a.no_vdn = h.no_vdn and a.began = h.began
left join callresult.campaign n on n.campaign_id = h.campaign_id
where h.calls <> 0;

comment on view callresult.campaign_hourly is 'How each campaign is doing, hour by hour';
comment on column callresult.campaign_hourly.hour is
    'Hour by the sender''s clock, as the time it begins at; empty for calls without a time';
comment on column callresult.campaign_hourly.failed is
    'Calls failed (status 5); a status the platform does not document counts in calls only';

-- Why calls ended as they did, with each cause's share of the campaign's calls.
create or replace view callresult.failure_breakdown as
select t.campaign_id, t.vdn_id, coalesce(f.category, 'Others') as category,
       t.cause_code as code,
       f.cause, t.calls,
       callresult.part_of(t.calls, (sum(t.calls) over (partition by t.campaign_id, t.vdn_id))::bigint) as share,
       t.failed
from (
    select campaign_id, vdn_id, cause_code, sum(calls)::bigint as calls,
           coalesce(sum(calls) filter (where call_status = 5), 0)::bigint as failed
    from (
        select campaign_id, vdn_id, call_status, cause_code, calls
        from callresult.tally_cause
        union all
        select campaign_id, vdn_id, call_status, cause_code, calls
        from callresult.internal_tally_pending
    ) part
    group by campaign_id, vdn_id, cause_code
    having sum(calls) <> 0
) t
left join callresult.internal_cause f on f.code = t.cause_code;

comment on view callresult.failure_breakdown is
    'Why calls ended as they did, answered ones included: one row for each campaign, virtual call centre and code';
comment on column callresult.failure_breakdown.category is
    'Category of the code; Others where it is not in the catalogue, or none was sent';
comment on column callresult.failure_breakdown.code is 'Code in five digits; empty where none was sent';
comment on column callresult.failure_breakdown.cause is
    'The cause in words; empty where the code is not in the catalogue';

-- What the platform lost by faults of its own, hour by hour, to complain about.
create or replace view callresult.platform_faults as
select t.call_hour as hour, t.campaign_id, t.vdn_id, f.category, f.code, f.cause, t.calls
from (
    select p.call_hour, p.campaign_id, p.vdn_id, p.cause_code, sum(p.calls)::bigint as calls
    from callresult.internal_tally_parts p
    where p.cause_code in (select c.code from callresult.failure_code c where c.redial = 'fix')
    group by p.call_hour, p.campaign_id, p.vdn_id, p.cause_code
    having sum(p.calls) <> 0
) t
join callresult.internal_cause f on f.code = t.cause_code;

comment on view callresult.platform_faults is
    'Calls the platform lost by faults of its own (redial = fix), hour by hour';
comment on column callresult.platform_faults.hour is
    'Hour by the sender''s clock, as the time it begins at; empty for calls without a time';

-- Codes to ask the platform about, and to add to failure_code.
create or replace view callresult.unlisted_codes as
select t.cause_code as code,
       t.calls, t.campaigns
from (
    select cause_code, sum(calls)::bigint as calls, count(distinct campaign_id) as campaigns
    from (
        select campaign_id, cause_code, sum(calls) as calls
        from (
            select campaign_id, cause_code, calls
            from callresult.tally_cause
            union all
            select campaign_id, cause_code, calls
            from callresult.internal_tally_pending
        ) part
        where cause_code is not null
          and not exists (select from callresult.failure_code f where f.code = cause_code)
        group by campaign_id, cause_code
        having sum(calls) <> 0
    ) campaign
    group by cause_code
) t;

comment on view callresult.unlisted_codes is
    'Codes that came and are not in the catalogue failure_code; reports count them under Others';
