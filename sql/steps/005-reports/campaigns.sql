-- How campaigns go, and why calls fail. Each call counts once in every one of these views, whatever its code, time
-- or status, so the sum of calls is the number of results.

create view callresult.campaign_summary as
select r.campaign_id, r.vdn_id,
       count(*) as calls,
       count(*) filter (where r.call_status = 6) as answered,
       count(*) filter (where r.call_status = 5) as failed,
       round(count(*) filter (where r.call_status = 6) / count(*)::numeric, 4) as answer_rate,
       min(r.call_time_local) as first_call,
       max(r.call_time_local) as last_call
from callresult.call_result r
group by r.campaign_id, r.vdn_id;

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
select r.campaign_id, r.vdn_id, r.call_time_local::date as day,
       count(*) as calls,
       count(*) filter (where r.call_status = 6) as answered,
       count(*) filter (where r.call_status = 5) as failed,
       round(count(*) filter (where r.call_status = 6) / count(*)::numeric, 4) as answer_rate
from callresult.call_result r
group by r.campaign_id, r.vdn_id, r.call_time_local::date;

comment on view callresult.campaign_daily is 'How each campaign goes, day by day';
comment on column callresult.campaign_daily.campaign_id is 'Outbound campaign';
comment on column callresult.campaign_daily.vdn_id is 'Virtual call centre';
comment on column callresult.campaign_daily.day is 'Day by the sender''s clock; empty for calls without a time';
comment on column callresult.campaign_daily.calls is 'All calls, whatever their status';
comment on column callresult.campaign_daily.answered is 'Calls answered (status 6)';
comment on column callresult.campaign_daily.failed is
    'Calls failed (status 5); a status the platform does not document counts in calls only';
comment on column callresult.campaign_daily.answer_rate is 'answered / calls, between 0 and 1, to four places';

create view callresult.campaign_hourly as
select r.campaign_id, r.vdn_id, date_trunc('hour', r.call_time_local) as hour,
       count(*) as calls,
       count(*) filter (where r.call_status = 6) as answered,
       count(*) filter (where r.call_status = 5) as failed,
       round(count(*) filter (where r.call_status = 6) / count(*)::numeric, 4) as answer_rate
from callresult.call_result r
group by r.campaign_id, r.vdn_id, date_trunc('hour', r.call_time_local);

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
select r.campaign_id, r.vdn_id, coalesce(f.category, 'Others') as category, r.cause_code as code,
       f.description as cause, r.calls,
       round(r.calls / sum(r.calls) over (partition by r.campaign_id, r.vdn_id), 4) as share
from (
    select campaign_id, vdn_id, cause_code, count(*) as calls
    from callresult.call_result
    group by campaign_id, vdn_id, cause_code
) r
left join callresult.failure_code f on f.code = r.cause_code;

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
select date_trunc('hour', r.call_time_local) as hour, r.campaign_id, r.vdn_id,
       f.category, f.code, f.description as cause, count(*) as calls
from callresult.call_result r
join callresult.failure_code f on f.code = r.cause_code
where f.redial = 'fix'
group by date_trunc('hour', r.call_time_local), r.campaign_id, r.vdn_id, f.category, f.code, f.description;

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
select r.cause_code as code, count(*) as calls, count(distinct r.campaign_id) as campaigns,
       date_trunc('hour', min(r.call_time_local)) as first_hour,
       date_trunc('hour', max(r.call_time_local)) as last_hour
from callresult.call_result r
where r.cause_code is not null
  and not exists (select from callresult.failure_code f where f.code = r.cause_code)
group by r.cause_code;

comment on view callresult.unlisted_codes is
    'Codes that came and are not in the catalogue failure_code; reports count them under Others';
comment on column callresult.unlisted_codes.code is 'Code in five digits, or as sent';
comment on column callresult.unlisted_codes.calls is 'Calls that ended with this code';
comment on column callresult.unlisted_codes.campaigns is 'Campaigns it came in';
comment on column callresult.unlisted_codes.first_hour is 'Hour of the first such call by the sender''s clock';
comment on column callresult.unlisted_codes.last_hour is 'Hour of the last such call by the sender''s clock';
