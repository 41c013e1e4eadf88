-- Which content of a result stands when it comes again with other content.
--
-- The content that arrived last stands, in whatever order the two are stored; the other goes to call_result_revision.
-- store() makes a live push arrive after whatever stands. A time in the future is never believed.
--
-- Numbers: the content laid aside takes the number the row had, and the row takes the next. So the history of a result
-- is 0, 1, 2 ... in the order of laying aside, and the row's own number is how many there are. This holds for late
-- content too (an old push that comes out of a spool after a newer one): it is laid aside itself, and the row stays,
-- under the next number. Late content that the history already has, from a twin of its push, is not kept twice, and the
-- row does not change. Equal content that comes again makes no revision, but updates the time of arrival.
--
-- The row is locked when this runs, so one transaction at a time reads and writes the history of a result. The lookup
-- spells out "= or both NULL" and is planned for the values at hand, since IS NOT DISTINCT FROM cannot use an index.

create or replace function callresult.keep_content()
returns trigger
language plpgsql
set plan_cache_mode = force_custom_plan
as $$
declare
    aside   callresult.call_result := old;
begin
    if (old.call_status, old.fail_code, old.cause_code, old.custom_field, old.record_path, old.extra)
       is not distinct from
       (new.call_status, new.fail_code, new.cause_code, new.custom_field, new.record_path, new.extra)
    then
        old.last_received_at := greatest(old.last_received_at, old.received_at, new.received_at);
        old.arrived_at := greatest(old.arrived_at, new.arrived_at);
        return old;
    end if;

    if new.arrived_at >= least(old.arrived_at, now()) then
        new.revision := old.revision + 1;
        new.last_received_at := null;
    elsif exists (
        select from callresult.call_result_revision h
        where (h.call_time_local = new.call_time_local
               or new.call_time_local is null and h.call_time_local is null)
          and (h.vdn_id = new.vdn_id or new.vdn_id is null and h.vdn_id is null)
          and h.campaign_id = new.campaign_id
          and (h.session_id = new.session_id or new.session_id is null and h.session_id is null)
          and (h.called = new.called or new.called is null and h.called is null)
          and (h.call_id = new.call_id or new.call_id is null and h.call_id is null)
          and (h.call_status, h.fail_code, h.cause_code, h.custom_field, h.record_path, h.extra)
              is not distinct from
              (new.call_status, new.fail_code, new.cause_code, new.custom_field, new.record_path, new.extra))
    then
        return null;
    else
        aside := new;
        aside.revision := old.revision;
        new := old;
        new.revision := old.revision + 1;
    end if;

    insert into callresult.call_result_revision (
        campaign_id, session_id, called, call_id, call_time_local, call_time, call_status, fail_code, cause_code,
        vdn_id, custom_field, record_path, extra, push_id, received_at, arrived_at, revision, superseded_by)
    values (
        aside.campaign_id, aside.session_id, aside.called, aside.call_id, aside.call_time_local, aside.call_time,
        aside.call_status, aside.fail_code, aside.cause_code, aside.vdn_id, aside.custom_field, aside.record_path,
        aside.extra, aside.push_id, aside.received_at, aside.arrived_at, aside.revision, new.push_id);
    return new;
end
$$;

comment on function callresult.keep_content() is
    'Lets the content that arrived last stand and keeps the other in call_result_revision';

-- Only for the content of another push: an UPDATE by the owner makes no revision.
create or replace trigger keep_content before update on callresult.call_result
    for each row when (new.push_id is distinct from old.push_id)
    execute function callresult.keep_content();
