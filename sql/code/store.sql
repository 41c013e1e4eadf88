-- store(): the worker's only door. It stores one batch of pushes, in a transaction of the caller's at READ COMMITTED.
--
-- Most calls bring only what was never seen. A plain INSERT stores that for less than half of what ON CONFLICT costs,
-- and store() counts it into the tally's journal from its parameters. If something is there already, or is refused,
-- store_with_care() does all of it again. Either way stores the same.
--
-- store() runs with its owner's rights for whoever may call it, under the caller's search_path. Setting one in each
-- call costs more than full names, so in store() every function, type and operator has its schema; the names in the
-- functions that it calls are bound when those are created.

-- Once these returned a set of one row.
do $$
begin
    if (select proretset from pg_proc where oid = to_regproc('callresult.store')) then
        drop function callresult.store, callresult.store_with_care;
    end if;
end
$$;

-- The records of a call of store() as rows. The server inlines this query where it is called. unnest in the select list
-- passes on row by row; in FROM, the server would first write out every array.
create or replace function callresult.arriving(
    p_id uuid[], p_received_at timestamptz[], p_arrived timestamptz[],
    r_push int[], r_campaign_id text[], r_session_id text[], r_called text[], r_call_time_local timestamp[],
    r_call_status smallint[], r_fail_code text[], r_cause_code text[], r_vdn_id int[], r_call_id text[],
    r_custom_field text[], r_record_path text[], r_extra jsonb[], call_timezone text, zone_offset interval)
returns table (
    push_id uuid, received_at timestamptz, arrived_at timestamptz, campaign_id text, session_id text, called text,
    call_time_local timestamp, call_time timestamptz, call_status smallint, fail_code text, cause_code text,
    vdn_id int, call_id text, custom_field text, record_path text, extra jsonb)
language sql
stable parallel safe
begin atomic
    select p_id[push], p_received_at[push], least(p_arrived[push], current_timestamp), campaign_id, session_id, called,
           call_time_local, case when zone_offset is null then call_time_local at time zone call_timezone
                                 else call_time_local at time zone zone_offset end,
           call_status, fail_code, cause_code, vdn_id, call_id, custom_field, record_path, extra
    from (select unnest(r_push) as push, unnest(r_campaign_id) as campaign_id, unnest(r_session_id) as session_id,
                 unnest(r_called) as called, unnest(r_call_time_local) as call_time_local,
                 unnest(r_call_status) as call_status, unnest(r_fail_code) as fail_code,
                 unnest(r_cause_code) as cause_code, unnest(r_vdn_id) as vdn_id, unnest(r_call_id) as call_id,
                 unnest(r_custom_field) as custom_field, unnest(r_record_path) as record_path,
                 unnest(r_extra) as extra) r;
end;

comment on function callresult.arriving is 'The records of a call of store() as rows';

-- The zone's offset from UTC between two times; NULL if they are more than a day apart, or the offset changes in
-- between. Looking the zone up for each record would take a tenth of the time of a large call.
create or replace function callresult.offset_of(earliest timestamp, latest timestamp, call_timezone text)
returns interval
language sql
stable parallel safe
begin atomic
    select case when latest - earliest < interval '1 day'
                 and latest - ((latest at time zone call_timezone) at time zone 'UTC')
                     = earliest - ((earliest at time zone call_timezone) at time zone 'UTC')
                then latest - ((latest at time zone call_timezone) at time zone 'UTC') end;
end;

comment on function callresult.offset_of is 'How far a zone is from UTC from one time to another, where it is one';

-- The sum of the milliseconds from the calls to the arrival of their results, as count_first() counts it: fast where
-- all times have one offset, else record by record.
create or replace function callresult.lag_by_offset(t_lag bigint, t_timed bigint, zone_offset interval)
returns numeric
language sql
stable parallel safe
begin atomic
    select t_lag * 0.001 + t_timed * extract(epoch from zone_offset) * 1000;
end;

create or replace function callresult.lag_of_each(
    p_received_at timestamptz[], r_push int[], r_call_time_local timestamp[], call_timezone text)
returns numeric
language sql
stable parallel safe
begin atomic
    select coalesce(sum(extract(epoch from p_received_at[push])
                        - extract(epoch from call_time_local at time zone call_timezone)), 0) * 1000
    from (select unnest(r_push) as push, unnest(r_call_time_local) as call_time_local) r;
end;

comment on function callresult.lag_by_offset is 'The lag of a call of store(), where one offset is that of all times';
comment on function callresult.lag_of_each is 'The lag of a call of store(), record by record';

-- The address of a push's sender; NULL for what is none. A web server behind a socket may pass "unix:" or nothing,
-- which is no reason to refuse a push.
create or replace function callresult.address(given text)
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

-- Whether a trigger of the owner may change a result before it is stored. VOLATILE, so that it sees what was committed
-- while the statement that asks waited for call_result.
create or replace function callresult.is_altered_by_trigger()
returns boolean
language sql
volatile
set search_path = callresult, pg_temp
begin atomic
    -- the bits of tgtype: for each row, BEFORE, INSERT
    select exists (select from pg_trigger where tgrelid = 'callresult.call_result'::regclass and tgtype & 7 = 7);
end;

comment on function callresult.is_altered_by_trigger() is 'Whether a trigger may change a result before it is stored';

-- The opposite, for a statement that stores results: IMMUTABLE, so that the planner asks it once, and no call of
-- store() has to. The planner has locked call_result by then; whatever changes the answer changes call_result, and the
-- server then plans the statement anew. At a higher isolation level a transaction may not see a new trigger, so the
-- answer is no.
create or replace function callresult.stores_as_given()
returns boolean
language sql
immutable
set search_path = callresult, pg_temp
return current_setting('transaction_isolation') ~ '^read' and not callresult.is_altered_by_trigger();

comment on function callresult.stores_as_given() is 'Whether results are stored as they are given';

-- Puts the refused texts of these pushes into quarantine, or counts those up that are there. A call may have a text
-- with one reason more than once, so they are grouped; they are sorted, as the results are, so that two calls never
-- deadlock.
create or replace function callresult.keep_refused(
    pushes uuid[], p_id uuid[], p_received_at timestamptz[], q_push int[], q_reason text[], q_raw bytea[])
returns void
language sql
begin atomic
    insert into callresult.quarantine as entry (received_at, push_id, reason, raw, sha256, seen)
    select (array_agg(p_received_at[q.push] order by q.n))[1], (array_agg(p_id[q.push] order by q.n))[1],
           q.reason, (array_agg(q.raw order by q.n))[1], sha256(q.raw), count(*)
    from unnest(q_push, q_reason, q_raw) with ordinality as q (push, reason, raw, n)
    where p_id[q.push] = any (pushes)
    group by sha256(q.raw), q.reason
    order by sha256(q.raw), q.reason collate "C"
    on conflict (sha256, reason) where resolved_at is null do update
    set seen = entry.seen + excluded.seen;
end;

comment on function callresult.keep_refused is 'Puts refused texts into quarantine, or counts them up';

-- The long way of store(), for what may be there already. RETURNING tells the fates: revision 0 is a new row, more is
-- an update (PostgreSQL refuses xmax, the usual way to tell, on a partitioned table). A record that is not returned
-- changed nothing and is a duplicate. Late content (see keep_content) is returned under the push that stands, and so
-- counts as a duplicate of its own push, as it should: it changed nothing that stands. Equal content that came again is
-- returned with the time it came again, and is no update.
--
-- A push that is there already, because the worker did not learn how its COMMIT ended, changes nothing.
create or replace function callresult.store_with_care(
    p_id uuid[], p_received_at timestamptz[], p_arrived timestamptz[], p_remote_addr text[], p_source text[],
    p_bytes bigint[], p_sha256 bytea[], p_records int[], p_quarantined int[], p_spooled boolean[],
    p_late boolean[], r_push int[], r_campaign_id text[], r_session_id text[], r_called text[],
    r_call_time_local timestamp[],
    r_call_status smallint[], r_fail_code text[], r_cause_code text[], r_vdn_id int[], r_call_id text[],
    r_custom_field text[], r_record_path text[], r_extra jsonb[], call_timezone text,
    q_push int[], q_reason text[], q_raw bytea[], p_last_call timestamp[],
    out pushes bigint, out inserted bigint, out updated bigint, out duplicates bigint, out quarantined bigint)
language plpgsql
set search_path = callresult, pg_temp
as $$
#variable_conflict use_column
declare
    known       uuid[] := array(select p.id
                                from unnest(p_received_at, p_id) as k (received_at, id)
                                join push p using (received_at, id));
    live        uuid[] := array(select p.id from unnest(p_id, p_late) as p (id, late) where not p.late);
    new_pushes  uuid[];
    told        record;
    state       text;
    rule        text;
    relation    text;
begin
    perform set_config('callresult.counted', 'no', true);
    with stored as (
        insert into call_result as standing (
            push_id, received_at, arrived_at, campaign_id, session_id, called, call_time_local, call_time,
            call_status, fail_code, cause_code, vdn_id, call_id, custom_field, record_path, extra)
        select a.*
        from arriving(p_id, p_received_at, p_arrived, r_push, r_campaign_id, r_session_id, r_called, r_call_time_local,
                      r_call_status, r_fail_code, r_cause_code, r_vdn_id, r_call_id, r_custom_field, r_record_path,
                      r_extra, call_timezone, null) a
        where a.push_id <> all (known)
        on conflict (campaign_id, call_time_local, called, session_id, call_id, vdn_id) do update
        set call_status = excluded.call_status,
            fail_code = excluded.fail_code,
            cause_code = excluded.cause_code,
            custom_field = excluded.custom_field,
            record_path = excluded.record_path,
            extra = excluded.extra,
            call_time = excluded.call_time,
            push_id = excluded.push_id,
            received_at = excluded.received_at,
            arrived_at = case when excluded.push_id = any (live) then greatest(excluded.arrived_at, standing.arrived_at)
                              else excluded.arrived_at end
        where excluded.arrived_at > standing.arrived_at
           or excluded.received_at > coalesce(standing.last_received_at, standing.received_at)
           or (standing.call_status, standing.fail_code, standing.cause_code,
               standing.custom_field, standing.record_path, standing.extra)
              is distinct from
              (excluded.call_status, excluded.fail_code, excluded.cause_code,
               excluded.custom_field, excluded.record_path, excluded.extra)
        returning standing.push_id, standing.revision, standing.last_received_at
    ), fate as (
        select s.push_id,
               count(*) filter (where s.revision = 0)::int as inserted,
               count(*) filter (where s.revision > 0)::int as updated
        from stored s
        where s.last_received_at is null
        group by s.push_id
    ), evidence as (
        insert into push (
            received_at, id, remote_addr, source, bytes, sha256, records, inserted, updated, duplicates, quarantined,
            spooled, last_call)
        select p.received_at, p.id, address(p.remote_addr), p.source, p.bytes, p.sha256, p.records,
               coalesce(f.inserted, 0), coalesce(f.updated, 0),
               p.records - p.quarantined - coalesce(f.inserted, 0) - coalesce(f.updated, 0), p.quarantined, p.spooled,
               p.last_call at time zone call_timezone
        from unnest(p_id, p_received_at, p_remote_addr, p_source, p_bytes, p_sha256, p_records, p_quarantined,
                    p_spooled, p_last_call)
             as p (id, received_at, remote_addr, source, bytes, sha256, records, quarantined, spooled, last_call)
        left join fate f on f.push_id = p.id
        where p.id <> all (known)
        order by p.received_at, p.id
        on conflict do nothing
        returning id, inserted, updated, duplicates, quarantined
    )
    select count(*), coalesce(sum(e.inserted), 0), coalesce(sum(e.updated), 0), coalesce(sum(e.duplicates), 0),
           coalesce(sum(e.quarantined), 0), coalesce(array_agg(e.id), '{}')
    into pushes, inserted, updated, duplicates, quarantined, new_pushes
    from evidence e;

    if pushes + cardinality(known) < cardinality(p_id) then
        raise serialization_failure using message = 'a push is being stored by another session at the same moment';
    end if;
    perform keep_refused(new_pushes, p_id, p_received_at, q_push, q_reason, q_raw);
    set constraints all immediate;

    -- what that COMMIT did to a push out of a spool has not been counted yet
    if cardinality(known) > 0 then
        select count(*) as pushes, coalesce(sum(k.inserted), 0) as inserted, coalesce(sum(k.updated), 0) as updated,
               coalesce(sum(k.duplicates), 0) as duplicates, coalesce(sum(k.quarantined), 0) as quarantined
        into told
        from push k
        join unnest(p_received_at, p_id, p_spooled) as p (received_at, id, spooled) using (received_at, id)
        where p.spooled and k.id = any (known);
        pushes := pushes + told.pushes;
        inserted := inserted + told.inserted;
        updated := updated + told.updated;
        duplicates := duplicates + told.duplicates;
        quarantined := quarantined + told.quarantined;
    end if;
exception
    -- or the server would log the row, and a number in it
    when integrity_constraint_violation or data_exception then
        get stacked diagnostics state = returned_sqlstate, rule = constraint_name, relation = table_name;
        -- a missing partition is no constraint with a name; what a trigger raises names no table
        if rule = '' and state = '23514' and relation <> '' then
            raise check_violation using message = format('no partition of %I accepts a record', relation),
                table = relation;
        end if;
        if rule = '' then
            raise exception using errcode = state, message = 'a record is refused';
        end if;
        raise exception using errcode = state, message = 'a record is refused by ' || quote_ident(rule),
            constraint = rule;
end
$$;

comment on function callresult.store_with_care is 'The part of store() for what may be there already';

-- Stores a batch of pushes. Its parameters:
--
-- p_*: one element a push. p_arrived is its arrival by the server's clock, and p_rows how many elements of r_* it has.
-- p_late: the push has waited, so its arrival decides what is newest; what comes straight from the platform is newest.
-- p_last_call is the time of the last call in it.
-- r_*: one element a valid record. r_push is the index of its push. No identity comes twice, and all sessions sort by
-- identity, or two batches could deadlock.
-- q_*: one element a refused text, a whole body or a single record.
-- t_*: the same records counted for the tally. One element is t_calls of a campaign, VDN, hour, status and cause, which
-- may come twice. t_arrived is the hour in which all of them arrived, as the time it begins at; where it is NULL, the
-- triggers count. t_timed records have a time, from t_earliest to t_latest. t_lag is the sum of the microseconds they
-- took to arrive, were the zone UTC; or NULL.
--
-- Records, texts or pushes may be none. careful is a hint that what is stored is likely to be there already. plain says
-- that every record has a time and a number, and no two have campaign, time and number in common: these then suffice
-- for the feed to find them.
--
-- Returns the counts of the pushes that have not been counted before, and how many these are: new pushes, and pushes
-- out of a spool that an earlier COMMIT without an answer had stored.
create or replace function callresult.store(
    p_id uuid[], p_received_at timestamptz[], p_arrived timestamptz[], p_remote_addr text[], p_source text[],
    p_bytes bigint[], p_sha256 bytea[], p_records int[], p_rows int[], p_quarantined int[], p_spooled boolean[],
    p_late boolean[], r_push int[], r_campaign_id text[], r_session_id text[], r_called text[],
    r_call_time_local timestamp[],
    r_call_status smallint[], r_fail_code text[], r_cause_code text[], r_vdn_id int[], r_call_id text[],
    r_custom_field text[], r_record_path text[], r_extra jsonb[], call_timezone text, careful boolean,
    q_push int[], q_reason text[], q_raw bytea[], p_last_call timestamp[] default null,
    t_campaign_id text[] default null, t_vdn_id int[] default null, t_call_hour timestamp[] default null,
    t_call_status smallint[] default null, t_cause_code text[] default null, t_calls int[] default null,
    t_arrived timestamptz default null, t_timed bigint default null, t_lag bigint default null,
    t_earliest timestamp default null, t_latest timestamp default null, plain boolean default false,
    out pushes bigint, out inserted bigint, out updated bigint, out duplicates bigint, out quarantined bigint)
language plpgsql
security definer
as $$
#variable_conflict use_column
declare
    has_records constant boolean := r_push[1] is not null;
    with_care   boolean := careful or has_records and t_arrived is null;
    zone_offset interval;
    is_followed boolean;
    stored      bigint;
    setting     text;
begin
    if not with_care then
        begin
            if has_records then
                zone_offset := callresult.offset_of(t_earliest, t_latest, call_timezone);
                insert into callresult.tally_journal (
                    sign, arrived, timed, lag, campaign_id, vdn_id, call_hour, call_status, cause_code, calls)
                values (1, t_arrived, t_timed,
                        coalesce(callresult.lag_by_offset(t_lag, t_timed, zone_offset),
                                 callresult.lag_of_each(p_received_at, r_push, r_call_time_local, call_timezone)),
                        t_campaign_id, t_vdn_id, t_call_hour, t_call_status, t_cause_code, t_calls);
                -- assigned, since PERFORM would run a query
                setting := pg_catalog.set_config('callresult.counted', 'yes', true);
                insert into callresult.call_result (
                    push_id, received_at, arrived_at, campaign_id, session_id, called, call_time_local, call_time,
                    call_status, fail_code, cause_code, vdn_id, call_id, custom_field, record_path, extra)
                select a.*
                from callresult.arriving(p_id, p_received_at, p_arrived, r_push, r_campaign_id, r_session_id, r_called,
                                         r_call_time_local, r_call_status, r_fail_code, r_cause_code, r_vdn_id,
                                         r_call_id, r_custom_field, r_record_path, r_extra, call_timezone,
                                         zone_offset) a
                where callresult.stores_as_given();
                get diagnostics stored = row_count;
                setting := pg_catalog.set_config('callresult.counted', 'no', true);
            end if;

            with evidence as (
                insert into callresult.push (
                    received_at, id, remote_addr, source, bytes, sha256, records, inserted, updated, duplicates,
                    quarantined, spooled, last_call)
                select p.received_at, p.id, p.remote_addr::pg_catalog.inet, p.source, p.bytes, p.sha256, p.records,
                       p.rows, 0, p.records operator(pg_catalog.-) p.quarantined operator(pg_catalog.-) p.rows,
                       p.quarantined, p.spooled,
                       case when zone_offset is null then p.last_call at time zone call_timezone
                            else p.last_call at time zone zone_offset end
                from (select pg_catalog.unnest(p_received_at) as received_at, pg_catalog.unnest(p_id) as id,
                             pg_catalog.unnest(p_remote_addr) as remote_addr, pg_catalog.unnest(p_source) as source,
                             pg_catalog.unnest(p_bytes) as bytes, pg_catalog.unnest(p_sha256) as sha256,
                             pg_catalog.unnest(p_records) as records, pg_catalog.unnest(p_rows) as rows,
                             pg_catalog.unnest(p_quarantined) as quarantined,
                             pg_catalog.unnest(p_spooled) as spooled,
                             pg_catalog.unnest(p_last_call) as last_call) p
            )
            -- tally_journal was locked before this looks for a consumer: see feed.sql
            select exists (select from callresult.feed_consumer)
            into is_followed;
            if has_records and stored operator(pg_catalog.<>) pg_catalog.cardinality(r_push) then
                raise integrity_constraint_violation;
            end if;
            if is_followed and has_records then
                insert into callresult.feed_log (
                    records, push_id, push, campaign_id, call_time_local, called, session_id, call_id, vdn_id)
                values (pg_catalog.cardinality(r_push), p_id, r_push, r_campaign_id, r_call_time_local, r_called,
                        case when not plain then r_session_id end, case when not plain then r_call_id end,
                        case when not plain then r_vdn_id end);
            end if;
            if q_raw[1] is not null then
                perform callresult.keep_refused(p_id, p_id, p_received_at, q_push, q_reason, q_raw);
            end if;

            pushes := pg_catalog.cardinality(p_id);
            inserted := 0;
            updated := 0;
            duplicates := 0;
            quarantined := 0;
            for n in 1 .. pushes loop
                inserted := inserted operator(pg_catalog.+) p_rows[n];
                duplicates := duplicates operator(pg_catalog.+) p_records[n] operator(pg_catalog.-) p_rows[n]
                              operator(pg_catalog.-) p_quarantined[n];
                quarantined := quarantined operator(pg_catalog.+) p_quarantined[n];
            end loop;

            -- what an owner's deferred constraint refuses is refused here: at COMMIT the server would log the row
            set constraints all immediate;
        exception
            -- something is there already, or is refused, or remote_addr is no address
            when integrity_constraint_violation or data_exception then
                with_care := true;
        end;
    end if;

    if with_care then
        select *
        into pushes, inserted, updated, duplicates, quarantined
        from callresult.store_with_care(
            p_id, p_received_at, p_arrived, p_remote_addr, p_source, p_bytes, p_sha256, p_records, p_quarantined,
            p_spooled, p_late, r_push, r_campaign_id, r_session_id, r_called, r_call_time_local, r_call_status,
            r_fail_code, r_cause_code, r_vdn_id, r_call_id, r_custom_field, r_record_path, r_extra, call_timezone,
            q_push, q_reason, q_raw, p_last_call);
    end if;
end
$$;

comment on function callresult.store is
    'Stores a batch of pushes exactly once: results, refused texts and the evidence of each push';
