-- The counts as rows. Names of views that are for other views only begin with internal_.

-- What is counted in the journal and not folded yet.
create or replace view callresult.internal_tally_pending as
select campaign_id, vdn_id, call_hour, call_status, cause_code, calls,
       case when call_status = 6 then calls else 0 end as answered,
       case when call_status = 5 then calls else 0 end as failed
from (
    select unnest(campaign_id) as campaign_id, unnest(vdn_id) as vdn_id, unnest(call_hour) as call_hour,
           unnest(call_status) as call_status, unnest(cause_code) as cause_code, sign * unnest(calls) as calls
    from callresult.tally_journal
) j;

-- All counts in detail, folded or not. A key may have several rows.
create or replace view callresult.internal_tally_parts as
select campaign_id, unnest(vdn_id) as vdn_id, unnest(call_hour) as call_hour, unnest(call_status) as call_status,
       unnest(cause_code) as cause_code, unnest(calls) as calls
from callresult.tally_detail
union all
select campaign_id, vdn_id, call_hour, call_status, cause_code, calls
from callresult.internal_tally_pending;

-- The calls of each campaign, hour, status and cause: the report to make other reports of, fast at any size.
create or replace view callresult.call_tally as
select campaign_id, vdn_id, call_hour as hour, call_status, cause_code, sum(calls)::bigint as calls
from callresult.internal_tally_parts
group by campaign_id, vdn_id, call_hour, call_status, cause_code
having sum(calls) <> 0;

-- Calls that were answered and found no agent, by their codes. A join needs keys that are not NULL, so each that may be
-- is two columns.
create or replace view callresult.internal_tally_abandoned as
select campaign_id, coalesce(vdn_id, 0) as vdn, vdn_id is null as no_vdn, coalesce(call_hour, '-infinity') as began,
       sum(calls)::bigint as calls
from callresult.internal_tally_parts
where cause_code in (select code from callresult.failure_code where abandoned)
group by campaign_id, vdn_id, call_hour;

comment on view callresult.internal_tally_abandoned is
    'Calls whose code says abandoned, by campaign, virtual call centre and hour';
comment on view callresult.internal_tally_pending is 'tally_journal as rows: what is counted and not yet folded';
comment on view callresult.internal_tally_parts is
    'tally_detail and tally_journal as rows; one key may have several, and call_tally sums them';
comment on view callresult.call_tally is 'Calls counted by campaign, virtual call centre, hour, status and cause';
