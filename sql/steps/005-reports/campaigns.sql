-- How campaigns go, and why calls fail. Each call counts once in every one of these views, whatever its code, time
-- or status, so the sum of calls is the number of results.

-- Half a ten-thousandth is rounded up, as round() does; in whole numbers it takes half the time.
create function callresult.part_of(part bigint, whole bigint)
returns numeric
language sql
immutable parallel safe
return (20000 * part + whole) / (2 * whole) * 0.0001;

comment on function callresult.part_of(bigint, bigint) is 'part / whole to four places';

-- The tally knows the day of the first call and the last, and the index the call; each half of the index is asked. A
-- day may be there of which all results were deleted or changed: then the index is asked without it.
create view callresult.campaign_summary as
with total as (
    select campaign_id, vdn_id, sum(calls)::bigint as calls, sum(answered)::bigint as answered,
           sum(failed)::bigint as failed, min(day) as first_day, max(day) as last_day
    from (
        select campaign_id, vdn_id, day, calls, answered, failed
        from callresult.tally_day
        union all
        select campaign_id, vdn_id, call_hour::date, calls, answered, failed
        from callresult.tally_pending
    ) part
    group by campaign_id, vdn_id
    having sum(calls) <> 0
)
select t.campaign_id, t.vdn_id, t.calls, t.answered, t.failed,
       callresult.part_of(t.answered, t.calls) as answer_rate,
       coalesce(
           least((select min(r.call_time_local)
                  from callresult.call_result r
                  where r.campaign_id = t.campaign_id and r.vdn_id is not distinct from t.vdn_id
                    and r.call_time_local >= t.first_day and r.call_time_local < t.first_day + 1
                    and least(coalesce(octet_length(r.cause_code), 0), 65) <> 65),
                 (select min(r.call_time_local)
                  from callresult.call_result r
                  where r.campaign_id = t.campaign_id and r.vdn_id is not distinct from t.vdn_id
                    and r.call_time_local >= t.first_day and r.call_time_local < t.first_day + 1
                    and least(coalesce(octet_length(r.cause_code), 0), 65) = 65)),
           least((select min(r.call_time_local)
                  from callresult.call_result r
                  where r.campaign_id = t.campaign_id and r.vdn_id is not distinct from t.vdn_id
                    and r.call_time_local >= t.first_day
                    and least(coalesce(octet_length(r.cause_code), 0), 65) <> 65),
                 (select min(r.call_time_local)
                  from callresult.call_result r
                  where r.campaign_id = t.campaign_id and r.vdn_id is not distinct from t.vdn_id
                    and r.call_time_local >= t.first_day
                    and least(coalesce(octet_length(r.cause_code), 0), 65) = 65))) as first_call,
       coalesce(
           greatest((select max(r.call_time_local)
                  from callresult.call_result r
                  where r.campaign_id = t.campaign_id and r.vdn_id is not distinct from t.vdn_id
                    and r.call_time_local >= t.last_day and r.call_time_local < t.last_day + 1
                    and least(coalesce(octet_length(r.cause_code), 0), 65) <> 65),
                 (select max(r.call_time_local)
                  from callresult.call_result r
                  where r.campaign_id = t.campaign_id and r.vdn_id is not distinct from t.vdn_id
                    and r.call_time_local >= t.last_day and r.call_time_local < t.last_day + 1
                    and least(coalesce(octet_length(r.cause_code), 0), 65) = 65)),
           greatest((select max(r.call_time_local)
                  from callresult.call_result r
                  where r.campaign_id = t.campaign_id and r.vdn_id is not distinct from t.vdn_id
                    and r.call_time_local < t.last_day + 1
                    and least(coalesce(octet_length(r.cause_code), 0), 65) <> 65),
                 (select max(r.call_time_local)
                  from callresult.call_result r
                  where r.campaign_id = t.campaign_id and r.vdn_id is not distinct from t.vdn_id
                    and r.call_time_local < t.last_day + 1
                    and least(coalesce(octet_length(r.cause_code), 0), 65) = 65))) as last_call
from total t;

comment on view callresult.campaign_summary is 'How each campaign goes: one row a campaign and virtual call centre';
comment on column callresult.campaign_summary.campaign_id is 'Outbound campaign';
comment on column callresult.campaign_summary.vdn_id is 'Virtual call centre';
comment on column callresult.campaign_summary.calls is 'All calls, whatever their status';
comment on column callresult.campaign_summary.answered is 'Calls answered (status 6)';
comment on column callresult.campaign_summary.failed is
    'Calls failed (status 5); a status the platform does not document counts in calls only';
comment on column callresult.campaign_summary.answer_rate is 'answered / calls, between 0 and 1, to four places';
comment on column callresult.campaign_summary.first_call is 'Time of the first call, as sent';
comment on column callresult.campaign_summary.last_call is 'Time of the last call, as sent';

create view callresult.campaign_daily as
select campaign_id, vdn_id, day, sum(calls)::bigint as calls, sum(answered)::bigint as answered,
       sum(failed)::bigint as failed, callresult.part_of(sum(answered)::bigint, sum(calls)::bigint) as answer_rate
from (
    select campaign_id, vdn_id, day, calls, answered, failed
    from callresult.tally_day
    union all
    select campaign_id, vdn_id, call_hour::date, calls, answered, failed
    from callresult.tally_pending
) part
group by campaign_id, vdn_id, day
having sum(calls) <> 0;

comment on view callresult.campaign_daily is 'How each campaign goes, day by day';
comment on column callresult.campaign_daily.campaign_id is 'Outbound campaign';
comment on column callresult.campaign_daily.vdn_id is 'Virtual call centre';
comment on column callresult.campaign_daily.day is 'Day by the sender''s clock; empty for calls without a time';
comment on column callresult.campaign_daily.calls is 'All calls, whatever their status';
comment on column callresult.campaign_daily.answered is 'Calls answered (status 6)';
comment on column callresult.campaign_daily.failed is
    'Calls failed (status 5); a status the platform does not document counts in calls only';
comment on column callresult.campaign_daily.answer_rate is 'answered / calls, between 0 and 1, to four places';

-- There may be many hours: what is counted of each already is joined to the little that is pending, which is quicker
-- than to sum both. A key for the join may not be NULL, so each that can be is two.
create view callresult.campaign_hourly as
select campaign_id, case when not no_vdn then vdn end as vdn_id, case when not no_hour then began end as hour,
       calls, answered, failed, callresult.part_of(answered, calls) as answer_rate
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
        from callresult.tally_pending
        group by campaign_id, vdn_id, call_hour
    ) p using (campaign_id, vdn, no_vdn, began, no_hour)
) hourly
where calls <> 0;

comment on view callresult.campaign_hourly is 'How each campaign goes, hour by hour';
comment on column callresult.campaign_hourly.campaign_id is 'Outbound campaign';
comment on column callresult.campaign_hourly.vdn_id is 'Virtual call centre';
comment on column callresult.campaign_hourly.hour is
    'Hour by the sender''s clock, as the time it begins at; empty for calls without a time';
comment on column callresult.campaign_hourly.calls is 'All calls, whatever their status';
comment on column callresult.campaign_hourly.answered is 'Calls answered (status 6)';
comment on column callresult.campaign_hourly.failed is
    'Calls failed (status 5); a status the platform does not document counts in calls only';
comment on column callresult.campaign_hourly.answer_rate is 'answered / calls, between 0 and 1, to four places';

create view callresult.failure_breakdown as
select t.campaign_id, t.vdn_id, coalesce(f.category, 'Others') as category,
       case when octet_length(t.cause_key) <= 64 then t.cause_key
            else (select l.cause_code from callresult.tally_long_cause l where l.cause_key = t.cause_key limit 1)
       end as code,
       f.description as cause, t.calls,
       callresult.part_of(t.calls, (sum(t.calls) over (partition by t.campaign_id, t.vdn_id))::bigint) as share
from (
    select campaign_id, vdn_id, cause_key, sum(calls)::bigint as calls
    from (
        select campaign_id, vdn_id, cause_key, calls
        from callresult.tally_cause
        union all
        select campaign_id, vdn_id, cause_key, calls
        from callresult.tally_pending
    ) part
    group by campaign_id, vdn_id, cause_key
    having sum(calls) <> 0
) t
left join callresult.failure_code f on callresult.cause_key(f.code) = t.cause_key;

comment on view callresult.failure_breakdown is
    'Why calls ended as they did, answered ones included: one row a campaign, virtual call centre and code';
comment on column callresult.failure_breakdown.campaign_id is 'Outbound campaign';
comment on column callresult.failure_breakdown.vdn_id is 'Virtual call centre';
comment on column callresult.failure_breakdown.category is
    'Category of the code; Others where it is not in the catalogue, or none was sent';
comment on column callresult.failure_breakdown.code is 'Code in five digits; empty where none was sent';
comment on column callresult.failure_breakdown.cause is
    'The cause in words; empty where the code is not in the catalogue';
comment on column callresult.failure_breakdown.calls is 'Calls that ended with this code';
comment on column callresult.failure_breakdown.share is
    'Their part of all calls of the campaign and virtual call centre, between 0 and 1, to four places';

create view callresult.platform_faults as
select t.call_hour as hour, t.campaign_id, t.vdn_id, f.category, f.code, f.description as cause, t.calls
from (
    select p.call_hour, p.campaign_id, p.vdn_id, p.cause_key, sum(p.calls)::bigint as calls
    from callresult.tally_parts p
    where p.cause_key in (select callresult.cause_key(c.code) from callresult.failure_code c where c.redial = 'fix')
    group by p.call_hour, p.campaign_id, p.vdn_id, p.cause_key
    having sum(p.calls) <> 0
) t
join callresult.failure_code f on callresult.cause_key(f.code) = t.cause_key;

comment on view callresult.platform_faults is
    'Calls the platform lost by faults of its own (redial = fix), hour by hour';
comment on column callresult.platform_faults.hour is
    'Hour by the sender''s clock, as the time it begins at; empty for calls without a time';
comment on column callresult.platform_faults.campaign_id is 'Outbound campaign';
comment on column callresult.platform_faults.vdn_id is 'Virtual call centre';
comment on column callresult.platform_faults.category is 'Category of the code';
comment on column callresult.platform_faults.code is 'Code in five digits';
comment on column callresult.platform_faults.cause is 'The cause in words';
comment on column callresult.platform_faults.calls is 'Calls that ended with this code in this hour';

create view callresult.unlisted_codes as
select case when octet_length(t.cause_key) <= 64 then t.cause_key
            else (select l.cause_code from callresult.tally_long_cause l where l.cause_key = t.cause_key limit 1)
       end as code,
       t.calls, t.campaigns
from (
    select cause_key, sum(calls)::bigint as calls, count(distinct campaign_id) as campaigns
    from (
        select campaign_id, cause_key, sum(calls) as calls
        from (
            select campaign_id, cause_key, calls
            from callresult.tally_cause
            union all
            select campaign_id, cause_key, calls
            from callresult.tally_pending
        ) part
        where cause_key is not null
          and not exists (select from callresult.failure_code f where callresult.cause_key(f.code) = cause_key)
        group by campaign_id, cause_key
        having sum(calls) <> 0
    ) campaign
    group by cause_key
) t;

comment on view callresult.unlisted_codes is
    'Codes that came and are not in the catalogue failure_code; reports count them under Others';
comment on column callresult.unlisted_codes.code is 'Code in five digits, or as sent';
comment on column callresult.unlisted_codes.calls is 'Calls that ended with this code';
comment on column callresult.unlisted_codes.campaigns is 'Campaigns it came in';
