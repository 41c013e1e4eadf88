-- Every result, and lists to work from: numbers to call again, numbers to delete, recordings to fetch before their
-- links expire, and results that were corrected.
--
-- A number's last attempt in the campaign decides, so it is in one of the two lists of numbers at most. Of attempts in
-- the same second the one that arrived last is the last; an attempt without a time is older than any with one.

-- The failure catalogue, in the language that the session has chosen with callresult.lang, where that has a text. Views
-- join it, since a function would be called for each of perhaps millions of calls.
create or replace view callresult.internal_cause as
select c.code, c.category, coalesce(t.description, c.description) as cause, c.redial
from callresult.failure_code c
left join callresult.failure_text t on t.code = c.code and t.lang = current_setting('callresult.lang', true);

comment on view callresult.internal_cause is 'failure_code with the cause in callresult.lang if it has a text there';

-- Every result once, with its cause in words. The joins are left joins to keys, so none adds or loses a row. A query
-- that does not ask for source or first_received_at looks up neither the push nor the revisions.
create or replace view callresult.calls as
select r.campaign_id, r.vdn_id, r.called, r.call_time_local, r.call_time,
       r.call_status, r.call_status = 6 as answered,
       r.fail_code, r.cause_code,
       coalesce(f.category, 'Others') as category, f.cause, f.redial,
       r.session_id, r.call_id, r.custom_field, r.record_path, r.extra,
       r.push_id, r.received_at, r.revision, n.name as campaign,
       (select p.source from callresult.push p where p.received_at = r.received_at and p.id = r.push_id) as source,
       case when r.revision = 0 then r.received_at
            else (select least(r.received_at, min(h.received_at))
                  from callresult.call_result_revision h
                  where h.campaign_id = r.campaign_id
                    and (h.call_time_local = r.call_time_local
                         or h.call_time_local is null and r.call_time_local is null)
                    and (h.vdn_id, h.session_id, h.called, h.call_id)
                        is not distinct from (r.vdn_id, r.session_id, r.called, r.call_id))
       end as first_received_at
from callresult.call_result r
left join callresult.internal_cause f on f.code = r.cause_code
left join callresult.campaign n on n.campaign_id = r.campaign_id;

comment on view callresult.calls is 'Every call result once, with the meaning of its failure code';
comment on column callresult.calls.category is
    'Category of the cause; Others where the code is not in the catalogue';
comment on column callresult.calls.cause is
    'The cause in words; empty where the code is not in the catalogue';
comment on column callresult.calls.record_path is
    'Where the recording is; may be a signed link, and so a secret';

-- Each number a campaign called, with its last attempt.
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

-- Whom to call again, and whether the person was reached at another number meanwhile.
create or replace view callresult.redial_candidates as
select n.campaign_id, n.vdn_id, n.called, n.attempts, n.last_call, f.code, f.cause, f.redial,
       coalesce(p.reached, false) as reached_elsewhere
from callresult.called_numbers n
join callresult.internal_cause f on f.code = n.cause_code
left join (
    select r.campaign_id, r.called, bool_or(c.reached) as reached
    from callresult.call_result r
    join (
        select campaign_id, session_id, bool_or(call_status = 6) as reached
        from callresult.call_result
        where session_id is not null
        group by campaign_id, session_id
    ) c using (campaign_id, session_id)
    group by r.campaign_id, r.called
) p on p.campaign_id = n.campaign_id and p.called = n.called
where not n.answered and f.redial in ('soon', 'later', 'fix');

comment on column callresult.redial_candidates.reached_elsewhere is
    'Whether a person with this number (sessionId) answered at another number of the campaign';
comment on view callresult.redial_candidates is
    'Numbers that no call of the campaign reached, in any virtual call centre, and whose last attempt is worth '
    'repeating';

-- Which numbers to delete from the lists.
create or replace view callresult.invalid_numbers as
select n.campaign_id, n.vdn_id, n.called, n.attempts, n.last_call, f.code, f.cause
from callresult.called_numbers n
join callresult.internal_cause f on f.code = n.cause_code
where f.redial = 'never';

comment on view callresult.invalid_numbers is
    'Numbers to delete from lists: of no use, by the last attempt in the campaign (redial = never)';

-- Which recordings to fetch, and until when.
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
    'When the signed link stops working; empty where it is not signed, or in an unknown way';

-- What results said before and say now. Parts of an identity may be NULL; campaign and time are compared so that the
-- index can be used, since IS NOT DISTINCT FROM cannot.
create or replace view callresult.corrections as
select h.campaign_id, h.vdn_id, h.called, h.call_time_local, h.session_id, h.call_id,
       h.call_status as status_before, r.call_status as status_now,
       h.cause_code as code_before, r.cause_code as code_now,
       h.received_at as received_before, h.kept_at as changed_at, h.revision,
       (select jsonb_object_agg(key, jsonb_build_array(before.value, now.value))
        from jsonb_each(to_jsonb(h)) before
        join jsonb_each(to_jsonb(r)) now using (key)
        where key in ('call_status', 'fail_code', 'custom_field', 'record_path', 'extra')
          and before.value <> now.value) as changes
from callresult.call_result_revision h
join callresult.call_result r
  on r.campaign_id = h.campaign_id
     and (r.call_time_local = h.call_time_local or r.call_time_local is null and h.call_time_local is null)
     and (r.vdn_id, r.session_id, r.called, r.call_id)
         is not distinct from (h.vdn_id, h.session_id, h.called, h.call_id);

comment on view callresult.corrections is
    'What results said before and what they say now, a row each time other content came';
comment on column callresult.corrections.status_before is 'Status before: 5 failed, 6 answered';
comment on column callresult.corrections.status_now is 'Status now';
comment on column callresult.corrections.code_before is 'Failure code before, in five digits';
comment on column callresult.corrections.code_now is 'Failure code now, in five digits';
comment on column callresult.corrections.received_before is 'When the replaced content arrived';
comment on column callresult.corrections.changes is
    'Each field that says something else now, with what it said before and what it says now';
comment on column callresult.corrections.changed_at is 'When it was replaced';
comment on column callresult.corrections.revision is
    'Number in the order in which the contents of one result were replaced: 0, 1, 2 and so on';
