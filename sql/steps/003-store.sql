-- Step 3: the store function, the worker's only door, and what it needs: revisions and months.
--
-- add_month    makes one monthly partition, or leaves it for later
-- make_months  sees to it that the months a call needs are there, or that their rows may go to the default
-- keep_content trigger that decides which content of a result stands and keeps the other
-- address      text to inet, NULL for what is none
-- store        one batch of pushes, in one transaction of the caller's, at READ COMMITTED
--
-- What store calls for every batch or row names its objects in full instead of setting search_path, which
-- would have to be set and put back each time.

-- One month of one table; true when it is there in the end. It never waits for a lock, so a long report can
-- not hold up a push: attaching needs the default partition to itself, and when somebody is using that, false
-- is the answer, the rows go to the default partition, and a later call tries again. The locks come first,
-- so that an attempt that fails has written nothing. lock_timeout is a second line for locks not thought of;
-- as a setting of the function it ends with it, and the caller's own value holds again.
--
-- Attaching reads the whole default partition once. Where that holds more than most_bytes, no push pays for
-- it; the owner can, at a quiet time:  select callresult.add_month('call_result', '2026-11-01', null);
create function callresult.add_month(parent text, month timestamp, most_bytes bigint default 134217728)
returns boolean
language plpgsql
set search_path = callresult, pg_temp
set lock_timeout = '50ms'
as $$
declare
    partition   text := parent || to_char(month, '"_y"YYYY"m"MM');
    rest        text := parent || '_default';
    key         text := case parent when 'push' then 'received_at' else 'call_time_local' end;
    zone        text := case parent when 'push' then '+00' else '' end;
    lower_bound text := to_char(month, 'YYYY-MM-01 00:00:00') || zone;
    upper_bound text := to_char(month + interval '1 month', 'YYYY-MM-01 00:00:00') || zone;
begin
    if to_regclass(partition) is not null then
        return true;
    end if;

    begin
        -- ONLY, or the lock would be taken on every partition. Even looking at a size takes a lock.
        execute format('lock table only %I in share update exclusive mode nowait', parent);
        execute format('lock table only %I in access share mode nowait', rest);
        if pg_relation_size(rest::regclass) > most_bytes then
            raise program_limit_exceeded using message = 'much in ' || rest;
        end if;
        execute format('lock table only %I in access exclusive mode nowait', rest);
        if to_regclass(partition) is not null then
            raise duplicate_table;    -- somebody else's by now; this gives the locks back
        end if;

        -- Indexes and triggers are left to ATTACH, which makes those of the parent.
        execute format('create table %I (like %I including defaults including constraints including storage)',
                       partition, parent);
        execute format('with moved as (delete from %I where %I >= %L and %I < %L returning *) '
                       'insert into %I select * from moved',
                       rest, key, lower_bound, key, upper_bound, partition);
        execute format('alter table %I attach partition %I for values from (%L) to (%L)',
                       parent, partition, lower_bound, upper_bound);
        return true;
    exception
        when lock_not_available or duplicate_table or deadlock_detected then
            return to_regclass(partition) is not null;
        when others then
            -- No month is worth a push. Not a warning: it would come with every push.
            raise debug 'callresult: no partition %: % (%)', partition, sqlerrm, sqlstate;
            return false;
    end;
end
$$;

comment on function callresult.add_month(text, timestamp, bigint) is
    'Adds the partition of one month to call_result, call_result_revision or push; false: not now';

-- The months of one table that a call of store() has rows for (NULL: rows without a time), and the next
-- month, so that the turn of the month finds its partition there. Cheap when nothing is missing.
--
-- Rows bound for the default partition need its lock before the call stores anything: a month attached in
-- between would make the server refuse them there (23514). With the lock held either no month is attached
-- until this transaction ends, or it was attached before and the rows find it. store() takes these locks in
-- one order of tables, nobody who holds one waits for one before it, and so nobody waits in a circle.
create function callresult.make_months(parent text, months timestamp[])
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
    month       timestamp;
begin
    foreach month in array months loop
        if month is null or month < oldest or month > newest then
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

comment on function callresult.make_months(text, timestamp[]) is
    'Adds the months a call of store() needs, or locks the default partition for their rows';

-- A result came again with other content. The content that was received last stands, whatever order the
-- two are stored in; the other one goes to call_result_revision.
--
-- Numbers: the content laid aside takes the number the row had, the row takes the next. So the history of a
-- result is 0, 1, 2 ... in the order of laying aside, and the row's own number is how many there are. That
-- holds for late content too (an old push that a spool brings after a newer one): it is laid aside itself,
-- and the row goes on standing under the next number. Late content the history already has, because the
-- push was stored before or a twin of it was, is kept no second time, and the row is left alone.
--
-- The conflicting row is locked when this runs, so the history of a result is read and written by one
-- transaction at a time. In the lookup, "= or both NULL" is written out and planned for the values at hand,
-- since IS NOT DISTINCT FROM cannot use an index.
create function callresult.keep_content()
returns trigger
language plpgsql
set plan_cache_mode = force_custom_plan
as $$
begin
    if new.received_at <= old.received_at and exists (
        select from callresult.call_result_revision h
        where (h.call_time_local = new.call_time_local
               or new.call_time_local is null and h.call_time_local is null)
          and (h.vdn_id = new.vdn_id or new.vdn_id is null and h.vdn_id is null)
          and h.campaign_id = new.campaign_id
          and (h.session_id = new.session_id or new.session_id is null and h.session_id is null)
          and (h.called = new.called or new.called is null and h.called is null)
          and (h.call_id = new.call_id or new.call_id is null and h.call_id is null)
          and (h.push_id = new.push_id
               or new.received_at < old.received_at
                  and (h.call_status, h.fail_code, h.cause_code, h.custom_field, h.record_path, h.extra)
                      is not distinct from
                      (new.call_status, new.fail_code, new.cause_code, new.custom_field, new.record_path,
                       new.extra)))
    then
        return null;
    end if;

    if new.received_at >= old.received_at then
        insert into callresult.call_result_revision (
            campaign_id, session_id, called, call_id, call_time_local, call_time, call_status, fail_code,
            cause_code, vdn_id, custom_field, record_path, extra, push_id, received_at, revision,
            superseded_by)
        values (
            old.campaign_id, old.session_id, old.called, old.call_id, old.call_time_local, old.call_time,
            old.call_status, old.fail_code, old.cause_code, old.vdn_id, old.custom_field, old.record_path,
            old.extra, old.push_id, old.received_at, old.revision, new.push_id);
        new.revision := old.revision + 1;
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

comment on function callresult.keep_content() is
    'Lets the content received last stand and keeps the other in call_result_revision';

-- Only for another push's content: an owner's own UPDATE makes no revision.
create trigger keep_content before update on callresult.call_result
    for each row when (new.push_id is distinct from old.push_id)
    execute function callresult.keep_content();

-- A web server behind a socket may say "unix:" or nothing; that is no reason to refuse a push.
create function callresult.address(given text)
returns inet
language plpgsql
immutable strict
as $$
begin
    return given::inet;
exception
    when others then
        return null;
end
$$;

comment on function callresult.address(text) is 'Text to address; NULL for what is none';

-- Stores one batch and says what became of its records. p_*: one element a push. r_*: one a valid record;
-- no identity twice, and in one order of identities in every session, or two batches could wait for each
-- other. q_*: one a refused text, a whole body or a single record. Any of the three groups may be empty.
--
-- Fates are told by RETURNING: revision 0 is a new row, more is an update (xmax, the usual way to tell, is
-- refused on a partitioned table). What is not returned changed nothing and is a duplicate. Late content
-- (see keep_content) is returned under the push that stands, not under its own, and so is a duplicate of its
-- own as well, which is meant: it changed nothing that stands.
--
-- A push stored before, whose outcome the worker did not learn, may come again: it finds its rows and its
-- evidence there and changes nothing.
create function callresult.store(
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
    months  timestamp[];
begin
    months := array(select distinct date_trunc('month', t) from unnest(r_call_time_local) as t);
    perform make_months('call_result', months);
    perform make_months('call_result_revision', months);
    months := array(select distinct date_trunc('month', t at time zone 'UTC')
                    from unnest(p_received_at) as t);
    perform make_months('push', months);

    return query
    with stored as (
        insert into call_result as standing (
            push_id, received_at, campaign_id, session_id, called, call_time_local, call_time,
            call_status, fail_code, cause_code, vdn_id, call_id, custom_field, record_path, extra)
        select r.push_id, r.received_at, r.campaign_id, r.session_id, r.called, r.call_time_local,
               r.call_time_local at time zone call_timezone,
               r.call_status, r.fail_code, r.cause_code, r.vdn_id, r.call_id, r.custom_field, r.record_path,
               r.extra
        from unnest(r_push_id, r_received_at, r_campaign_id, r_session_id, r_called, r_call_time_local,
                    r_call_status, r_fail_code, r_cause_code, r_vdn_id, r_call_id, r_custom_field,
                    r_record_path, r_extra)
             as r (push_id, received_at, campaign_id, session_id, called, call_time_local,
                   call_status, fail_code, cause_code, vdn_id, call_id, custom_field,
                   record_path, extra)
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
          and (standing.call_status, standing.fail_code, standing.cause_code,
               standing.custom_field, standing.record_path, standing.extra)
              is distinct from
              (excluded.call_status, excluded.fail_code, excluded.cause_code,
               excluded.custom_field, excluded.record_path, excluded.extra)
        returning standing.push_id, standing.revision
    ), fate as (
        select s.push_id,
               count(*) filter (where s.revision = 0)::int as inserted,
               count(*) filter (where s.revision > 0)::int as updated
        from stored s
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
            received_at, id, remote_addr, bytes, sha256, records, inserted, updated, duplicates, quarantined,
            spooled)
        select received_at, id, remote_addr, bytes, sha256, records, inserted, updated, duplicates,
               quarantined, spooled
        from pushed
        order by received_at, id
        on conflict do nothing
    )
    select coalesce(sum(inserted), 0), coalesce(sum(updated), 0), coalesce(sum(duplicates), 0)
    from pushed;

    -- One text for one reason may be in a call more than once: fold first. Sorted, as the results are. The
    -- push that made an entry does not count it up when it comes again.
    if cardinality(q_raw) > 0 then
        insert into quarantine as entry (received_at, push_id, reason, raw, sha256, seen)
        select (array_agg(q.received_at order by q.n))[1], (array_agg(q.push_id order by q.n))[1],
               q.reason, (array_agg(q.raw order by q.n))[1], sha256(q.raw), count(*)
        from unnest(q_push_id, q_received_at, q_reason, q_raw)
             with ordinality as q (push_id, received_at, reason, raw, n)
        group by sha256(q.raw), q.reason
        order by sha256(q.raw), q.reason
        on conflict (sha256, reason) where resolved_at is null do update
        set seen = entry.seen + excluded.seen
        where entry.push_id is distinct from excluded.push_id;
    end if;
end
$$;

comment on function callresult.store is
    'Stores a batch of pushes exactly once: results, refused texts and the evidence of each push';

revoke all on function callresult.add_month(text, timestamp, bigint) from public;
revoke all on function callresult.make_months(text, timestamp[]) from public;
revoke all on function callresult.keep_content() from public;
revoke all on function callresult.address(text) from public;
revoke all on function callresult.store from public;

-- This month and the next, so that the first push finds them.
do $$
declare
    parent  text;
begin
    foreach parent in array array['call_result', 'call_result_revision', 'push'] loop
        perform callresult.make_months(parent, array[date_trunc('month', now() at time zone 'UTC')]);
    end loop;
end
$$;
