-- Every result, and lists to work from: numbers to call again, numbers to strike, recordings to fetch before their links
-- expire.
--
-- A number is judged in its campaign by its last attempt, so it is in one of the two lists at most. Of attempts at
-- the same second the one that arrived last is the last; an attempt without a time is older than any with one.

-- Every result once: the joins are to keys, and a code that is missing or not in the catalogue costs no row.
create or replace view callresult.calls as
select r.campaign_id, r.vdn_id, r.called, r.call_time_local, r.call_time,
       r.call_status, r.call_status = 6 as answered,
       r.fail_code, r.cause_code,
       coalesce(f.category, 'Others') as category, f.description as cause, f.redial,
       r.session_id, r.call_id, r.custom_field, r.record_path, r.extra,
       r.push_id, r.received_at, r.revision
from callresult.call_result r
left join callresult.failure_code f on f.code = r.cause_code;

comment on view callresult.calls is 'Every call result once, with the meaning of its failure code';
comment on column callresult.calls.category is
    'Category of the cause; Others where the code is not in the catalogue';
comment on column callresult.calls.cause is
    'The cause in words; empty where the code is not in the catalogue';
comment on column callresult.calls.record_path is
    'Where the recording is; may be a signed link, and so a secret';

create or replace view callresult.called_numbers as
select a.campaign_id, a.vdn_id, a.called, a.attempts, a.answered,
       a.call_time_local as last_call, a.cause_code
from (
    select r.campaign_id, r.vdn_id, r.called, r.call_time_local, r.cause_code,
           row_number() over number as place,
           count(*) over number as attempts,
           bool_or(r.call_status = 6) over number as answered
    from (
        select campaign_id, vdn_id, called, call_time_local, received_at, call_status,
               cause_code
        from callresult.call_result
        where called is not null
    ) r
    window number as (
        partition by r.campaign_id, r.called
        order by r.call_time_local desc nulls last, r.received_at desc, r.cause_code, r.vdn_id
        rows between unbounded preceding and unbounded following)
) a
where a.place = 1;

comment on view callresult.called_numbers is 'Each number a campaign called, with its last attempt';

create or replace view callresult.redial_candidates as
select n.campaign_id, n.vdn_id, n.called, n.attempts, n.last_call, f.code, f.description as cause, f.redial
from callresult.called_numbers n
join callresult.failure_code f on f.code = n.cause_code
where not n.answered and f.redial in ('soon', 'later', 'fix');

comment on view callresult.redial_candidates is
    'Numbers no call of the campaign reached, in whichever virtual call centre, and whose last attempt is worth '
    'repeating';

create or replace view callresult.invalid_numbers as
select n.campaign_id, n.vdn_id, n.called, n.attempts, n.last_call, f.code, f.description as cause
from callresult.called_numbers n
join callresult.failure_code f on f.code = n.cause_code
where f.redial = 'never';

comment on view callresult.invalid_numbers is
    'Numbers to strike: the last attempt in the campaign says that the number is no use (redial = never)';

create or replace view callresult.recordings as
select r.campaign_id, r.vdn_id, r.called, r.call_time_local, r.session_id, r.call_id,
       regexp_replace(r.record_path, '[?#].*$', '') as record_path,
       callresult.link_expiry(r.record_path) as expires_at
from callresult.call_result r
where r.call_status = 6 and r.record_path is not null;

comment on view callresult.recordings is 'Answered calls that have a recording';
comment on column callresult.recordings.record_path is
    'Where the recording is, without the query string, which may be a secret; the whole is in calls';
comment on column callresult.recordings.expires_at is
    'When the signed link stops working; empty where it is not signed, or in a way not known';
