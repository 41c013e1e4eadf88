-- Lists to work from: numbers to call again, numbers to strike, recordings to fetch before their links expire.
--
-- A number is judged in its campaign by its last attempt, so it is in one of the two lists at most. Of attempts at
-- the same second the one that arrived last is the last; an attempt without a time is older than any with one.

-- Scans of one campaign: the campaign first, then its own time, so that the entries of a day lie together.
create index call_result_campaign on callresult.call_result (campaign_id, call_time_local);

create view callresult.called_numbers as
select distinct on (r.campaign_id, r.called)
       r.campaign_id, r.vdn_id, r.called,
       count(*) over number as attempts,
       bool_or(r.call_status = 6) over number as answered,
       r.call_time_local as last_call, r.cause_code
from callresult.call_result r
where r.called is not null
window number as (partition by r.campaign_id, r.called)
order by r.campaign_id, r.called, r.call_time_local desc nulls last, r.received_at desc, r.call_id desc nulls last,
         r.session_id desc nulls last, r.vdn_id desc nulls last;

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
--   Expires, or e with a token: seconds since 1970 (S3 version 2, CloudFront, OBS, OSS, Qiniu)
--   q-sign-time: from;to in seconds since 1970 (COS)
--   se: a UTC time (Azure)
-- Each value is checked for its form before it is read, so that no link can make a report fail.
create function callresult.link_expiry(link text)
returns timestamptz
language sql
immutable strict parallel safe
begin atomic
    select case
        when made is not null and lasts is not null then
            to_timestamp(extract(epoch from
                make_date(made[1]::int, made[2]::int, 1) + (made[3]::int - 1)
                + make_time(made[4]::int, made[5]::int, made[6]::int)) + lasts::int)
        when upto is not null then to_timestamp(upto::bigint)
        when until is not null then
            to_timestamp(extract(epoch from
                make_date(until[1]::int, until[2]::int, 1) + (until[3]::int - 1)
                + make_time(until[4]::int, until[5]::int, coalesce(until[6], '0')::int)))
    end
    from (select substr(link, nullif(strpos(link, '?'), 0)) as query) q
    cross join lateral (select
        regexp_match(query, '[?&]x-[a-z]+-date=([12][0-9]{3})(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])'
                            't([01][0-9]|2[0-3])([0-5][0-9])([0-5][0-9])z(?:&|$)', 'i') as made,
        (regexp_match(query, '[?&]x-[a-z]+-expires=([0-9]{1,9})(?:&|$)', 'i'))[1] as lasts,
        coalesce((regexp_match(query, '[?&]expires=([0-9]{1,11})(?:&|$)', 'i'))[1],
                 (regexp_match(query, '[?&]q-sign-time=[0-9]{1,11}(?:;|%3b)([0-9]{1,11})(?:&|$)', 'i'))[1],
                 (regexp_match(query, '[?&]e=([0-9]{1,11})&(?:.*&)?token=', 'i'))[1]) as upto,
        regexp_match(query, '[?&]se=([12][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])'
                            't([01][0-9]|2[0-3])(?::|%3a)([0-5][0-9])(?:(?::|%3a)([0-5][0-9]))?(?:\.[0-9]+)?z(?:&|$)', 'i')
            as until
    ) found;
end;

comment on function callresult.link_expiry(text) is
    'When a signed link expires, by its query string; empty where that does not say';

create view callresult.recordings as
select r.campaign_id, r.vdn_id, r.called, r.call_time_local, r.session_id, r.call_id,
       regexp_replace(r.record_path, '[?#].*$', '') as record_path,
       callresult.link_expiry(r.record_path) as expires_at
from callresult.call_result r
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
