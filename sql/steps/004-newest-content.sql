-- Step 4, first part: the newest content stands even when it is older content that came again, and a push
-- stored twice counts its refused texts once.
--
-- Content X, then Y while the database is away, then X once more, then Y out of the spool: X was received
-- last and has to stand. So equal content that comes again leaves its time of arrival at the row. It makes no
-- revision and stays a duplicate.

alter table callresult.call_result add column last_received_at timestamptz;

comment on column callresult.call_result.last_received_at is
    'When the same content came last, from any push; empty when it came once';

-- As in step 3, with the time of arrival of content that came again.
create or replace function callresult.keep_content()
returns trigger
language plpgsql
set plan_cache_mode = force_custom_plan
as $$
declare
    stood_at    timestamptz := coalesce(old.last_received_at, old.received_at);
begin
    if (old.call_status, old.fail_code, old.cause_code, old.custom_field, old.record_path, old.extra)
       is not distinct from
       (new.call_status, new.fail_code, new.cause_code, new.custom_field, new.record_path, new.extra)
    then
        old.last_received_at := greatest(stood_at, new.received_at);
        return old;
    end if;

    if new.received_at <= stood_at and exists (
        select from callresult.call_result_revision h
        where (h.call_time_local = new.call_time_local
               or new.call_time_local is null and h.call_time_local is null)
          and (h.vdn_id = new.vdn_id or new.vdn_id is null and h.vdn_id is null)
          and h.campaign_id = new.campaign_id
          and (h.session_id = new.session_id or new.session_id is null and h.session_id is null)
          and (h.called = new.called or new.called is null and h.called is null)
          and (h.call_id = new.call_id or new.call_id is null and h.call_id is null)
          and (h.push_id = new.push_id
               or new.received_at < stood_at
                  and (h.call_status, h.fail_code, h.cause_code, h.custom_field, h.record_path, h.extra)
                      is not distinct from
                      (new.call_status, new.fail_code, new.cause_code, new.custom_field, new.record_path,
                       new.extra)))
    then
        return null;
    end if;

    if new.received_at >= stood_at then
        insert into callresult.call_result_revision (
            campaign_id, session_id, called, call_id, call_time_local, call_time, call_status, fail_code,
            cause_code, vdn_id, custom_field, record_path, extra, push_id, received_at, revision,
            superseded_by)
        values (
            old.campaign_id, old.session_id, old.called, old.call_id, old.call_time_local, old.call_time,
            old.call_status, old.fail_code, old.cause_code, old.vdn_id, old.custom_field, old.record_path,
            old.extra, old.push_id, old.received_at, old.revision, new.push_id);
        new.revision := old.revision + 1;
        new.last_received_at := null;
        return new;
    end if;

    insert into callresult.call_result_revision (
        campaign_id, session_id, called, call_id, call_time_local, call_time, call_status, fail_code,
        cause_code, vdn_id, custom_field, record_path, extra, push_id, received_at, revision, superseded_by)
    values (
        new.campaign_id, new.session_id, new.called, new.call_id, new.call_time_local, new.call_time,
        new.call_status, new.fail_code, new.cause_code, new.vdn_id, new.custom_field, new.record_path,
        new.extra, new.push_id, new.received_at, old.revision, old.push_id);
    old.revision := old.revision + 1;
    return old;
end
$$;

-- As in step 3, for the times themselves as well as for their months: it looks once at each run of times in one
-- month.
create or replace function callresult.make_months(parent text, months timestamp[])
returns void
language plpgsql
as $$
declare
    this_month  timestamp := date_trunc('month', now() at time zone 'UTC');
    next_month  timestamp := this_month + interval '1 month';
    oldest      timestamp := this_month - interval '10 years';
    newest      timestamp := this_month + interval '1 year';
    give_up_at  timestamptz;
    trying      boolean := true;
    use_default boolean := false;
    at          timestamp;
    month       timestamp;
    month_end   timestamp;
begin
    foreach at in array months loop
        continue when at >= month and at < month_end;
        month := date_trunc('month', at);
        month_end := month + interval '1 month';
        if at is null or month < oldest or month > newest then
            use_default := true;
        elsif to_regclass('callresult.' || parent || to_char(month, '"_y"YYYY"m"MM')) is null then
            -- A batch may hold ten years: after a while the rest waits for the next batch.
            give_up_at := coalesce(give_up_at, clock_timestamp() + interval '200 ms');
            trying := trying and clock_timestamp() < give_up_at and callresult.add_month(parent, month);
            use_default := use_default or not trying;
        end if;
    end loop;

    if trying and to_regclass('callresult.' || parent || to_char(next_month, '"_y"YYYY"m"MM')) is null then
        perform callresult.add_month(parent, next_month);
    end if;

    if use_default then
        execute format('lock table only callresult.%I in row exclusive mode', parent || '_default');
    end if;
end
$$;

-- The records of a call of store() as rows. Where it is called the server puts this query in its place. unnest in
-- the select list hands on row by row; in FROM, every array would be laid out in a store of its own first.
create function callresult.arriving(
    r_push_id uuid[], r_received_at timestamptz[], r_campaign_id text[], r_session_id text[], r_called text[],
    r_call_time_local timestamp[], r_call_status smallint[], r_fail_code text[], r_cause_code text[],
    r_vdn_id int[], r_call_id text[], r_custom_field text[], r_record_path text[], r_extra jsonb[],
    call_timezone text)
returns table (
    push_id uuid, received_at timestamptz, campaign_id text, session_id text, called text,
    call_time_local timestamp, call_time timestamptz, call_status smallint, fail_code text, cause_code text,
    vdn_id int, call_id text, custom_field text, record_path text, extra jsonb)
language sql
stable
as $$
    select push_id, received_at, campaign_id, session_id, called, call_time_local,
           call_time_local at time zone call_timezone,
           call_status, fail_code, cause_code, vdn_id, call_id, custom_field, record_path, extra
    from (select unnest(r_push_id) as push_id, unnest(r_received_at) as received_at,
                 unnest(r_campaign_id) as campaign_id, unnest(r_session_id) as session_id,
                 unnest(r_called) as called, unnest(r_call_time_local) as call_time_local,
                 unnest(r_call_status) as call_status, unnest(r_fail_code) as fail_code,
                 unnest(r_cause_code) as cause_code, unnest(r_vdn_id) as vdn_id,
                 unnest(r_call_id) as call_id, unnest(r_custom_field) as custom_field,
                 unnest(r_record_path) as record_path, unnest(r_extra) as extra) r
$$;

comment on function callresult.arriving(
    uuid[], timestamptz[], text[], text[], text[], timestamp[], smallint[], text[], text[], int[], text[], text[],
    text[], jsonb[], text) is 'The records of a call of store() as rows';

-- As in step 3. New are the second reason for an update, time of arrival; the look at which pushes are new before
-- their refused texts are counted; and a shorter way.
--
-- Most calls bring only what was never seen. A plain INSERT stores that for less than half of what ON CONFLICT
-- costs, so it is tried first, and when something turns out to be there, all is done again with care. The setting
-- callresult.repeats remembers in the session whether the last call met something: then so will the next, likely,
-- and trying is left out. It is a hint and no more: either way stores the same.
create or replace function callresult.store(
    p_id uuid[], p_received_at timestamptz[], p_remote_addr text[], p_bytes bigint[], p_sha256 bytea[],
    p_records int[], p_quarantined int[], p_spooled boolean[],
    r_push_id uuid[], r_received_at timestamptz[], r_campaign_id text[], r_session_id text[], r_called text[],
    r_call_time_local timestamp[], r_call_status smallint[], r_fail_code text[], r_cause_code text[],
    r_vdn_id int[], r_call_id text[], r_custom_field text[], r_record_path text[], r_extra jsonb[],
    call_timezone text,
    q_push_id uuid[], q_received_at timestamptz[], q_reason text[], q_raw bytea[])
returns table (inserted bigint, updated bigint, duplicates bigint)
language plpgsql
security definer
set search_path = callresult, pg_temp
as $$
#variable_conflict use_column
declare
    new_pushes  uuid[] := p_id;
    repeats     boolean := coalesce(current_setting('callresult.repeats', true) = 'yes', false);
    with_care   boolean := repeats;
begin
    perform make_months('call_result', r_call_time_local);
    perform make_months('push', array(select t at time zone 'UTC' from unnest(p_received_at) as t));

    if not with_care then
        begin
            insert into call_result (
                push_id, received_at, campaign_id, session_id, called, call_time_local, call_time,
                call_status, fail_code, cause_code, vdn_id, call_id, custom_field, record_path, extra)
            select *
            from arriving(r_push_id, r_received_at, r_campaign_id, r_session_id, r_called, r_call_time_local,
                          r_call_status, r_fail_code, r_cause_code, r_vdn_id, r_call_id, r_custom_field,
                          r_record_path, r_extra, call_timezone);

            insert into push (
                received_at, id, remote_addr, bytes, sha256, records, inserted, updated, duplicates,
                quarantined, spooled)
            select p.received_at, p.id, p.remote_addr::inet, p.bytes, p.sha256, p.records,
                   coalesce(r.inserted, 0), 0, p.records - p.quarantined - coalesce(r.inserted, 0),
                   p.quarantined, p.spooled
            from (select unnest(p_received_at) as received_at, unnest(p_id) as id,
                         unnest(p_remote_addr) as remote_addr, unnest(p_bytes) as bytes,
                         unnest(p_sha256) as sha256, unnest(p_records) as records,
                         unnest(p_quarantined) as quarantined, unnest(p_spooled) as spooled) p
            left join (select id, count(*)::int as inserted from unnest(r_push_id) as id group by id) r
                   on r.id = p.id
            order by p.received_at, p.id;

            inserted := cardinality(r_push_id);
            updated := 0;
            duplicates := (select coalesce(sum(r - q), 0) from unnest(p_records, p_quarantined) as p (r, q))
                          - inserted;
        exception
            -- The second is an address that is none.
            when unique_violation or invalid_text_representation then
                with_care := true;
        end;
    end if;

    if with_care then
        perform make_months('call_result_revision', r_call_time_local);

        with stored as (
            insert into call_result as standing (
                push_id, received_at, campaign_id, session_id, called, call_time_local, call_time,
                call_status, fail_code, cause_code, vdn_id, call_id, custom_field, record_path, extra)
            select *
            from arriving(r_push_id, r_received_at, r_campaign_id, r_session_id, r_called, r_call_time_local,
                          r_call_status, r_fail_code, r_cause_code, r_vdn_id, r_call_id, r_custom_field,
                          r_record_path, r_extra, call_timezone)
            on conflict (call_time_local, vdn_id, campaign_id, session_id, called, call_id) do update
            set call_status = excluded.call_status,
                fail_code = excluded.fail_code,
                cause_code = excluded.cause_code,
                custom_field = excluded.custom_field,
                record_path = excluded.record_path,
                extra = excluded.extra,
                call_time = excluded.call_time,
                push_id = excluded.push_id,
                received_at = excluded.received_at
            where standing.push_id <> excluded.push_id
              and (excluded.received_at > coalesce(standing.last_received_at, standing.received_at)
                   or (standing.call_status, standing.fail_code, standing.cause_code,
                       standing.custom_field, standing.record_path, standing.extra)
                      is distinct from
                      (excluded.call_status, excluded.fail_code, excluded.cause_code,
                       excluded.custom_field, excluded.record_path, excluded.extra))
            returning standing.push_id, standing.revision, standing.last_received_at
        ), fate as (
            -- What came again is returned under the push that stands, with the time it came again. That push
            -- may be in this call, when it is stored a second time: it is not the one to count.
            select s.push_id,
                   count(*) filter (where s.revision = 0)::int as inserted,
                   count(*) filter (where s.revision > 0)::int as updated
            from stored s
            where s.last_received_at is null
            group by s.push_id
        ), pushed as (
            select p.received_at, p.id, address(p.remote_addr) as remote_addr, p.bytes, p.sha256, p.records,
                   coalesce(f.inserted, 0) as inserted,
                   coalesce(f.updated, 0) as updated,
                   p.records - p.quarantined - coalesce(f.inserted, 0) - coalesce(f.updated, 0) as duplicates,
                   p.quarantined, p.spooled
            from unnest(p_id, p_received_at, p_remote_addr, p_bytes, p_sha256, p_records, p_quarantined,
                        p_spooled)
                 as p (id, received_at, remote_addr, bytes, sha256, records, quarantined, spooled)
            left join fate f on f.push_id = p.id
        ), evidence as (
            insert into push (
                received_at, id, remote_addr, bytes, sha256, records, inserted, updated, duplicates,
                quarantined, spooled)
            select received_at, id, remote_addr, bytes, sha256, records, inserted, updated, duplicates,
                   quarantined, spooled
            from pushed
            order by received_at, id
            on conflict do nothing
            returning id
        )
        select coalesce(sum(p.inserted), 0), coalesce(sum(p.updated), 0), coalesce(sum(p.duplicates), 0),
               array(select e.id from evidence e)
        into inserted, updated, duplicates, new_pushes
        from pushed p;

        if repeats <> (inserted < cardinality(r_push_id)) then
            perform set_config('callresult.repeats', case when repeats then 'no' else 'yes' end, false);
        end if;
    end if;

    -- One text for one reason may be in a call more than once: fold first. Sorted, as the results are. A push
    -- stored before has had its texts counted then.
    if cardinality(q_raw) > 0 then
        insert into quarantine as entry (received_at, push_id, reason, raw, sha256, seen)
        select (array_agg(q.received_at order by q.n))[1], (array_agg(q.push_id order by q.n))[1],
               q.reason, (array_agg(q.raw order by q.n))[1], sha256(q.raw), count(*)
        from unnest(q_push_id, q_received_at, q_reason, q_raw)
             with ordinality as q (push_id, received_at, reason, raw, n)
        where q.push_id = any (new_pushes)
        group by sha256(q.raw), q.reason
        order by sha256(q.raw), q.reason
        on conflict (sha256, reason) where resolved_at is null do update
        set seen = entry.seen + excluded.seen;
    end if;
    return next;
end
$$;
