-- Lists to work from: numbers to call again, numbers to strike, recordings to fetch before their links expire.
--
-- A number is judged in its campaign by its last attempt, so it is in one of the two lists at most. Of attempts at
-- the same second the one that arrived last is the last; an attempt without a time is older than any with one.

-- The results of one campaign: the campaign first, then its own time, so that the entries of a day lie together.
-- The numbers and causes stand in the index too, so the lists read it alone and not the results, which are spread
-- over the table among those of other campaigns. A failure code may be longer than an index takes, so
-- results with such codes are in an index of their own. The condition is written with "=" for the planner's sake:
-- it takes that for rare without asking, and "<>" for common.
create index call_result_campaign on callresult.call_result (campaign_id, call_time_local)
    include (called, received_at, call_status, vdn_id, cause_code)
    where least(coalesce(octet_length(cause_code), 0), 65) <> 65;
create index call_result_campaign_long on callresult.call_result (campaign_id, call_time_local)
    where least(coalesce(octet_length(cause_code), 0), 65) = 65;

-- All results, put together so that either half finds its index.
create view callresult.result_rows as
select *
from callresult.call_result
where least(coalesce(octet_length(cause_code), 0), 65) <> 65
union all
select *
from callresult.call_result
where least(coalesce(octet_length(cause_code), 0), 65) = 65;

-- As in step 2, by way of the indexes above.
create or replace view callresult.calls as
select r.campaign_id, r.vdn_id, r.called, r.call_time_local, r.call_time,
       r.call_status, r.call_status = 6 as answered,
       r.fail_code, r.cause_code,
       coalesce(f.category, 'Others') as category, f.description as cause, f.redial,
       r.session_id, r.call_id, r.custom_field, r.record_path, r.extra,
       r.push_id, r.received_at, r.revision
from callresult.result_rows r
left join callresult.failure_code f on f.code = r.cause_code;

-- Sorted by bytes, which is quicker; the number itself is of the database's collation again.
create view callresult.called_numbers as
select a.campaign_id, a.vdn_id, a.called collate "default" as called, a.attempts, a.answered,
       a.call_time_local as last_call, a.cause_code
from (
    select r.campaign_id, r.vdn_id, r.called, r.call_time_local, r.cause_code,
           row_number() over number as place,
           count(*) over number as attempts,
           bool_or(r.call_status = 6) over number as answered
    from (
        select campaign_id, vdn_id, called collate "C" as called, call_time_local, received_at, call_status,
               cause_code
        from callresult.result_rows
        where called is not null
    ) r
    window number as (
        partition by r.campaign_id, r.called
        order by r.call_time_local desc nulls last, r.received_at desc, r.cause_code, r.vdn_id
        rows between unbounded preceding and unbounded following)
) a
where a.place = 1;

comment on view callresult.called_numbers is 'Each number a campaign called, with its last attempt';
comment on column callresult.called_numbers.campaign_id is 'Outbound campaign';
comment on column callresult.called_numbers.vdn_id is 'Virtual call centre of the last attempt';
comment on column callresult.called_numbers.called is 'Called number';
comment on column callresult.called_numbers.attempts is 'Calls to it in the campaign';
comment on column callresult.called_numbers.answered is 'Whether any of them was answered';
comment on column callresult.called_numbers.last_call is 'Time of the last attempt, as sent';
comment on column callresult.called_numbers.cause_code is 'Failure code of the last attempt, in five digits';

create view callresult.redial_candidates as
select n.campaign_id, n.vdn_id, n.called, n.attempts, n.last_call, f.code, f.description as cause, f.redial
from callresult.called_numbers n
join callresult.failure_code f on f.code = n.cause_code
where not n.answered and f.redial in ('soon', 'later', 'fix');

comment on view callresult.redial_candidates is
    'Numbers no call of the campaign reached, in whichever virtual call centre, and whose last attempt is worth '
    'repeating';
comment on column callresult.redial_candidates.campaign_id is 'Outbound campaign';
comment on column callresult.redial_candidates.vdn_id is 'Virtual call centre of the last attempt';
comment on column callresult.redial_candidates.called is 'Called number';
comment on column callresult.redial_candidates.attempts is 'Calls to it in the campaign so far';
comment on column callresult.redial_candidates.last_call is 'Time of the last attempt, as sent';
comment on column callresult.redial_candidates.code is 'Failure code of the last attempt, in five digits';
comment on column callresult.redial_candidates.cause is 'The same in words';
comment on column callresult.redial_candidates.redial is
    'When: soon = the same day, later = another day, fix = once the platform''s fault is cured';

create view callresult.invalid_numbers as
select n.campaign_id, n.vdn_id, n.called, n.attempts, n.last_call, f.code, f.description as cause
from callresult.called_numbers n
join callresult.failure_code f on f.code = n.cause_code
where f.redial = 'never';

comment on view callresult.invalid_numbers is
    'Numbers to strike: the last attempt in the campaign says that the number is no use (redial = never)';
comment on column callresult.invalid_numbers.campaign_id is 'Outbound campaign';
comment on column callresult.invalid_numbers.vdn_id is 'Virtual call centre of the last attempt';
comment on column callresult.invalid_numbers.called is 'Called number';
comment on column callresult.invalid_numbers.attempts is 'Calls to it in the campaign so far';
comment on column callresult.invalid_numbers.last_call is 'Time of the last attempt, as sent';
comment on column callresult.invalid_numbers.code is 'Failure code of the last attempt, in five digits';
comment on column callresult.invalid_numbers.cause is 'The same in words';

-- When a signed link expires, by its query string; NULL where that does not say, or says what is no date. Knows
--   X-Amz-Date and X-Amz-Expires, and the same of other makers (X-Goog-, x-oss-, X-Tos- ...): from when, seconds
--   Expires: seconds since 1970 (S3 version 2, CloudFront, OBS, OSS)
--   q-sign-time: from;to in seconds since 1970 (COS)
--   e, beside a token: seconds since 1970 (Qiniu)
--   se: a UTC time (Azure)
-- Each value is checked for its form before it is read, so that no link can make a report fail.
create function callresult.link_expiry(link text)
returns timestamptz
language plpgsql
immutable strict parallel safe
as $$
declare
    query   text := replace(replace(lower(substr(link, strpos(link, '?') + 1)), '%3a', ':'), '%3b', ';');
    since   text;
    lasts   text := '0';
    until   text;
    day     date;
begin
    if strpos(link, '?') = 0 then
        return null;
    end if;
    query := '&' || query || '&';

    if strpos(query, '-expires=') > 0 then
        since := split_part(split_part(query, '-date=', 2), '&', 1);
        lasts := split_part(split_part(query, '-expires=', 2), '&', 1);
    elsif strpos(query, '&expires=') > 0 then
        until := split_part(split_part(query, '&expires=', 2), '&', 1);
    elsif strpos(query, '&q-sign-time=') > 0 then
        until := split_part(split_part(split_part(query, '&q-sign-time=', 2), '&', 1), ';', 2);
    elsif strpos(query, '&token=') > 0 then
        until := split_part(split_part(query, '&e=', 2), '&', 1);
    else
        since := regexp_replace(split_part(split_part(query, '&se=', 2), '&', 1), '[-:]|[.][0-9]+', '', 'g');
    end if;

    if until ~ '^[0-9]{1,11}$' then
        return to_timestamp(until::bigint);
    end if;
    since := regexp_replace(since, '^([0-9]{8}t[0-9]{4})z$', '\100z');
    if since !~ '^[12][0-9]{3}(0[1-9]|1[0-2])[0-3][0-9]t([01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]z$'
       or since is null or lasts !~ '^[0-9]{1,9}$'
    then
        return null;
    end if;
    -- a day that the month has not falls into another month
    day := make_date(substr(since, 1, 4)::integer, substr(since, 5, 2)::integer, 1)
           + (substr(since, 7, 2)::integer - 1);
    if extract(month from day) <> substr(since, 5, 2)::integer then
        return null;
    end if;
    return (day + make_time(substr(since, 10, 2)::integer, substr(since, 12, 2)::integer,
                            substr(since, 14, 2)::integer)) at time zone 'UTC'
           + make_interval(secs => lasts::integer);
end
$$;

comment on function callresult.link_expiry(text) is
    'When a signed link expires, by its query string; empty where that does not say';

create view callresult.recordings as
select r.campaign_id, r.vdn_id, r.called, r.call_time_local, r.session_id, r.call_id,
       regexp_replace(r.record_path, '[?#].*$', '') as record_path,
       callresult.link_expiry(r.record_path) as expires_at
from callresult.result_rows r
where r.call_status = 6 and r.record_path is not null;

comment on view callresult.recordings is 'Answered calls that have a recording';
comment on column callresult.recordings.campaign_id is 'Outbound campaign';
comment on column callresult.recordings.vdn_id is 'Virtual call centre';
comment on column callresult.recordings.called is 'Called number';
comment on column callresult.recordings.call_time_local is 'Time of the call as sent, without a zone';
comment on column callresult.recordings.session_id is 'Session of the call on the platform';
comment on column callresult.recordings.call_id is 'Identifier of the call';
comment on column callresult.recordings.record_path is
    'Where the recording is, without the query string, which may be a secret; the whole is in calls';
comment on column callresult.recordings.expires_at is
    'When the signed link stops working; empty where it is not signed, or in a way not known';
