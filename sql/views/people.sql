-- People instead of numbers, calls that found no agent, silence, and calls with the numbers masked.

-- Each person that a campaign called, reached or not. One sessionId is one person, who may have several numbers.
create or replace view callresult.contacts as
select c.campaign_id, c.session_id, c.numbers, c.attempts, c.reached, c.last_call, c.code,
       coalesce(f.category, 'Others') as category, f.cause, f.redial, c.reached_at
from (
    select campaign_id, session_id,
           array_agg(distinct called) filter (where called is not null) as numbers,
           array_agg(distinct called) filter (where called is not null and call_status = 6) as reached_at,
           count(*) as attempts,
           bool_or(call_status = 6) as reached,
           max(call_time_local) as last_call,
           (array_agg(cause_code order by call_time_local desc nulls last, received_at desc, cause_code))[1] as code
    from callresult.call_result
    where session_id is not null
    group by campaign_id, session_id
) c
left join callresult.internal_cause f on f.code = c.code;

comment on view callresult.contacts is
    'Each person a campaign called, by all numbers of the session, with the last attempt';
comment on column callresult.contacts.numbers is 'Numbers that were called';
comment on column callresult.contacts.attempts is 'Calls to any of them';
comment on column callresult.contacts.reached is 'Whether any of the calls was answered';
comment on column callresult.contacts.reached_at is 'Numbers that answered';

-- The abandoned rate that the law limits in many countries. Calls dated far ahead are not of the last 30 days; the
-- clock of the calls may be up to a day ahead of the session's.
create or replace view callresult.abandon_30_days as
select campaign_id, vdn_id, answered, abandoned, callresult.part_of(abandoned, answered + abandoned) as abandon_rate
from (
    select campaign_id, vdn_id, coalesce(sum(answered), 0)::bigint as answered,
           coalesce(sum(abandoned), 0)::bigint as abandoned
    from (
        select p.campaign_id, p.vdn_id, case when p.call_status = 6 then p.calls end as answered,
               case when f.abandoned then p.calls end as abandoned
        from callresult.internal_tally_parts p
        left join callresult.failure_code f on f.code = p.cause_code
        where p.call_hour between localtimestamp - interval '30 days' and localtimestamp + interval '1 day'
    ) part
    group by campaign_id, vdn_id
) t
where answered + abandoned > 0;

comment on view callresult.abandon_30_days is
    'Share of the calls of the last 30 days that were answered but found no agent; the law limits it in many countries';

-- Campaigns that have fallen silent. Compares the last whole hour with the same hour of the same weekday in the four
-- weeks before, so that neither nights nor weekends count as silence. By the session's clock: set timezone to that of
-- the calls.
create or replace view callresult.quiet_campaigns as
select campaign_id, vdn_id, hour, calls, round(usual, 1) as usual
from (
    select campaign_id, vdn_id, date_trunc('hour', localtimestamp) - interval '1 hour' as hour,
           coalesce(sum(p.calls) filter (where age = 0), 0)::bigint as calls,
           coalesce(sum(p.calls) filter (where age > 0), 0) / 4 as usual
    from (select campaign_id, vdn_id, calls,
                 extract(day from date_trunc('hour', localtimestamp) - interval '1 hour' - call_hour)::integer
                     / 7 as age
          from callresult.internal_tally_parts
          where call_hour in (select date_trunc('hour', localtimestamp) - interval '1 hour' - week * interval '7 days'
                              from generate_series(0, 4) week)) p
    group by campaign_id, vdn_id
) h
where usual >= 5 and calls < usual / 10;

comment on view callresult.quiet_campaigns is
    'Campaigns with less than a tenth of the calls that the hour usually has, by the four weeks before';
comment on column callresult.quiet_campaigns.hour is 'The last whole hour, as the time it begins at';
comment on column callresult.quiet_campaigns.calls is 'Calls in it';
comment on column callresult.quiet_campaigns.usual is 'Calls on average in that hour of that weekday, over four weeks';

-- Calls for analysts, who need no person: without sessions, call ids, free text and recordings, and with masked
-- numbers. A number of fewer than eight characters is masked whole.
create or replace view callresult.calls_masked as
select campaign_id, vdn_id,
       case when char_length(called) >= 8 then left(called, 3) || repeat('*', char_length(called) - 5)
           || right(called, 2)
            else regexp_replace(called, '.', '*', 'g') end as called,
       call_time_local, call_time, call_status, answered, fail_code, cause_code, category, cause, redial, received_at,
       revision
from callresult.calls;

comment on view callresult.calls_masked is 'Every call result once, without what identifies the person';
comment on column callresult.calls_masked.called is
    'First three and last two signs of the number called, the rest masked';
