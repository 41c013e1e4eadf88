-- A database at step 5 of the schema, as pg_dump wrote it: what the conversion to step 6 starts from (63-upgrade.t).

\restrict NgXXEhLk6ucxdI2K8M8q7dASs3gxfQt7Ntz3K06hblYX0r1DlgtOI56LohzrNKW

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

CREATE SCHEMA callresult;

CREATE FUNCTION callresult.add_month(parent text, month timestamp without time zone, most_bytes bigint DEFAULT 134217728) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'callresult', 'pg_temp'
    SET lock_timeout TO '50ms'
    AS $$
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
        if parent = 'call_result' then
            perform add_tally_triggers(partition::regclass, true);
        end if;
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

CREATE FUNCTION callresult.add_tally_triggers(result_table regclass, is_partition boolean) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'callresult', 'pg_temp'
    AS $$
begin
    execute format('create trigger tally_insert after insert on %s referencing new table as came '
                   'for each statement execute function tally()', result_table);
    execute format('create trigger tally_update after update on %s '
                   'referencing old table as went new table as came '
                   'for each statement execute function tally()', result_table);
    execute format('create trigger tally_delete after delete on %s referencing old table as went '
                   'for each statement execute function tally()', result_table);
    if is_partition then
        execute format('create trigger tally_truncate before truncate on %s '
                       'for each statement execute function tally()', result_table);
    end if;
end
$$;

CREATE FUNCTION callresult.address(given text) RETURNS inet
    LANGUAGE plpgsql IMMUTABLE STRICT
    AS $$
begin
    return given::inet;
exception
    when others then
        return null;
end
$$;

CREATE FUNCTION callresult.arriving(r_push_id uuid[], r_received_at timestamp with time zone[], r_campaign_id text[], r_session_id text[], r_called text[], r_call_time_local timestamp without time zone[], r_call_status smallint[], r_fail_code text[], r_cause_code text[], r_vdn_id integer[], r_call_id text[], r_custom_field text[], r_record_path text[], r_extra jsonb[], call_timezone text) RETURNS TABLE(push_id uuid, received_at timestamp with time zone, campaign_id text, session_id text, called text, call_time_local timestamp without time zone, call_time timestamp with time zone, call_status smallint, fail_code text, cause_code text, vdn_id integer, call_id text, custom_field text, record_path text, extra jsonb)
    LANGUAGE sql STABLE
    AS $$
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

CREATE FUNCTION callresult.cause_key(cause_code text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN (octet_length(cause_code) <= 64) THEN cause_code ELSE ('sha256:'::text || encode(sha256(convert_to(cause_code, 'UTF8'::name)), 'hex'::text)) END;

CREATE FUNCTION callresult.part_of(part bigint, whole bigint) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (((((20000 * part) + whole) / (2 * whole)))::numeric * 0.0001);

SET default_tablespace = '';

CREATE TABLE callresult.call_result (
    campaign_id text NOT NULL,
    session_id text,
    called text,
    call_id text,
    call_time_local timestamp without time zone,
    call_time timestamp with time zone,
    call_status smallint NOT NULL,
    fail_code text,
    cause_code text,
    vdn_id integer,
    custom_field text,
    record_path text,
    extra jsonb,
    push_id uuid NOT NULL,
    received_at timestamp with time zone NOT NULL,
    revision integer DEFAULT 0 NOT NULL,
    last_received_at timestamp with time zone
)
PARTITION BY RANGE (call_time_local);

SET default_table_access_method = heap;

CREATE TABLE callresult.tally_detail (
    campaign_id text NOT NULL,
    month date,
    vdn_id integer[] NOT NULL,
    call_hour timestamp without time zone[] NOT NULL,
    call_status smallint[] NOT NULL,
    cause_key text[] NOT NULL,
    calls integer[] NOT NULL
);

CREATE TABLE callresult.tally_journal (
    sign smallint NOT NULL,
    arrived timestamp with time zone NOT NULL,
    timed bigint NOT NULL,
    lag numeric NOT NULL,
    campaign_id text[] NOT NULL,
    vdn_id integer[] NOT NULL,
    call_hour timestamp without time zone[] NOT NULL,
    call_status smallint[] NOT NULL,
    cause_key text[] NOT NULL,
    calls integer[]
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='500');
ALTER TABLE ONLY callresult.tally_journal ALTER COLUMN campaign_id SET STORAGE EXTERNAL;
ALTER TABLE ONLY callresult.tally_journal ALTER COLUMN vdn_id SET STORAGE EXTERNAL;
ALTER TABLE ONLY callresult.tally_journal ALTER COLUMN call_hour SET STORAGE EXTERNAL;
ALTER TABLE ONLY callresult.tally_journal ALTER COLUMN call_status SET STORAGE EXTERNAL;
ALTER TABLE ONLY callresult.tally_journal ALTER COLUMN cause_key SET STORAGE EXTERNAL;
ALTER TABLE ONLY callresult.tally_journal ALTER COLUMN calls SET STORAGE EXTERNAL;

CREATE TABLE callresult.tally_long_cause (
    cause_key text NOT NULL,
    cause_code text NOT NULL
);

CREATE VIEW callresult.tally_pending AS
 SELECT j.campaign_id,
    j.vdn_id,
    j.call_hour,
    j.call_status,
    j.cause_key,
    j.calls,
        CASE
            WHEN (j.call_status = 6) THEN j.calls
            ELSE 0
        END AS answered,
        CASE
            WHEN (j.call_status = 5) THEN j.calls
            ELSE 0
        END AS failed
   FROM ( SELECT unnest(tally_journal.campaign_id) AS campaign_id,
            unnest(tally_journal.vdn_id) AS vdn_id,
            unnest(tally_journal.call_hour) AS call_hour,
            unnest(tally_journal.call_status) AS call_status,
            unnest(tally_journal.cause_key) AS cause_key,
            (tally_journal.sign * unnest(COALESCE(tally_journal.calls, array_fill(1, ARRAY[cardinality(tally_journal.vdn_id)])))) AS calls
           FROM callresult.tally_journal) j;

CREATE VIEW callresult.tally_parts AS
 SELECT tally_detail.campaign_id,
    unnest(tally_detail.vdn_id) AS vdn_id,
    unnest(tally_detail.call_hour) AS call_hour,
    unnest(tally_detail.call_status) AS call_status,
    unnest(tally_detail.cause_key) AS cause_key,
    unnest(tally_detail.calls) AS calls
   FROM callresult.tally_detail
UNION ALL
 SELECT tally_pending.campaign_id,
    tally_pending.vdn_id,
    tally_pending.call_hour,
    tally_pending.call_status,
    tally_pending.cause_key,
    tally_pending.calls
   FROM callresult.tally_pending;

CREATE VIEW callresult.call_tally AS
 SELECT t.campaign_id,
    t.vdn_id,
    t.call_hour AS hour,
    t.call_status,
        CASE
            WHEN (octet_length(t.cause_key) <= 64) THEN t.cause_key
            ELSE ( SELECT l.cause_code
               FROM callresult.tally_long_cause l
              WHERE (l.cause_key = t.cause_key)
             LIMIT 1)
        END AS cause_code,
    t.calls
   FROM ( SELECT tally_parts.campaign_id,
            tally_parts.vdn_id,
            tally_parts.call_hour,
            tally_parts.call_status,
            tally_parts.cause_key,
            sum(tally_parts.calls) AS calls
           FROM callresult.tally_parts
          GROUP BY tally_parts.campaign_id, tally_parts.vdn_id, tally_parts.call_hour, tally_parts.call_status, tally_parts.cause_key
         HAVING (sum(tally_parts.calls) <> 0)) t;

CREATE TABLE callresult.tally_day (
    campaign_id text NOT NULL,
    vdn_id integer,
    day date,
    calls integer NOT NULL,
    answered integer NOT NULL,
    failed integer NOT NULL
)
WITH (fillfactor='70');

CREATE VIEW callresult.campaign_daily AS
 SELECT part.campaign_id,
    part.vdn_id,
    part.day,
    sum(part.calls) AS calls,
    sum(part.answered) AS answered,
    sum(part.failed) AS failed,
    callresult.part_of(sum(part.answered), sum(part.calls)) AS answer_rate
   FROM ( SELECT tally_day.campaign_id,
            tally_day.vdn_id,
            tally_day.day,
            tally_day.calls,
            tally_day.answered,
            tally_day.failed
           FROM callresult.tally_day
        UNION ALL
         SELECT tally_pending.campaign_id,
            tally_pending.vdn_id,
            (tally_pending.call_hour)::date AS call_hour,
            tally_pending.calls,
            tally_pending.answered,
            tally_pending.failed
           FROM callresult.tally_pending) part
  GROUP BY part.campaign_id, part.vdn_id, part.day
 HAVING (sum(part.calls) <> 0);

CREATE TABLE callresult.tally_hour (
    campaign_id text NOT NULL,
    vdn_id integer,
    call_hour timestamp without time zone,
    calls integer NOT NULL,
    answered integer NOT NULL,
    failed integer NOT NULL
)
WITH (fillfactor='70');

CREATE VIEW callresult.campaign_hourly AS
 SELECT hourly.campaign_id,
        CASE
            WHEN (NOT hourly.no_vdn) THEN hourly.vdn
            ELSE NULL::integer
        END AS vdn_id,
        CASE
            WHEN (NOT hourly.no_hour) THEN hourly.began
            ELSE NULL::timestamp without time zone
        END AS hour,
    hourly.calls,
    hourly.answered,
    hourly.failed,
    callresult.part_of(hourly.answered, hourly.calls) AS answer_rate
   FROM ( SELECT campaign_id,
            vdn,
            no_vdn,
            began,
            no_hour,
            (COALESCE(h.calls, 0) + COALESCE(p.calls, (0)::bigint)) AS calls,
            (COALESCE(h.answered, 0) + COALESCE(p.answered, (0)::bigint)) AS answered,
            (COALESCE(h.failed, 0) + COALESCE(p.failed, (0)::bigint)) AS failed
           FROM (( SELECT tally_hour.campaign_id,
                    COALESCE(tally_hour.vdn_id, 0) AS vdn,
                    (tally_hour.vdn_id IS NULL) AS no_vdn,
                    COALESCE(tally_hour.call_hour, '-infinity'::timestamp without time zone) AS began,
                    (tally_hour.call_hour IS NULL) AS no_hour,
                    tally_hour.calls,
                    tally_hour.answered,
                    tally_hour.failed
                   FROM callresult.tally_hour) h
             FULL JOIN ( SELECT tally_pending.campaign_id,
                    COALESCE(tally_pending.vdn_id, 0) AS vdn,
                    (tally_pending.vdn_id IS NULL) AS no_vdn,
                    COALESCE(tally_pending.call_hour, '-infinity'::timestamp without time zone) AS began,
                    (tally_pending.call_hour IS NULL) AS no_hour,
                    sum(tally_pending.calls) AS calls,
                    sum(tally_pending.answered) AS answered,
                    sum(tally_pending.failed) AS failed
                   FROM callresult.tally_pending
                  GROUP BY tally_pending.campaign_id, tally_pending.vdn_id, tally_pending.call_hour) p USING (campaign_id, vdn, no_vdn, began, no_hour))) hourly
  WHERE (hourly.calls <> 0);

CREATE TABLE callresult.failure_code (
    code text NOT NULL,
    category text NOT NULL,
    description text NOT NULL,
    redial text NOT NULL,
    listed boolean DEFAULT false NOT NULL,
    CONSTRAINT failure_code_redial_check CHECK ((redial = ANY (ARRAY['soon'::text, 'later'::text, 'never'::text, 'fix'::text, 'no'::text])))
);

CREATE TABLE callresult.tally_cause (
    campaign_id text NOT NULL,
    vdn_id integer,
    call_status smallint NOT NULL,
    cause_key text,
    calls bigint NOT NULL
)
WITH (fillfactor='70');

CREATE VIEW callresult.failure_breakdown AS
 SELECT t.campaign_id,
    t.vdn_id,
    COALESCE(f.category, 'Others'::text) AS category,
        CASE
            WHEN (octet_length(t.cause_key) <= 64) THEN t.cause_key
            ELSE ( SELECT l.cause_code
               FROM callresult.tally_long_cause l
              WHERE (l.cause_key = t.cause_key)
             LIMIT 1)
        END AS code,
    f.description AS cause,
    t.calls,
    callresult.part_of(t.calls, (sum(t.calls) OVER (PARTITION BY t.campaign_id, t.vdn_id))::bigint) AS share
   FROM (( SELECT part.campaign_id,
            part.vdn_id,
            part.cause_key,
            (sum(part.calls))::bigint AS calls
           FROM ( SELECT tally_cause.campaign_id,
                    tally_cause.vdn_id,
                    tally_cause.cause_key,
                    tally_cause.calls
                   FROM callresult.tally_cause
                UNION ALL
                 SELECT tally_pending.campaign_id,
                    tally_pending.vdn_id,
                    tally_pending.cause_key,
                    tally_pending.calls
                   FROM callresult.tally_pending) part
          GROUP BY part.campaign_id, part.vdn_id, part.cause_key
         HAVING (sum(part.calls) <> (0)::numeric)) t
     LEFT JOIN callresult.failure_code f ON ((callresult.cause_key(f.code) = t.cause_key)));

CREATE TABLE callresult.tally_arrival (
    arrived timestamp with time zone NOT NULL,
    timed bigint NOT NULL,
    lag numeric NOT NULL
)
WITH (fillfactor='70');

CREATE FUNCTION callresult.check_tally() RETURNS TABLE(report text, campaign_id text, vdn_id integer, period timestamp without time zone, call_status smallint, cause_code text, tallied numeric, counted numeric)
    LANGUAGE sql STABLE
    SET search_path TO 'callresult', 'pg_temp'
    BEGIN ATOMIC
 WITH truth AS MATERIALIZED (
          SELECT r.campaign_id,
             r.vdn_id,
             date_trunc('hour'::text, r.call_time_local) AS hour,
             r.call_status,
             r.cause_code,
             count(*) AS calls
            FROM callresult.call_result r
           GROUP BY r.campaign_id, r.vdn_id, (date_trunc('hour'::text, r.call_time_local)), r.call_status, r.cause_code
         ), figures AS (
          SELECT 'call_tally'::text AS report,
             t.campaign_id,
             t.vdn_id,
             t.hour AS period,
             t.call_status,
             t.cause_code,
             t.calls AS tallied,
             0 AS counted
            FROM callresult.call_tally t
         UNION ALL
          SELECT 'call_tally'::text,
             truth.campaign_id,
             truth.vdn_id,
             truth.hour,
             truth.call_status,
             truth.cause_code,
             0,
             truth.calls
            FROM truth
         UNION ALL
          SELECT 'campaign_hourly'::text,
             h.campaign_id,
             h.vdn_id,
             h.hour,
             s.call_status,
             NULL::text,
             s.calls,
             0
            FROM (callresult.campaign_hourly h
              CROSS JOIN LATERAL ( VALUES (NULL::integer,h.calls), (6,h.answered), (5,h.failed)) s(call_status, calls))
         UNION ALL
          SELECT 'campaign_hourly'::text,
             t.campaign_id,
             t.vdn_id,
             t.hour,
             s.call_status,
             NULL::text,
             0,
             t.calls
            FROM (truth t
              CROSS JOIN LATERAL ( VALUES (NULL::smallint), (t.call_status)) s(call_status))
           WHERE ((s.call_status IS NULL) OR (s.call_status = ANY (ARRAY[5, 6])))
         UNION ALL
          SELECT 'campaign_daily'::text,
             d.campaign_id,
             d.vdn_id,
             d.day,
             s.call_status,
             NULL::text,
             s.calls,
             0
            FROM (callresult.campaign_daily d
              CROSS JOIN LATERAL ( VALUES (NULL::integer,d.calls), (6,d.answered), (5,d.failed)) s(call_status, calls))
         UNION ALL
          SELECT 'campaign_daily'::text,
             t.campaign_id,
             t.vdn_id,
             (t.hour)::date AS hour,
             s.call_status,
             NULL::text,
             0,
             t.calls
            FROM (truth t
              CROSS JOIN LATERAL ( VALUES (NULL::smallint), (t.call_status)) s(call_status))
           WHERE ((s.call_status IS NULL) OR (s.call_status = ANY (ARRAY[5, 6])))
         UNION ALL
          SELECT 'failure_breakdown'::text,
             b.campaign_id,
             b.vdn_id,
             NULL::timestamp without time zone,
             NULL::integer,
             b.code,
             b.calls,
             0
            FROM callresult.failure_breakdown b
         UNION ALL
          SELECT 'failure_breakdown'::text,
             t.campaign_id,
             t.vdn_id,
             NULL::timestamp without time zone,
             NULL::integer,
             t.cause_code,
             0,
             t.calls
            FROM truth t
         UNION ALL
          SELECT 'delivery_health'::text,
             NULL::text,
             NULL::integer,
             (lags.hour AT TIME ZONE 'UTC'::text) AS timezone,
             NULL::integer,
             NULL::text,
             round(sum(lags.lag)) AS round,
             round(sum(lags.truth)) AS round
            FROM ( SELECT a.arrived,
                     a.lag,
                     0 AS "?column?"
                    FROM callresult.tally_arrival a
                 UNION ALL
                  SELECT j.arrived,
                     ((j.sign)::numeric * j.lag),
                     0
                    FROM callresult.tally_journal j
                 UNION ALL
                  SELECT date_bin('01:00:00'::interval, r.received_at, '2000-01-01 00:00:00+00'::timestamp with time zone) AS date_bin,
                     0,
                     ((date_part('epoch'::text, (r.received_at - r.call_time)) * (1000)::double precision))::bigint AS int8
                    FROM callresult.call_result r
                   WHERE (isfinite(r.received_at) AND isfinite(r.call_time))) lags(hour, lag, truth)
           GROUP BY lags.hour
         )
  SELECT f.report,
     f.campaign_id,
     f.vdn_id,
     f.period,
     (f.call_status)::smallint AS call_status,
     f.cause_code,
     sum(f.tallied) AS sum,
     sum(f.counted) AS sum
    FROM figures f
   GROUP BY f.report, f.campaign_id, f.vdn_id, f.period, f.call_status, f.cause_code
  HAVING (sum(f.tallied) <> sum(f.counted));
END;

CREATE FUNCTION callresult.compact_tally() RETURNS void
    LANGUAGE sql
    SET search_path TO 'callresult', 'pg_temp'
    BEGIN ATOMIC
 WITH old AS (
          DELETE FROM callresult.tally_detail tally_detail_1
           WHERE ((tally_detail_1.campaign_id, tally_detail_1.month) IN ( SELECT tally_detail_2.campaign_id,
                     tally_detail_2.month
                    FROM callresult.tally_detail tally_detail_2
                   WHERE (tally_detail_2.month < date_trunc('month'::text, (now() AT TIME ZONE 'UTC'::text)))
                   GROUP BY tally_detail_2.campaign_id, tally_detail_2.month
                  HAVING (count(*) > 1)))
           RETURNING tally_detail_1.campaign_id,
             tally_detail_1.month,
             tally_detail_1.vdn_id,
             tally_detail_1.call_hour,
             tally_detail_1.call_status,
             tally_detail_1.cause_key,
             tally_detail_1.calls
         )
  INSERT INTO callresult.tally_detail (campaign_id, month, vdn_id, call_hour, call_status, cause_key, calls)  SELECT summed.campaign_id,
             summed.month,
             array_agg(summed.vdn_id) AS array_agg,
             array_agg(summed.call_hour) AS array_agg,
             array_agg(summed.call_status) AS array_agg,
             array_agg(summed.cause_key) AS array_agg,
             array_agg(summed.calls) AS array_agg
            FROM ( SELECT o.campaign_id,
                     o.month,
                     c.vdn_id,
                     c.call_hour,
                     c.call_status,
                     c.cause_key,
                     (sum(c.calls))::integer AS calls
                    FROM (old o
                      CROSS JOIN LATERAL UNNEST(o.vdn_id, o.call_hour, o.call_status, o.cause_key, o.calls) c(vdn_id, call_hour, call_status, cause_key, calls))
                   GROUP BY o.campaign_id, o.month, c.vdn_id, c.call_hour, c.call_status, c.cause_key
                  HAVING (sum(c.calls) <> 0)) summed
           GROUP BY summed.campaign_id, summed.month;
 DELETE FROM callresult.tally_day
   WHERE (tally_day.calls = 0);
 DELETE FROM callresult.tally_hour
   WHERE (tally_hour.calls = 0);
 DELETE FROM callresult.tally_cause
   WHERE (tally_cause.calls = 0);
 DELETE FROM callresult.tally_arrival
   WHERE (tally_arrival.timed = 0);
END;

CREATE FUNCTION callresult.count_first(source text) RETURNS text
    LANGUAGE sql STABLE
    RETURN format('
    insert into callresult.tally_journal (
        sign, arrived, timed, lag, campaign_id, vdn_id, call_hour, call_status, cause_key, calls)
    select $1, arrived, sum(timed), coalesce(sum(lag), 0), array_agg(campaign_id), array_agg(vdn_id),
           array_agg(call_hour), array_agg(call_status), array_agg(cause_key), array_agg(calls)
    from (
        select date_bin(''1 hour'', received_at, ''2000-01-01 00:00:00+00'') as arrived,
               count(*) filter (where isfinite(received_at) and isfinite(call_time)) as timed,
               sum((date_part(''epoch'', received_at - call_time) * 1000)::bigint)
                   filter (where isfinite(received_at) and isfinite(call_time)) as lag,
               campaign_id, vdn_id, date_trunc(''hour'', call_time_local) as call_hour, call_status,
               case when octet_length(cause_code) > 64 then callresult.cause_key(cause_code) else cause_code end
                   as cause_key, count(*)::integer as calls,
               row_number() over () / 10000 as part
        from %s
        group by arrived, campaign_id, vdn_id, call_hour, call_status, cause_key
    ) counted
    group by arrived, part '::text, source);

CREATE FUNCTION callresult.erase_number(number text) RETURNS TABLE(removed_from text, rows bigint)
    LANGUAGE plpgsql
    SET search_path TO 'callresult', 'pg_temp'
    AS $$
begin
    if coalesce(number, '') = '' then
        raise exception 'erase_number needs a number';
    end if;

    removed_from := 'call_result';
    delete from call_result where called = number;
    get diagnostics rows = row_count;
    return next;

    removed_from := 'call_result_revision';
    delete from call_result_revision where called = number;
    get diagnostics rows = row_count;
    return next;

    removed_from := 'quarantine';
    delete from quarantine where holds_number(raw, number);
    get diagnostics rows = row_count;
    return next;
end
$$;

CREATE FUNCTION callresult.fold_tally() RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
    with taken as (
        delete from callresult.tally_journal returning *
    ), detail as materialized (
        select campaign_id, vdn_id, call_hour, call_status, cause_key, sum(calls)::integer as calls
        from (
            select unnest(campaign_id) as campaign_id, unnest(vdn_id) as vdn_id, unnest(call_hour) as call_hour,
                   unnest(call_status) as call_status, unnest(cause_key) as cause_key,
                   sign * unnest(coalesce(calls, array_fill(1, array[cardinality(vdn_id)]))) as calls
            from taken
        ) c
        group by campaign_id, vdn_id, call_hour, call_status, cause_key
        having sum(calls) <> 0
    ), hourly as materialized (
        select campaign_id, vdn_id, call_hour, sum(calls)::integer as calls,
               coalesce(sum(calls) filter (where call_status = 6), 0)::integer as answered,
               coalesce(sum(calls) filter (where call_status = 5), 0)::integer as failed
        from detail
        group by campaign_id, vdn_id, call_hour
    ), details as (
        insert into callresult.tally_detail (campaign_id, month, vdn_id, call_hour, call_status, cause_key, calls)
        select campaign_id, date_trunc('month', call_hour)::date as month, array_agg(vdn_id),
               array_agg(call_hour), array_agg(call_status), array_agg(cause_key), array_agg(calls)
        from detail
        group by campaign_id, month
    ), hours as (
        insert into callresult.tally_hour as t (campaign_id, vdn_id, call_hour, calls, answered, failed)
        select campaign_id, vdn_id, call_hour, calls, answered, failed
        from hourly
        on conflict (campaign_id, vdn_id, call_hour) do update
        set calls = t.calls + excluded.calls,
            answered = t.answered + excluded.answered,
            failed = t.failed + excluded.failed
    ), days as (
        insert into callresult.tally_day as t (campaign_id, vdn_id, day, calls, answered, failed)
        select campaign_id, vdn_id, call_hour::date, sum(calls), sum(answered), sum(failed)
        from hourly
        group by campaign_id, vdn_id, call_hour::date
        on conflict (campaign_id, vdn_id, day) do update
        set calls = t.calls + excluded.calls,
            answered = t.answered + excluded.answered,
            failed = t.failed + excluded.failed
    ), causes as (
        insert into callresult.tally_cause as t (campaign_id, vdn_id, call_status, cause_key, calls)
        select campaign_id, vdn_id, call_status, cause_key, sum(calls)
        from detail
        group by campaign_id, vdn_id, call_status, cause_key
        on conflict (campaign_id, vdn_id, call_status, cause_key) do update
        set calls = t.calls + excluded.calls
    )
    insert into callresult.tally_arrival as t (arrived, timed, lag)
    select arrived, sum(sign * timed), sum(sign * lag)
    from taken
    group by arrived
    on conflict (arrived) do update
    set timed = t.timed + excluded.timed,
        lag = t.lag + excluded.lag;
end
$$;

CREATE FUNCTION callresult.fold_tally_in_turn(calls bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
    numbers bigint := least((calls + 31) / 32, 1024);
    turn    bigint := nextval('callresult.tally_turn');
begin
    if numbers > 1 then
        turn := (select max(nextval('callresult.tally_turn')) from generate_series(2, numbers));
    end if;
    if (numbers = 1024 or turn / 1024 <> (turn - numbers) / 1024)
       and callresult.sees_latest()
       and pg_try_advisory_xact_lock(callresult.tally_lock())
    then
        perform callresult.fold_tally();
    end if;
end
$$;

CREATE FUNCTION callresult.holds_number(raw bytea, number text) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
declare
    sought  bytea := convert_to(number, 'UTF8');
    at      integer := position(sought in raw);
    past    integer;
begin
    while at > 0 loop
        past := at + length(sought);
        if (at = 1 or get_byte(raw, at - 2) not between 48 and 57)
           and (past > length(raw) or get_byte(raw, past - 1) not between 48 and 57)
        then
            return true;
        end if;
        past := position(sought in substring(raw from at + 1));
        at := case when past > 0 then at + past else 0 end;
    end loop;
    return false;
end
$$;

CREATE FUNCTION callresult.keep_content() RETURNS trigger
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
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

CREATE FUNCTION callresult.link_expiry(link text) RETURNS timestamp with time zone
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $_$
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
$_$;

CREATE FUNCTION callresult.make_months(parent text, months timestamp without time zone[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION callresult.need_latest(what text) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
    if not callresult.sees_latest() then
        raise exception '% has to run at read committed', what
            using errcode = 'invalid_transaction_state',
                  detail = 'A transaction that is ' || current_setting('transaction_isolation')
                           || ' does not see all results, and would leave the reports wrong.';
    end if;
end
$$;

CREATE FUNCTION callresult.rebuild_tally() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'callresult', 'pg_temp'
    AS $$
begin
    perform need_latest('rebuild_tally');
    lock table call_result in share row exclusive mode;
    perform pg_advisory_xact_lock(tally_lock());
    delete from tally_journal;
    delete from tally_day;
    delete from tally_hour;
    delete from tally_cause;
    delete from tally_detail;
    delete from tally_arrival;
    delete from tally_long_cause;

    execute count_first('call_result') using 1;
    insert into tally_long_cause (cause_key, cause_code)
    select distinct cause_key(cause_code), cause_code
    from call_result
    where octet_length(cause_code) > 64;

    perform fold_tally();
end
$$;

CREATE FUNCTION callresult.retain(keep interval) RETURNS TABLE(dropped text, rows bigint)
    LANGUAGE plpgsql
    SET search_path TO 'callresult', 'pg_temp'
    SET lock_timeout TO '30s'
    AS $_$
declare
    before      timestamp := date_trunc('month', (now() at time zone 'UTC') - interval '12 hours' - keep);
    parents     constant text[] := array['call_result', 'call_result_revision', 'push'];
    parent      text;
    month       text;
    months      text[] := array[]::text[];
    give_up_at  timestamptz;
begin
    if keep is null or now() - keep > now() then
        raise exception 'retain needs to know how long to keep, such as interval ''2 years''';
    end if;
    perform need_latest('retain');
    perform pg_advisory_xact_lock(tally_lock());

    foreach parent in array parents loop
        dropped := parent || '_default';
        if parent = 'push' then
            delete from push_default where received_at < before at time zone 'UTC';
        else
            execute format('delete from %I where coalesce(call_time_local, received_at at time zone %L) < $1',
                           dropped, 'UTC') using before;
        end if;
        get diagnostics rows = row_count;
        if rows > 0 then
            return next;
        end if;

        for month in
            select c.relname
            from pg_inherits i
            join pg_class c on c.oid = i.inhrelid
            where i.inhparent = parent::regclass and c.relname ~ ('^' || parent || '_y[0-9]{4}m[0-9]{2}$')
              and to_date(right(c.relname, 7), 'YYYY"m"MM') + interval '1 month' <= before
            order by c.relname
        loop
            execute format('lock table only %I in share row exclusive mode', month);
            execute format('select count(*) from %I', month) into rows;
            if parent = 'call_result' then
                execute count_first(month) using -1;
            end if;
            dropped := month;
            return next;
            months := months || month;
        end loop;
    end loop;

    dropped := 'quarantine';
    delete from quarantine where resolved_at < now() - keep;
    get diagnostics rows = row_count;
    if rows > 0 then
        return next;
    end if;

    perform fold_tally();
    perform compact_tally();

    perform set_config('lock_timeout', '100ms', true);
    give_up_at := clock_timestamp() + interval '1 minute';
    while cardinality(months) > 0 loop
        begin
            foreach parent in array parents loop
                execute format('lock table only %I, only %I in access exclusive mode', parent,
                               parent || '_default');
            end loop;
            foreach month in array months loop
                execute format('drop table %I', month);
            end loop;
            months := array[]::text[];
        exception
            when lock_not_available or deadlock_detected then
                if clock_timestamp() > give_up_at then
                    raise;
                end if;
                perform pg_sleep(0.1);
        end;
    end loop;
end
$_$;

CREATE FUNCTION callresult.sees_latest() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (current_setting('transaction_isolation'::text) = ANY (ARRAY['read committed'::text, 'read uncommitted'::text]));

CREATE FUNCTION callresult.store(p_id uuid[], p_received_at timestamp with time zone[], p_remote_addr text[], p_bytes bigint[], p_sha256 bytea[], p_records integer[], p_quarantined integer[], p_spooled boolean[], r_push_id uuid[], r_received_at timestamp with time zone[], r_campaign_id text[], r_session_id text[], r_called text[], r_call_time_local timestamp without time zone[], r_call_status smallint[], r_fail_code text[], r_cause_code text[], r_vdn_id integer[], r_call_id text[], r_custom_field text[], r_record_path text[], r_extra jsonb[], call_timezone text, q_push_id uuid[], q_received_at timestamp with time zone[], q_reason text[], q_raw bytea[]) RETURNS TABLE(inserted bigint, updated bigint, duplicates bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'callresult', 'pg_temp'
    AS $$
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

CREATE FUNCTION callresult.tally() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'callresult', 'pg_temp'
    AS $$
declare
    most        constant bigint := 16384;
    arriving    bigint := 0;
    leaving     bigint := 0;
    long_cause  boolean := false;
begin
    if tg_op in ('INSERT', 'UPDATE') then
        select count(*), coalesce(bool_or(octet_length(cause_code) > 64), false) into arriving, long_cause
        from (select cause_code from came limit most) c;
        if arriving = 0 then
            return null;
        end if;
        if arriving = most then
            execute count_first('came') using 1;
        else
            insert into tally_journal
            select 1, date_bin('1 hour', received_at, '2000-01-01 00:00:00+00') as arrived,
                   count(*) filter (where isfinite(received_at) and isfinite(call_time)),
                   coalesce(sum((date_part('epoch', received_at - call_time) * 1000)::bigint)
                                filter (where isfinite(received_at) and isfinite(call_time)), 0),
                   array_agg(campaign_id), array_agg(vdn_id), array_agg(date_trunc('hour', call_time_local)),
                   array_agg(call_status),
                   array_agg(case when octet_length(cause_code) > 64 then cause_key(cause_code) else cause_code end)
            from came
            group by arrived;
        end if;
    end if;

    if tg_op in ('UPDATE', 'DELETE') then
        leaving := case when tg_op = 'UPDATE' then arriving
                        else (select count(*) from (select from went limit most) w) end;
        if leaving = most then
            execute count_first('went') using -1;
        elsif leaving > 0 then
            insert into tally_journal
            select -1, date_bin('1 hour', received_at, '2000-01-01 00:00:00+00') as arrived,
                   count(*) filter (where isfinite(received_at) and isfinite(call_time)),
                   coalesce(sum((date_part('epoch', received_at - call_time) * 1000)::bigint)
                                filter (where isfinite(received_at) and isfinite(call_time)), 0),
                   array_agg(campaign_id), array_agg(vdn_id), array_agg(date_trunc('hour', call_time_local)),
                   array_agg(call_status),
                   array_agg(case when octet_length(cause_code) > 64 then cause_key(cause_code) else cause_code end)
            from went
            group by arrived;
        end if;
    end if;

    if tg_op = 'TRUNCATE' then
        perform need_latest('truncate');
        execute count_first(tg_relid::regclass::text) using -1;
        leaving := most;
    end if;

    if long_cause or arriving = most then
        insert into tally_long_cause (cause_key, cause_code)
        select distinct cause_key(cause_code), cause_code
        from came
        where octet_length(cause_code) > 64
          and not exists (select from tally_long_cause l where l.cause_key = cause_key(came.cause_code));
    end if;

    if arriving + leaving > 0 then
        perform fold_tally_in_turn(arriving + leaving);
    end if;
    return null;
end
$$;

CREATE FUNCTION callresult.tally_lock() RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN hashtextextended('callresult tally'::text, (0)::bigint);

CREATE TABLE callresult.call_result_default (
    campaign_id text NOT NULL,
    session_id text,
    called text,
    call_id text,
    call_time_local timestamp without time zone,
    call_time timestamp with time zone,
    call_status smallint NOT NULL,
    fail_code text,
    cause_code text,
    vdn_id integer,
    custom_field text,
    record_path text,
    extra jsonb,
    push_id uuid NOT NULL,
    received_at timestamp with time zone NOT NULL,
    revision integer DEFAULT 0 NOT NULL,
    last_received_at timestamp with time zone
);

CREATE TABLE callresult.call_result_revision (
    campaign_id text NOT NULL,
    session_id text,
    called text,
    call_id text,
    call_time_local timestamp without time zone,
    call_time timestamp with time zone,
    call_status smallint NOT NULL,
    fail_code text,
    cause_code text,
    vdn_id integer,
    custom_field text,
    record_path text,
    extra jsonb,
    push_id uuid NOT NULL,
    received_at timestamp with time zone NOT NULL,
    revision integer NOT NULL,
    superseded_by uuid NOT NULL,
    kept_at timestamp with time zone DEFAULT now() NOT NULL
)
PARTITION BY RANGE (call_time_local);

CREATE TABLE callresult.call_result_revision_default (
    campaign_id text NOT NULL,
    session_id text,
    called text,
    call_id text,
    call_time_local timestamp without time zone,
    call_time timestamp with time zone,
    call_status smallint NOT NULL,
    fail_code text,
    cause_code text,
    vdn_id integer,
    custom_field text,
    record_path text,
    extra jsonb,
    push_id uuid NOT NULL,
    received_at timestamp with time zone NOT NULL,
    revision integer NOT NULL,
    superseded_by uuid NOT NULL,
    kept_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE callresult.call_result_revision_y2026m01 (
    campaign_id text NOT NULL,
    session_id text,
    called text,
    call_id text,
    call_time_local timestamp without time zone,
    call_time timestamp with time zone,
    call_status smallint NOT NULL,
    fail_code text,
    cause_code text,
    vdn_id integer,
    custom_field text,
    record_path text,
    extra jsonb,
    push_id uuid NOT NULL,
    received_at timestamp with time zone NOT NULL,
    revision integer NOT NULL,
    superseded_by uuid NOT NULL,
    kept_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE callresult.call_result_revision_y2026m02 (
    campaign_id text NOT NULL,
    session_id text,
    called text,
    call_id text,
    call_time_local timestamp without time zone,
    call_time timestamp with time zone,
    call_status smallint NOT NULL,
    fail_code text,
    cause_code text,
    vdn_id integer,
    custom_field text,
    record_path text,
    extra jsonb,
    push_id uuid NOT NULL,
    received_at timestamp with time zone NOT NULL,
    revision integer NOT NULL,
    superseded_by uuid NOT NULL,
    kept_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE callresult.call_result_revision_y2026m11 (
    campaign_id text NOT NULL,
    session_id text,
    called text,
    call_id text,
    call_time_local timestamp without time zone,
    call_time timestamp with time zone,
    call_status smallint NOT NULL,
    fail_code text,
    cause_code text,
    vdn_id integer,
    custom_field text,
    record_path text,
    extra jsonb,
    push_id uuid NOT NULL,
    received_at timestamp with time zone NOT NULL,
    revision integer NOT NULL,
    superseded_by uuid NOT NULL,
    kept_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE callresult.call_result_revision_y2026m12 (
    campaign_id text NOT NULL,
    session_id text,
    called text,
    call_id text,
    call_time_local timestamp without time zone,
    call_time timestamp with time zone,
    call_status smallint NOT NULL,
    fail_code text,
    cause_code text,
    vdn_id integer,
    custom_field text,
    record_path text,
    extra jsonb,
    push_id uuid NOT NULL,
    received_at timestamp with time zone NOT NULL,
    revision integer NOT NULL,
    superseded_by uuid NOT NULL,
    kept_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE callresult.call_result_y2026m01 (
    campaign_id text NOT NULL,
    session_id text,
    called text,
    call_id text,
    call_time_local timestamp without time zone,
    call_time timestamp with time zone,
    call_status smallint NOT NULL,
    fail_code text,
    cause_code text,
    vdn_id integer,
    custom_field text,
    record_path text,
    extra jsonb,
    push_id uuid NOT NULL,
    received_at timestamp with time zone NOT NULL,
    revision integer DEFAULT 0 NOT NULL,
    last_received_at timestamp with time zone
);

CREATE TABLE callresult.call_result_y2026m02 (
    campaign_id text NOT NULL,
    session_id text,
    called text,
    call_id text,
    call_time_local timestamp without time zone,
    call_time timestamp with time zone,
    call_status smallint NOT NULL,
    fail_code text,
    cause_code text,
    vdn_id integer,
    custom_field text,
    record_path text,
    extra jsonb,
    push_id uuid NOT NULL,
    received_at timestamp with time zone NOT NULL,
    revision integer DEFAULT 0 NOT NULL,
    last_received_at timestamp with time zone
);

CREATE TABLE callresult.call_result_y2026m11 (
    campaign_id text NOT NULL,
    session_id text,
    called text,
    call_id text,
    call_time_local timestamp without time zone,
    call_time timestamp with time zone,
    call_status smallint NOT NULL,
    fail_code text,
    cause_code text,
    vdn_id integer,
    custom_field text,
    record_path text,
    extra jsonb,
    push_id uuid NOT NULL,
    received_at timestamp with time zone NOT NULL,
    revision integer DEFAULT 0 NOT NULL,
    last_received_at timestamp with time zone
);

CREATE TABLE callresult.call_result_y2026m12 (
    campaign_id text NOT NULL,
    session_id text,
    called text,
    call_id text,
    call_time_local timestamp without time zone,
    call_time timestamp with time zone,
    call_status smallint NOT NULL,
    fail_code text,
    cause_code text,
    vdn_id integer,
    custom_field text,
    record_path text,
    extra jsonb,
    push_id uuid NOT NULL,
    received_at timestamp with time zone NOT NULL,
    revision integer DEFAULT 0 NOT NULL,
    last_received_at timestamp with time zone
);

CREATE VIEW callresult.result_rows AS
 SELECT call_result.campaign_id,
    call_result.session_id,
    call_result.called,
    call_result.call_id,
    call_result.call_time_local,
    call_result.call_time,
    call_result.call_status,
    call_result.fail_code,
    call_result.cause_code,
    call_result.vdn_id,
    call_result.custom_field,
    call_result.record_path,
    call_result.extra,
    call_result.push_id,
    call_result.received_at,
    call_result.revision,
    call_result.last_received_at
   FROM callresult.call_result
  WHERE (LEAST(COALESCE(octet_length(call_result.cause_code), 0), 65) <> 65)
UNION ALL
 SELECT call_result.campaign_id,
    call_result.session_id,
    call_result.called,
    call_result.call_id,
    call_result.call_time_local,
    call_result.call_time,
    call_result.call_status,
    call_result.fail_code,
    call_result.cause_code,
    call_result.vdn_id,
    call_result.custom_field,
    call_result.record_path,
    call_result.extra,
    call_result.push_id,
    call_result.received_at,
    call_result.revision,
    call_result.last_received_at
   FROM callresult.call_result
  WHERE (LEAST(COALESCE(octet_length(call_result.cause_code), 0), 65) = 65);

CREATE VIEW callresult.called_numbers AS
 SELECT a.campaign_id,
    a.vdn_id,
    (a.called COLLATE "default") AS called,
    a.attempts,
    a.answered,
    a.call_time_local AS last_call,
    a.cause_code
   FROM ( SELECT r.campaign_id,
            r.vdn_id,
            r.called,
            r.call_time_local,
            r.cause_code,
            row_number() OVER number AS place,
            count(*) OVER number AS attempts,
            bool_or((r.call_status = 6)) OVER number AS answered
           FROM ( SELECT result_rows.campaign_id,
                    result_rows.vdn_id,
                    (result_rows.called COLLATE "C") AS called,
                    result_rows.call_time_local,
                    result_rows.received_at,
                    result_rows.call_status,
                    result_rows.cause_code
                   FROM callresult.result_rows
                  WHERE (result_rows.called IS NOT NULL)) r
          WINDOW number AS (PARTITION BY r.campaign_id, r.called ORDER BY r.call_time_local DESC NULLS LAST, r.received_at DESC, r.cause_code, r.vdn_id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)) a
  WHERE (a.place = 1);

CREATE VIEW callresult.calls AS
 SELECT r.campaign_id,
    r.vdn_id,
    r.called,
    r.call_time_local,
    r.call_time,
    r.call_status,
    (r.call_status = 6) AS answered,
    r.fail_code,
    r.cause_code,
    COALESCE(f.category, 'Others'::text) AS category,
    f.description AS cause,
    f.redial,
    r.session_id,
    r.call_id,
    r.custom_field,
    r.record_path,
    r.extra,
    r.push_id,
    r.received_at,
    r.revision
   FROM (callresult.result_rows r
     LEFT JOIN callresult.failure_code f ON ((f.code = r.cause_code)));

CREATE VIEW callresult.campaign_summary AS
 WITH total AS (
         SELECT part.campaign_id,
            part.vdn_id,
            sum(part.calls) AS calls,
            sum(part.answered) AS answered,
            sum(part.failed) AS failed,
            min(part.day) AS first_day,
            max(part.day) AS last_day
           FROM ( SELECT tally_day.campaign_id,
                    tally_day.vdn_id,
                    tally_day.day,
                    tally_day.calls,
                    tally_day.answered,
                    tally_day.failed
                   FROM callresult.tally_day
                UNION ALL
                 SELECT tally_pending.campaign_id,
                    tally_pending.vdn_id,
                    (tally_pending.call_hour)::date AS call_hour,
                    tally_pending.calls,
                    tally_pending.answered,
                    tally_pending.failed
                   FROM callresult.tally_pending) part
          GROUP BY part.campaign_id, part.vdn_id
         HAVING (sum(part.calls) <> 0)
        )
 SELECT t.campaign_id,
    t.vdn_id,
    t.calls,
    t.answered,
    t.failed,
    callresult.part_of(t.answered, t.calls) AS answer_rate,
    COALESCE(LEAST(( SELECT min(r.call_time_local) AS min
           FROM callresult.call_result r
          WHERE ((r.campaign_id = t.campaign_id) AND (NOT (r.vdn_id IS DISTINCT FROM t.vdn_id)) AND (r.call_time_local >= t.first_day) AND (r.call_time_local < (t.first_day + 1)) AND (LEAST(COALESCE(octet_length(r.cause_code), 0), 65) <> 65))), ( SELECT min(r.call_time_local) AS min
           FROM callresult.call_result r
          WHERE ((r.campaign_id = t.campaign_id) AND (NOT (r.vdn_id IS DISTINCT FROM t.vdn_id)) AND (r.call_time_local >= t.first_day) AND (r.call_time_local < (t.first_day + 1)) AND (LEAST(COALESCE(octet_length(r.cause_code), 0), 65) = 65)))), LEAST(( SELECT min(r.call_time_local) AS min
           FROM callresult.call_result r
          WHERE ((r.campaign_id = t.campaign_id) AND (NOT (r.vdn_id IS DISTINCT FROM t.vdn_id)) AND (r.call_time_local >= t.first_day) AND (LEAST(COALESCE(octet_length(r.cause_code), 0), 65) <> 65))), ( SELECT min(r.call_time_local) AS min
           FROM callresult.call_result r
          WHERE ((r.campaign_id = t.campaign_id) AND (NOT (r.vdn_id IS DISTINCT FROM t.vdn_id)) AND (r.call_time_local >= t.first_day) AND (LEAST(COALESCE(octet_length(r.cause_code), 0), 65) = 65))))) AS first_call,
    COALESCE(GREATEST(( SELECT max(r.call_time_local) AS max
           FROM callresult.call_result r
          WHERE ((r.campaign_id = t.campaign_id) AND (NOT (r.vdn_id IS DISTINCT FROM t.vdn_id)) AND (r.call_time_local >= t.last_day) AND (r.call_time_local < (t.last_day + 1)) AND (LEAST(COALESCE(octet_length(r.cause_code), 0), 65) <> 65))), ( SELECT max(r.call_time_local) AS max
           FROM callresult.call_result r
          WHERE ((r.campaign_id = t.campaign_id) AND (NOT (r.vdn_id IS DISTINCT FROM t.vdn_id)) AND (r.call_time_local >= t.last_day) AND (r.call_time_local < (t.last_day + 1)) AND (LEAST(COALESCE(octet_length(r.cause_code), 0), 65) = 65)))), GREATEST(( SELECT max(r.call_time_local) AS max
           FROM callresult.call_result r
          WHERE ((r.campaign_id = t.campaign_id) AND (NOT (r.vdn_id IS DISTINCT FROM t.vdn_id)) AND (r.call_time_local < (t.last_day + 1)) AND (LEAST(COALESCE(octet_length(r.cause_code), 0), 65) <> 65))), ( SELECT max(r.call_time_local) AS max
           FROM callresult.call_result r
          WHERE ((r.campaign_id = t.campaign_id) AND (NOT (r.vdn_id IS DISTINCT FROM t.vdn_id)) AND (r.call_time_local < (t.last_day + 1)) AND (LEAST(COALESCE(octet_length(r.cause_code), 0), 65) = 65))))) AS last_call
   FROM total t;

CREATE TABLE callresult.push (
    received_at timestamp with time zone NOT NULL,
    id uuid NOT NULL,
    remote_addr inet,
    bytes bigint NOT NULL,
    sha256 bytea,
    records integer NOT NULL,
    inserted integer NOT NULL,
    updated integer NOT NULL,
    duplicates integer NOT NULL,
    quarantined integer NOT NULL,
    spooled boolean NOT NULL,
    CONSTRAINT push_fates CHECK ((records = (((inserted + updated) + duplicates) + quarantined)))
)
PARTITION BY RANGE (received_at);

CREATE VIEW callresult.delivery_health AS
 SELECT p.hour,
    p.pushes,
    p.records,
    p.duplicates,
    p.quarantined,
    p.spooled,
    l.lag
   FROM (( SELECT date_bin('01:00:00'::interval, push.received_at, '2000-01-01 00:00:00+00'::timestamp with time zone) AS hour,
            count(*) AS pushes,
            sum(push.records) AS records,
            sum(push.duplicates) AS duplicates,
            sum(push.quarantined) AS quarantined,
            count(*) FILTER (WHERE push.spooled) AS spooled
           FROM callresult.push
          GROUP BY (date_bin('01:00:00'::interval, push.received_at, '2000-01-01 00:00:00+00'::timestamp with time zone))) p
     LEFT JOIN ( SELECT part.arrived AS hour,
            round(((sum(part.lag) / NULLIF(sum(part.timed), (0)::numeric)) / (1000)::numeric), 1) AS lag
           FROM ( SELECT tally_arrival.arrived,
                    tally_arrival.timed,
                    tally_arrival.lag
                   FROM callresult.tally_arrival
                UNION ALL
                 SELECT tally_journal.arrived,
                    (tally_journal.sign * tally_journal.timed),
                    ((tally_journal.sign)::numeric * tally_journal.lag)
                   FROM callresult.tally_journal) part
          GROUP BY part.arrived) l USING (hour));

CREATE TABLE callresult.failure_category (
    category text NOT NULL,
    rank smallint NOT NULL
);

CREATE TABLE callresult.failure_code_category (
    code text NOT NULL,
    category text NOT NULL
);

CREATE VIEW callresult.invalid_numbers AS
 SELECT n.campaign_id,
    n.vdn_id,
    n.called,
    n.attempts,
    n.last_call,
    f.code,
    f.description AS cause
   FROM (callresult.called_numbers n
     JOIN callresult.failure_code f ON ((f.code = n.cause_code)))
  WHERE (f.redial = 'never'::text);

CREATE VIEW callresult.platform_faults AS
 SELECT t.call_hour AS hour,
    t.campaign_id,
    t.vdn_id,
    f.category,
    f.code,
    f.description AS cause,
    t.calls
   FROM (( SELECT p.call_hour,
            p.campaign_id,
            p.vdn_id,
            p.cause_key,
            sum(p.calls) AS calls
           FROM callresult.tally_parts p
          WHERE (p.cause_key IN ( SELECT callresult.cause_key(c.code) AS cause_key
                   FROM callresult.failure_code c
                  WHERE (c.redial = 'fix'::text)))
          GROUP BY p.call_hour, p.campaign_id, p.vdn_id, p.cause_key
         HAVING (sum(p.calls) <> 0)) t
     JOIN callresult.failure_code f ON ((callresult.cause_key(f.code) = t.cause_key)));

CREATE TABLE callresult.push_default (
    received_at timestamp with time zone NOT NULL,
    id uuid NOT NULL,
    remote_addr inet,
    bytes bigint NOT NULL,
    sha256 bytea,
    records integer NOT NULL,
    inserted integer NOT NULL,
    updated integer NOT NULL,
    duplicates integer NOT NULL,
    quarantined integer NOT NULL,
    spooled boolean NOT NULL,
    CONSTRAINT push_fates CHECK ((records = (((inserted + updated) + duplicates) + quarantined)))
);

CREATE TABLE callresult.push_y2026m01 (
    received_at timestamp with time zone NOT NULL,
    id uuid NOT NULL,
    remote_addr inet,
    bytes bigint NOT NULL,
    sha256 bytea,
    records integer NOT NULL,
    inserted integer NOT NULL,
    updated integer NOT NULL,
    duplicates integer NOT NULL,
    quarantined integer NOT NULL,
    spooled boolean NOT NULL,
    CONSTRAINT push_fates CHECK ((records = (((inserted + updated) + duplicates) + quarantined)))
);

CREATE TABLE callresult.push_y2026m11 (
    received_at timestamp with time zone NOT NULL,
    id uuid NOT NULL,
    remote_addr inet,
    bytes bigint NOT NULL,
    sha256 bytea,
    records integer NOT NULL,
    inserted integer NOT NULL,
    updated integer NOT NULL,
    duplicates integer NOT NULL,
    quarantined integer NOT NULL,
    spooled boolean NOT NULL,
    CONSTRAINT push_fates CHECK ((records = (((inserted + updated) + duplicates) + quarantined)))
);

CREATE TABLE callresult.push_y2026m12 (
    received_at timestamp with time zone NOT NULL,
    id uuid NOT NULL,
    remote_addr inet,
    bytes bigint NOT NULL,
    sha256 bytea,
    records integer NOT NULL,
    inserted integer NOT NULL,
    updated integer NOT NULL,
    duplicates integer NOT NULL,
    quarantined integer NOT NULL,
    spooled boolean NOT NULL,
    CONSTRAINT push_fates CHECK ((records = (((inserted + updated) + duplicates) + quarantined)))
);

CREATE TABLE callresult.quarantine (
    id bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    push_id uuid,
    reason text NOT NULL,
    raw bytea NOT NULL,
    sha256 bytea NOT NULL,
    seen bigint DEFAULT 1 NOT NULL,
    resolved_at timestamp with time zone
);

ALTER TABLE callresult.quarantine ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME callresult.quarantine_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW callresult.recordings AS
 SELECT r.campaign_id,
    r.vdn_id,
    r.called,
    r.call_time_local,
    r.session_id,
    r.call_id,
    regexp_replace(r.record_path, '[?#].*$'::text, ''::text) AS record_path,
    callresult.link_expiry(r.record_path) AS expires_at
   FROM callresult.result_rows r
  WHERE ((r.call_status = 6) AND (r.record_path IS NOT NULL));

CREATE VIEW callresult.redial_candidates AS
 SELECT n.campaign_id,
    n.vdn_id,
    n.called,
    n.attempts,
    n.last_call,
    f.code,
    f.description AS cause,
    f.redial
   FROM (callresult.called_numbers n
     JOIN callresult.failure_code f ON ((f.code = n.cause_code)))
  WHERE ((NOT n.answered) AND (f.redial = ANY (ARRAY['soon'::text, 'later'::text, 'fix'::text])));

CREATE TABLE callresult.schema_version (
    step integer NOT NULL,
    name text NOT NULL,
    installed_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE SEQUENCE callresult.tally_turn
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE VIEW callresult.unlisted_codes AS
 SELECT
        CASE
            WHEN (octet_length(t.cause_key) <= 64) THEN t.cause_key
            ELSE ( SELECT l.cause_code
               FROM callresult.tally_long_cause l
              WHERE (l.cause_key = t.cause_key)
             LIMIT 1)
        END AS code,
    t.calls,
    t.campaigns
   FROM ( SELECT campaign.cause_key,
            (sum(campaign.calls))::bigint AS calls,
            count(DISTINCT campaign.campaign_id) AS campaigns
           FROM ( SELECT part.campaign_id,
                    part.cause_key,
                    sum(part.calls) AS calls
                   FROM ( SELECT tally_cause.campaign_id,
                            tally_cause.cause_key,
                            tally_cause.calls
                           FROM callresult.tally_cause
                        UNION ALL
                         SELECT tally_pending.campaign_id,
                            tally_pending.cause_key,
                            tally_pending.calls
                           FROM callresult.tally_pending) part
                  WHERE ((part.cause_key IS NOT NULL) AND (NOT (EXISTS ( SELECT
                           FROM callresult.failure_code f
                          WHERE (callresult.cause_key(f.code) = part.cause_key)))))
                  GROUP BY part.campaign_id, part.cause_key
                 HAVING (sum(part.calls) <> (0)::numeric)) campaign
          GROUP BY campaign.cause_key) t;

ALTER TABLE ONLY callresult.call_result ATTACH PARTITION callresult.call_result_default DEFAULT;

ALTER TABLE ONLY callresult.call_result_revision ATTACH PARTITION callresult.call_result_revision_default DEFAULT;

ALTER TABLE ONLY callresult.call_result_revision ATTACH PARTITION callresult.call_result_revision_y2026m01 FOR VALUES FROM ('2026-01-01 00:00:00') TO ('2026-02-01 00:00:00');

ALTER TABLE ONLY callresult.call_result_revision ATTACH PARTITION callresult.call_result_revision_y2026m02 FOR VALUES FROM ('2026-02-01 00:00:00') TO ('2026-03-01 00:00:00');

ALTER TABLE ONLY callresult.call_result_revision ATTACH PARTITION callresult.call_result_revision_y2026m11 FOR VALUES FROM ('2026-11-01 00:00:00') TO ('2026-12-01 00:00:00');

ALTER TABLE ONLY callresult.call_result_revision ATTACH PARTITION callresult.call_result_revision_y2026m12 FOR VALUES FROM ('2026-12-01 00:00:00') TO ('2027-01-01 00:00:00');

ALTER TABLE ONLY callresult.call_result ATTACH PARTITION callresult.call_result_y2026m01 FOR VALUES FROM ('2026-01-01 00:00:00') TO ('2026-02-01 00:00:00');

ALTER TABLE ONLY callresult.call_result ATTACH PARTITION callresult.call_result_y2026m02 FOR VALUES FROM ('2026-02-01 00:00:00') TO ('2026-03-01 00:00:00');

ALTER TABLE ONLY callresult.call_result ATTACH PARTITION callresult.call_result_y2026m11 FOR VALUES FROM ('2026-11-01 00:00:00') TO ('2026-12-01 00:00:00');

ALTER TABLE ONLY callresult.call_result ATTACH PARTITION callresult.call_result_y2026m12 FOR VALUES FROM ('2026-12-01 00:00:00') TO ('2027-01-01 00:00:00');

ALTER TABLE ONLY callresult.push ATTACH PARTITION callresult.push_default DEFAULT;

ALTER TABLE ONLY callresult.push ATTACH PARTITION callresult.push_y2026m01 FOR VALUES FROM ('2026-01-01 00:00:00+00') TO ('2026-02-01 00:00:00+00');

ALTER TABLE ONLY callresult.push ATTACH PARTITION callresult.push_y2026m11 FOR VALUES FROM ('2026-11-01 00:00:00+00') TO ('2026-12-01 00:00:00+00');

ALTER TABLE ONLY callresult.push ATTACH PARTITION callresult.push_y2026m12 FOR VALUES FROM ('2026-12-01 00:00:00+00') TO ('2027-01-01 00:00:00+00');

COPY callresult.call_result_default (campaign_id, session_id, called, call_id, call_time_local, call_time, call_status, fail_code, cause_code, vdn_id, custom_field, record_path, extra, push_id, received_at, revision, last_received_at) FROM stdin;
a	s1	1	c	\N	\N	5	0	00000	1	\N	\N	\N	9fc10314-50db-3ab7-e76a-3b27415508c3	2026-01-01 10:00:02+00	1	\N
\.

COPY callresult.call_result_revision_default (campaign_id, session_id, called, call_id, call_time_local, call_time, call_status, fail_code, cause_code, vdn_id, custom_field, record_path, extra, push_id, received_at, revision, superseded_by, kept_at) FROM stdin;
a	s1	1	c	\N	\N	5	537	00537	1	\N	\N	\N	ebfa0b9a-0311-1d19-9629-0f684e35ca3c	2026-01-01 10:00:00+00	0	9fc10314-50db-3ab7-e76a-3b27415508c3	2026-11-27 03:15:51.832168+00
\.

COPY callresult.call_result_revision_y2026m01 (campaign_id, session_id, called, call_id, call_time_local, call_time, call_status, fail_code, cause_code, vdn_id, custom_field, record_path, extra, push_id, received_at, revision, superseded_by, kept_at) FROM stdin;
\.

COPY callresult.call_result_revision_y2026m02 (campaign_id, session_id, called, call_id, call_time_local, call_time, call_status, fail_code, cause_code, vdn_id, custom_field, record_path, extra, push_id, received_at, revision, superseded_by, kept_at) FROM stdin;
\.

COPY callresult.call_result_revision_y2026m11 (campaign_id, session_id, called, call_id, call_time_local, call_time, call_status, fail_code, cause_code, vdn_id, custom_field, record_path, extra, push_id, received_at, revision, superseded_by, kept_at) FROM stdin;
\.

COPY callresult.call_result_revision_y2026m12 (campaign_id, session_id, called, call_id, call_time_local, call_time, call_status, fail_code, cause_code, vdn_id, custom_field, record_path, extra, push_id, received_at, revision, superseded_by, kept_at) FROM stdin;
\.

COPY callresult.call_result_y2026m01 (campaign_id, session_id, called, call_id, call_time_local, call_time, call_status, fail_code, cause_code, vdn_id, custom_field, record_path, extra, push_id, received_at, revision, last_received_at) FROM stdin;
a	s2	2	c	2026-01-31 23:59:59	2026-01-31 15:59:59+00	6	0	00000	\N	\N	Y:/1	\N	ebfa0b9a-0311-1d19-9629-0f684e35ca3c	2026-01-01 10:00:00+00	0	2026-01-01 10:00:02+00
c1	1	\N	\N	2026-01-30 01:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c2	2	\N	\N	2026-01-30 02:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c0	3	\N	\N	2026-01-30 03:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c1	4	\N	\N	2026-01-30 04:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c2	5	\N	\N	2026-01-30 05:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c0	6	\N	\N	2026-01-30 06:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c1	7	\N	\N	2026-01-30 07:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c2	8	\N	\N	2026-01-30 08:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c0	9	\N	\N	2026-01-30 09:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c1	10	\N	\N	2026-01-30 10:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c2	11	\N	\N	2026-01-30 11:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c0	12	\N	\N	2026-01-30 12:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c1	13	\N	\N	2026-01-30 13:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c2	14	\N	\N	2026-01-30 14:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c0	15	\N	\N	2026-01-30 15:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c1	16	\N	\N	2026-01-30 16:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c2	17	\N	\N	2026-01-30 17:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c0	18	\N	\N	2026-01-30 18:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c1	19	\N	\N	2026-01-30 19:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c2	20	\N	\N	2026-01-30 20:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c0	21	\N	\N	2026-01-30 21:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c1	22	\N	\N	2026-01-30 22:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c2	23	\N	\N	2026-01-30 23:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c0	24	\N	\N	2026-01-31 00:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c1	25	\N	\N	2026-01-31 01:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c2	26	\N	\N	2026-01-31 02:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c0	27	\N	\N	2026-01-31 03:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c1	28	\N	\N	2026-01-31 04:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c2	29	\N	\N	2026-01-31 05:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c0	30	\N	\N	2026-01-31 06:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c1	31	\N	\N	2026-01-31 07:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c2	32	\N	\N	2026-01-31 08:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c0	33	\N	\N	2026-01-31 09:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c1	34	\N	\N	2026-01-31 10:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c2	35	\N	\N	2026-01-31 11:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c0	36	\N	\N	2026-01-31 12:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c1	37	\N	\N	2026-01-31 13:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c2	38	\N	\N	2026-01-31 14:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c0	39	\N	\N	2026-01-31 15:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c1	40	\N	\N	2026-01-31 16:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c2	41	\N	\N	2026-01-31 17:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c0	42	\N	\N	2026-01-31 18:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c1	43	\N	\N	2026-01-31 19:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c2	44	\N	\N	2026-01-31 20:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c0	45	\N	\N	2026-01-31 21:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c1	46	\N	\N	2026-01-31 22:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c2	47	\N	\N	2026-01-31 23:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
long	1	13800138001	\N	2026-01-30 10:00:00	\N	5	yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy	yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy	7	\N	\N	{"other": "field"}	9fc10314-50db-3ab7-e76a-3b27415508c3	2026-02-10 10:00:00+00	0	\N
long	2	13800138002	\N	2026-01-30 10:00:00	\N	5	yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy	yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy	7	\N	\N	{"other": "field"}	9fc10314-50db-3ab7-e76a-3b27415508c3	2026-02-10 10:00:00+00	0	\N
long	3	13800138003	\N	2026-01-30 10:00:00	\N	5	yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy	yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy	7	\N	\N	{"other": "field"}	9fc10314-50db-3ab7-e76a-3b27415508c3	2026-02-10 10:00:00+00	0	\N
\.

COPY callresult.call_result_y2026m02 (campaign_id, session_id, called, call_id, call_time_local, call_time, call_status, fail_code, cause_code, vdn_id, custom_field, record_path, extra, push_id, received_at, revision, last_received_at) FROM stdin;
b	s3	3	c	2026-02-01 00:00:00	2026-01-31 16:00:00+00	5	99999	99999	2	\N	\N	{"x": 1}	ebfa0b9a-0311-1d19-9629-0f684e35ca3c	2026-01-01 10:00:00+00	0	2026-01-01 10:00:02+00
c0	48	\N	\N	2026-02-01 00:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c1	49	\N	\N	2026-02-01 01:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c2	50	\N	\N	2026-02-01 02:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c0	51	\N	\N	2026-02-01 03:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c1	52	\N	\N	2026-02-01 04:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c2	53	\N	\N	2026-02-01 05:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c0	54	\N	\N	2026-02-01 06:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c1	55	\N	\N	2026-02-01 07:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c2	56	\N	\N	2026-02-01 08:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c0	57	\N	\N	2026-02-01 09:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c1	58	\N	\N	2026-02-01 10:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c2	59	\N	\N	2026-02-01 11:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c0	60	\N	\N	2026-02-01 12:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c1	61	\N	\N	2026-02-01 13:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c2	62	\N	\N	2026-02-01 14:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c0	63	\N	\N	2026-02-01 15:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c1	64	\N	\N	2026-02-01 16:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c2	65	\N	\N	2026-02-01 17:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c0	66	\N	\N	2026-02-01 18:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c1	67	\N	\N	2026-02-01 19:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c2	68	\N	\N	2026-02-01 20:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c0	69	\N	\N	2026-02-01 21:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c1	70	\N	\N	2026-02-01 22:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c2	71	\N	\N	2026-02-01 23:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c0	72	\N	\N	2026-02-02 00:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c1	73	\N	\N	2026-02-02 01:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c2	74	\N	\N	2026-02-02 02:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c0	75	\N	\N	2026-02-02 03:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c1	76	\N	\N	2026-02-02 04:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c2	77	\N	\N	2026-02-02 05:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c0	78	\N	\N	2026-02-02 06:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c1	79	\N	\N	2026-02-02 07:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c2	80	\N	\N	2026-02-02 08:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c0	81	\N	\N	2026-02-02 09:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c1	82	\N	\N	2026-02-02 10:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c2	83	\N	\N	2026-02-02 11:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c0	84	\N	\N	2026-02-02 12:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c1	85	\N	\N	2026-02-02 13:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c2	86	\N	\N	2026-02-02 14:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c0	87	\N	\N	2026-02-02 15:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c1	88	\N	\N	2026-02-02 16:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c2	89	\N	\N	2026-02-02 17:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c0	90	\N	\N	2026-02-02 18:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c1	91	\N	\N	2026-02-02 19:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c2	92	\N	\N	2026-02-02 20:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c0	93	\N	\N	2026-02-02 21:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c1	94	\N	\N	2026-02-02 22:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c2	95	\N	\N	2026-02-02 23:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c0	96	\N	\N	2026-02-03 00:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c1	97	\N	\N	2026-02-03 01:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c2	98	\N	\N	2026-02-03 02:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c0	99	\N	\N	2026-02-03 03:00:00	\N	6	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
c1	100	\N	\N	2026-02-03 04:00:00	\N	5	537	00537	\N	\N	\N	\N	573ce596-9e98-84d4-9d4f-ab77b09a306a	2026-02-10 10:00:00+00	0	\N
\.

COPY callresult.call_result_y2026m11 (campaign_id, session_id, called, call_id, call_time_local, call_time, call_status, fail_code, cause_code, vdn_id, custom_field, record_path, extra, push_id, received_at, revision, last_received_at) FROM stdin;
\.

COPY callresult.call_result_y2026m12 (campaign_id, session_id, called, call_id, call_time_local, call_time, call_status, fail_code, cause_code, vdn_id, custom_field, record_path, extra, push_id, received_at, revision, last_received_at) FROM stdin;
\.

COPY callresult.failure_category (category, rank) FROM stdin;
Successful outbound call	1
Call released by a subscriber	2
Call normally released by the platform	3
Call released by the platform due to insufficient system resources	4
System error	5
Others	6
\.

COPY callresult.failure_code (code, category, description, redial, listed) FROM stdin;
00000	Successful outbound call	Answered	no	t
00531	Call released by a subscriber	Called party hung up	later	t
00538	Call released by a subscriber	Number unallocated or wrong	never	t
00548	Call released by a subscriber	Handset powered off	later	t
00549	Call released by a subscriber	Called number out of service (original: handset out of coverage)	later	t
00551	Call released by a subscriber	Called party hung up before the call was through	later	t
00601	Call released by a subscriber	Called party hung up before answer	later	t
00603	Call released by a subscriber	No answer, call released	soon	t
00604	Call released by a subscriber	Call rejected	later	t
00701	Call released by a subscriber	Called party hung up while queued for an agent	soon	t
00702	Call normally released by the platform	Queue wait timed out, platform released the call	soon	t
01040	Call normally released by the platform	Ringing timed out	soon	t
01043	Call normally released by the platform	Platform timed out waiting for the call result	soon	t
01046	Call normally released by the platform	No agent could be reserved (never on transfer to IVR)	soon	t
01049	Call normally released by the platform	Outbound call detection timed out	soon	t
34601	Call normally released by the platform	Outbound campaign task does not exist	fix	t
34605	Call normally released by the platform	Called number was empty	never	t
34606	Call normally released by the platform	Call attempt not placed, commonly at the concurrent-call limit	soon	t
34608	Call normally released by the platform	No result obtained before the timeout; record written back	soon	t
00602	Call released by the platform due to insufficient system resources	Platform out of resources	fix	t
00605	Call released by the platform due to insufficient system resources	Platform out of resources: switching equipment busy	fix	t
01048	Call released by the platform due to insufficient system resources	Platform out of resources: outbound call limit reached	fix	t
00606	System error	System error: queuing device timeout	fix	t
34611	System error	System error	fix	t
00003	Call released by the platform due to insufficient system resources	No resource	fix	f
00004	Call released by a subscriber	Called number being forwarded: number changed	later	f
00005	Call released by a subscriber	Call waiting	soon	f
00006	Call released by a subscriber	Busy, call being forwarded	soon	f
00007	Call released by a subscriber	No answer, call being forwarded	soon	f
00008	Call released by a subscriber	Call being forwarded	soon	f
00009	Call released by a subscriber	Temporarily barred from service	later	f
00010	Call released by a subscriber	Call being forwarded while ringing	soon	f
00011	Call released by a subscriber	Forwarded at once without ringing	soon	f
00012	Call released by a subscriber	Mobile subscriber unreachable	later	f
00013	Call normally released by the platform	Terminal state invalid	fix	f
00014	Call released by a subscriber	Forwarded by the terminal, no cause given	soon	f
00015	Call released by a subscriber	Forwarded by the called party	soon	f
00018	Call normally released by the platform	Far exchange is playing an announcement	later	f
00129	Call released by a subscriber	Number unallocated	never	f
00132	Call normally released by the platform	Special information tone sent	later	f
00145	Call released by a subscriber	User busy	soon	f
00146	Call released by a subscriber	Nobody answered	soon	f
00147	Call released by a subscriber	User did not respond	soon	f
00149	Call released by a subscriber	User rejected the call	later	f
00150	Call released by a subscriber	Number changed	never	f
00155	Call normally released by the platform	Line fault	fix	f
00160	Call released by a subscriber	Music detected	later	f
00162	Call released by a subscriber	Automatic device detected (answering machine, PBX)	later	f
00180	Call released by a subscriber	Ringback tone	soon	f
00181	Call released by a subscriber	Busy tone	soon	f
00182	Call released by a subscriber	Special information tone	later	f
00184	Call released by a subscriber	Modem detected	never	f
00185	Call released by a subscriber	Fax detected	never	f
00186	Call released by a subscriber	Modem or fax	never	f
00187	Call released by a subscriber	Undefined signal tone	later	f
00190	Call released by a subscriber	Text telephone (answer tone 1)	never	f
00191	Call released by a subscriber	Text telephone (answer tone 2)	never	f
00192	Call released by a subscriber	Text telephone (answer tone 3)	never	f
00193	Call released by a subscriber	Text telephone (answer tone 4)	never	f
00194	Call released by a subscriber	Text telephone (answer tone 5)	never	f
00195	Call released by a subscriber	Text telephone (EDT)	never	f
00196	Call released by a subscriber	Text telephone (FSK)	never	f
00197	Call released by a subscriber	Text telephone (DTMF)	never	f
00208	Call released by a subscriber	Handset powered off	later	f
00209	Call released by a subscriber	Subscriber suspended	never	f
00259	Call released by the platform due to insufficient system resources	Insufficient resources	fix	f
00260	Call released by a subscriber	Called party is a modem	never	f
00261	Call released by a subscriber	Fax	never	f
00262	Call released by a subscriber	Fax or modem	never	f
00263	Call released by a subscriber	Answering machine	later	f
00441	Call released by a subscriber	Fax detected	never	f
00703	Call normally released by the platform	Call data timed out	soon	f
01041	Call normally released by the platform	Timed out reserving the agent's device	soon	f
01056	Call normally released by the platform	Agent and called party could not be connected	soon	f
01281	Call normally released by the platform	Agent released the call before it was connected	soon	f
00537	Call released by a subscriber	ours	never	t
\.

COPY callresult.failure_code_category (code, category) FROM stdin;
00000	Successful outbound call
00531	Call released by a subscriber
00537	Call released by a subscriber
00538	Call released by a subscriber
00548	Call released by a subscriber
00549	Call released by a subscriber
00551	Call released by a subscriber
00601	Call released by a subscriber
00603	Call released by a subscriber
00604	Call released by a subscriber
00701	Call released by a subscriber
00702	Call normally released by the platform
01040	Call normally released by the platform
01043	Call normally released by the platform
01046	Call normally released by the platform
01049	Call normally released by the platform
34601	Call normally released by the platform
34605	Call normally released by the platform
34606	Call normally released by the platform
34608	Call normally released by the platform
00602	Call released by the platform due to insufficient system resources
00605	Call released by the platform due to insufficient system resources
01048	Call released by the platform due to insufficient system resources
00606	System error
34611	System error
34606	Call released by the platform due to insufficient system resources
\.

COPY callresult.push_default (received_at, id, remote_addr, bytes, sha256, records, inserted, updated, duplicates, quarantined, spooled) FROM stdin;
\.

COPY callresult.push_y2026m01 (received_at, id, remote_addr, bytes, sha256, records, inserted, updated, duplicates, quarantined, spooled) FROM stdin;
2026-01-01 10:00:00+00	ebfa0b9a-0311-1d19-9629-0f684e35ca3c	192.0.2.1	100	\\x00	4	3	0	0	1	f
2026-01-01 10:00:01+00	78ff0296-e0ba-175c-5dc4-a15a407356d8	192.0.2.1	100	\\x00	4	0	0	3	1	f
2026-01-01 10:00:02+00	9fc10314-50db-3ab7-e76a-3b27415508c3	192.0.2.1	100	\\x00	4	0	1	2	1	f
\.

COPY callresult.push_y2026m11 (received_at, id, remote_addr, bytes, sha256, records, inserted, updated, duplicates, quarantined, spooled) FROM stdin;
\.

COPY callresult.push_y2026m12 (received_at, id, remote_addr, bytes, sha256, records, inserted, updated, duplicates, quarantined, spooled) FROM stdin;
\.

COPY callresult.quarantine (id, received_at, push_id, reason, raw, sha256, seen, resolved_at) FROM stdin;
1	2026-01-01 10:00:00+00	ebfa0b9a-0311-1d19-9629-0f684e35ca3c	callStatus: missing	\\x7b7d	\\x44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a	3	\N
\.

COPY callresult.schema_version (step, name, installed_at) FROM stdin;
1	tables	2026-11-27 03:15:51.598562+00
2	failure catalogue	2026-11-27 03:15:51.627224+00
3	store	2026-11-27 03:15:51.642917+00
4	newest content	2026-11-27 03:15:51.672466+00
5	reports	2026-11-27 03:15:51.675934+00
\.

COPY callresult.tally_arrival (arrived, timed, lag) FROM stdin;
2026-01-01 10:00:00+00	2	-5227199000
\.

COPY callresult.tally_cause (campaign_id, vdn_id, call_status, cause_key, calls) FROM stdin;
a	\N	6	00000	1
a	1	5	00000	1
b	2	5	99999	1
\.

COPY callresult.tally_day (campaign_id, vdn_id, day, calls, answered, failed) FROM stdin;
a	1	\N	1	0	1
b	2	2026-02-01	1	0	1
a	\N	2026-01-31	1	1	0
\.

COPY callresult.tally_detail (campaign_id, month, vdn_id, call_hour, call_status, cause_key, calls) FROM stdin;
b	2026-02-01	{2}	{"2026-02-01 00:00:00"}	{5}	{99999}	{1}
a	2026-01-01	{NULL}	{"2026-01-31 23:00:00"}	{6}	{00000}	{1}
a	\N	{1}	{NULL}	{5}	{00000}	{1}
\.

COPY callresult.tally_hour (campaign_id, vdn_id, call_hour, calls, answered, failed) FROM stdin;
a	1	\N	1	0	1
b	2	2026-02-01 00:00:00	1	0	1
a	\N	2026-01-31 23:00:00	1	1	0
\.

COPY callresult.tally_journal (sign, arrived, timed, lag, campaign_id, vdn_id, call_hour, call_status, cause_key, calls) FROM stdin;
1	2026-02-10 10:00:00+00	0	0	{c1,c2,c0,c1,c2,c0,c1,c2,c0,c1,c2,c0,c1,c2,c0,c1,c2,c0,c1,c2,c0,c1,c2,c0,c1,c2,c0,c1,c2,c0,c1,c2,c0,c1,c2,c0,c1,c2,c0,c1,c2,c0,c1,c2,c0,c1,c2,c0,c1,c2,c0,c1,c2,c0,c1,c2,c0,c1,c2,c0,c1,c2,c0,c1,c2,c0,c1,c2,c0,c1,c2,c0,c1,c2,c0,c1,c2,c0,c1,c2,c0,c1,c2,c0,c1,c2,c0,c1,c2,c0,c1,c2,c0,c1,c2,c0,c1,c2,c0,c1}	{NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL}	{"2026-01-30 01:00:00","2026-01-30 02:00:00","2026-01-30 03:00:00","2026-01-30 04:00:00","2026-01-30 05:00:00","2026-01-30 06:00:00","2026-01-30 07:00:00","2026-01-30 08:00:00","2026-01-30 09:00:00","2026-01-30 10:00:00","2026-01-30 11:00:00","2026-01-30 12:00:00","2026-01-30 13:00:00","2026-01-30 14:00:00","2026-01-30 15:00:00","2026-01-30 16:00:00","2026-01-30 17:00:00","2026-01-30 18:00:00","2026-01-30 19:00:00","2026-01-30 20:00:00","2026-01-30 21:00:00","2026-01-30 22:00:00","2026-01-30 23:00:00","2026-01-31 00:00:00","2026-01-31 01:00:00","2026-01-31 02:00:00","2026-01-31 03:00:00","2026-01-31 04:00:00","2026-01-31 05:00:00","2026-01-31 06:00:00","2026-01-31 07:00:00","2026-01-31 08:00:00","2026-01-31 09:00:00","2026-01-31 10:00:00","2026-01-31 11:00:00","2026-01-31 12:00:00","2026-01-31 13:00:00","2026-01-31 14:00:00","2026-01-31 15:00:00","2026-01-31 16:00:00","2026-01-31 17:00:00","2026-01-31 18:00:00","2026-01-31 19:00:00","2026-01-31 20:00:00","2026-01-31 21:00:00","2026-01-31 22:00:00","2026-01-31 23:00:00","2026-02-01 00:00:00","2026-02-01 01:00:00","2026-02-01 02:00:00","2026-02-01 03:00:00","2026-02-01 04:00:00","2026-02-01 05:00:00","2026-02-01 06:00:00","2026-02-01 07:00:00","2026-02-01 08:00:00","2026-02-01 09:00:00","2026-02-01 10:00:00","2026-02-01 11:00:00","2026-02-01 12:00:00","2026-02-01 13:00:00","2026-02-01 14:00:00","2026-02-01 15:00:00","2026-02-01 16:00:00","2026-02-01 17:00:00","2026-02-01 18:00:00","2026-02-01 19:00:00","2026-02-01 20:00:00","2026-02-01 21:00:00","2026-02-01 22:00:00","2026-02-01 23:00:00","2026-02-02 00:00:00","2026-02-02 01:00:00","2026-02-02 02:00:00","2026-02-02 03:00:00","2026-02-02 04:00:00","2026-02-02 05:00:00","2026-02-02 06:00:00","2026-02-02 07:00:00","2026-02-02 08:00:00","2026-02-02 09:00:00","2026-02-02 10:00:00","2026-02-02 11:00:00","2026-02-02 12:00:00","2026-02-02 13:00:00","2026-02-02 14:00:00","2026-02-02 15:00:00","2026-02-02 16:00:00","2026-02-02 17:00:00","2026-02-02 18:00:00","2026-02-02 19:00:00","2026-02-02 20:00:00","2026-02-02 21:00:00","2026-02-02 22:00:00","2026-02-02 23:00:00","2026-02-03 00:00:00","2026-02-03 01:00:00","2026-02-03 02:00:00","2026-02-03 03:00:00","2026-02-03 04:00:00"}	{6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5,6,5}	{00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537,00537}	\N
1	2026-02-10 10:00:00+00	0	0	{long,long,long}	{7,7,7}	{"2026-01-30 10:00:00","2026-01-30 10:00:00","2026-01-30 10:00:00"}	{5,5,5}	{yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy,sha256:c4a2649e068ab18f0b332492f541ae0bf011accef2944241c15d13be3aa3e624,sha256:1884be3bf47ee7ebe0020bbce1b2f14a28bc678a001c582c8d63c82f98ef32d1}	\N
\.

COPY callresult.tally_long_cause (cause_key, cause_code) FROM stdin;
sha256:1884be3bf47ee7ebe0020bbce1b2f14a28bc678a001c582c8d63c82f98ef32d1	yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy
sha256:c4a2649e068ab18f0b332492f541ae0bf011accef2944241c15d13be3aa3e624	yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy
\.

SELECT pg_catalog.setval('callresult.quarantine_id_seq', 3, true);

SELECT pg_catalog.setval('callresult.tally_turn', 8, true);

ALTER TABLE ONLY callresult.failure_category
    ADD CONSTRAINT failure_category_pkey PRIMARY KEY (category);

ALTER TABLE ONLY callresult.failure_code_category
    ADD CONSTRAINT failure_code_category_pkey PRIMARY KEY (code, category);

ALTER TABLE ONLY callresult.failure_code
    ADD CONSTRAINT failure_code_pkey PRIMARY KEY (code);

ALTER TABLE ONLY callresult.push
    ADD CONSTRAINT push_pkey PRIMARY KEY (received_at, id);

ALTER TABLE ONLY callresult.push_default
    ADD CONSTRAINT push_default_pkey PRIMARY KEY (received_at, id);

ALTER TABLE ONLY callresult.push_y2026m01
    ADD CONSTRAINT push_y2026m01_pkey PRIMARY KEY (received_at, id);

ALTER TABLE ONLY callresult.push_y2026m11
    ADD CONSTRAINT push_y2026m11_pkey PRIMARY KEY (received_at, id);

ALTER TABLE ONLY callresult.push_y2026m12
    ADD CONSTRAINT push_y2026m12_pkey PRIMARY KEY (received_at, id);

ALTER TABLE ONLY callresult.quarantine
    ADD CONSTRAINT quarantine_pkey PRIMARY KEY (id);

ALTER TABLE ONLY callresult.schema_version
    ADD CONSTRAINT schema_version_pkey PRIMARY KEY (step);

ALTER TABLE ONLY callresult.tally_arrival
    ADD CONSTRAINT tally_arrival_pkey PRIMARY KEY (arrived);

ALTER TABLE ONLY callresult.tally_cause
    ADD CONSTRAINT tally_cause_key UNIQUE NULLS NOT DISTINCT (campaign_id, vdn_id, call_status, cause_key);

ALTER TABLE ONLY callresult.tally_day
    ADD CONSTRAINT tally_day_key UNIQUE NULLS NOT DISTINCT (campaign_id, vdn_id, day);

ALTER TABLE ONLY callresult.tally_hour
    ADD CONSTRAINT tally_hour_key UNIQUE NULLS NOT DISTINCT (campaign_id, vdn_id, call_hour);

CREATE INDEX call_result_campaign ON ONLY callresult.call_result USING btree (campaign_id, call_time_local) INCLUDE (called, received_at, call_status, vdn_id, cause_code) WHERE (LEAST(COALESCE(octet_length(cause_code), 0), 65) <> 65);

CREATE INDEX call_result_campaign_long ON ONLY callresult.call_result USING btree (campaign_id, call_time_local) WHERE (LEAST(COALESCE(octet_length(cause_code), 0), 65) = 65);

CREATE UNIQUE INDEX call_result_identity ON ONLY callresult.call_result USING btree (call_time_local, vdn_id, campaign_id, session_id, called, call_id) NULLS NOT DISTINCT;

CREATE UNIQUE INDEX call_result_default_call_time_local_vdn_id_campaign_id_sess_idx ON callresult.call_result_default USING btree (call_time_local, vdn_id, campaign_id, session_id, called, call_id) NULLS NOT DISTINCT;

CREATE INDEX call_result_default_campaign_id_call_time_local_called_rece_idx ON callresult.call_result_default USING btree (campaign_id, call_time_local) INCLUDE (called, received_at, call_status, vdn_id, cause_code) WHERE (LEAST(COALESCE(octet_length(cause_code), 0), 65) <> 65);

CREATE INDEX call_result_default_campaign_id_call_time_local_idx ON callresult.call_result_default USING btree (campaign_id, call_time_local) WHERE (LEAST(COALESCE(octet_length(cause_code), 0), 65) = 65);

CREATE INDEX call_result_revision_identity ON ONLY callresult.call_result_revision USING btree (call_time_local, vdn_id, campaign_id, session_id, called, call_id);

CREATE INDEX call_result_revision_default_call_time_local_vdn_id_campaig_idx ON callresult.call_result_revision_default USING btree (call_time_local, vdn_id, campaign_id, session_id, called, call_id);

CREATE INDEX call_result_revision_y2026m01_call_time_local_vdn_id_campai_idx ON callresult.call_result_revision_y2026m01 USING btree (call_time_local, vdn_id, campaign_id, session_id, called, call_id);

CREATE INDEX call_result_revision_y2026m02_call_time_local_vdn_id_campai_idx ON callresult.call_result_revision_y2026m02 USING btree (call_time_local, vdn_id, campaign_id, session_id, called, call_id);

CREATE INDEX call_result_revision_y2026m11_call_time_local_vdn_id_campai_idx ON callresult.call_result_revision_y2026m11 USING btree (call_time_local, vdn_id, campaign_id, session_id, called, call_id);

CREATE INDEX call_result_revision_y2026m12_call_time_local_vdn_id_campai_idx ON callresult.call_result_revision_y2026m12 USING btree (call_time_local, vdn_id, campaign_id, session_id, called, call_id);

CREATE UNIQUE INDEX call_result_y2026m01_call_time_local_vdn_id_campaign_id_ses_idx ON callresult.call_result_y2026m01 USING btree (call_time_local, vdn_id, campaign_id, session_id, called, call_id) NULLS NOT DISTINCT;

CREATE INDEX call_result_y2026m01_campaign_id_call_time_local_called_rec_idx ON callresult.call_result_y2026m01 USING btree (campaign_id, call_time_local) INCLUDE (called, received_at, call_status, vdn_id, cause_code) WHERE (LEAST(COALESCE(octet_length(cause_code), 0), 65) <> 65);

CREATE INDEX call_result_y2026m01_campaign_id_call_time_local_idx ON callresult.call_result_y2026m01 USING btree (campaign_id, call_time_local) WHERE (LEAST(COALESCE(octet_length(cause_code), 0), 65) = 65);

CREATE UNIQUE INDEX call_result_y2026m02_call_time_local_vdn_id_campaign_id_ses_idx ON callresult.call_result_y2026m02 USING btree (call_time_local, vdn_id, campaign_id, session_id, called, call_id) NULLS NOT DISTINCT;

CREATE INDEX call_result_y2026m02_campaign_id_call_time_local_called_rec_idx ON callresult.call_result_y2026m02 USING btree (campaign_id, call_time_local) INCLUDE (called, received_at, call_status, vdn_id, cause_code) WHERE (LEAST(COALESCE(octet_length(cause_code), 0), 65) <> 65);

CREATE INDEX call_result_y2026m02_campaign_id_call_time_local_idx ON callresult.call_result_y2026m02 USING btree (campaign_id, call_time_local) WHERE (LEAST(COALESCE(octet_length(cause_code), 0), 65) = 65);

CREATE UNIQUE INDEX call_result_y2026m11_call_time_local_vdn_id_campaign_id_ses_idx ON callresult.call_result_y2026m11 USING btree (call_time_local, vdn_id, campaign_id, session_id, called, call_id) NULLS NOT DISTINCT;

CREATE INDEX call_result_y2026m11_campaign_id_call_time_local_called_rec_idx ON callresult.call_result_y2026m11 USING btree (campaign_id, call_time_local) INCLUDE (called, received_at, call_status, vdn_id, cause_code) WHERE (LEAST(COALESCE(octet_length(cause_code), 0), 65) <> 65);

CREATE INDEX call_result_y2026m11_campaign_id_call_time_local_idx ON callresult.call_result_y2026m11 USING btree (campaign_id, call_time_local) WHERE (LEAST(COALESCE(octet_length(cause_code), 0), 65) = 65);

CREATE UNIQUE INDEX call_result_y2026m12_call_time_local_vdn_id_campaign_id_ses_idx ON callresult.call_result_y2026m12 USING btree (call_time_local, vdn_id, campaign_id, session_id, called, call_id) NULLS NOT DISTINCT;

CREATE INDEX call_result_y2026m12_campaign_id_call_time_local_called_rec_idx ON callresult.call_result_y2026m12 USING btree (campaign_id, call_time_local) INCLUDE (called, received_at, call_status, vdn_id, cause_code) WHERE (LEAST(COALESCE(octet_length(cause_code), 0), 65) <> 65);

CREATE INDEX call_result_y2026m12_campaign_id_call_time_local_idx ON callresult.call_result_y2026m12 USING btree (campaign_id, call_time_local) WHERE (LEAST(COALESCE(octet_length(cause_code), 0), 65) = 65);

CREATE UNIQUE INDEX quarantine_open ON callresult.quarantine USING btree (sha256, reason) WHERE (resolved_at IS NULL);

CREATE INDEX tally_detail_month ON callresult.tally_detail USING btree (campaign_id, month);

CREATE INDEX tally_long_cause_key ON callresult.tally_long_cause USING btree (cause_key);

ALTER INDEX callresult.call_result_identity ATTACH PARTITION callresult.call_result_default_call_time_local_vdn_id_campaign_id_sess_idx;

ALTER INDEX callresult.call_result_campaign ATTACH PARTITION callresult.call_result_default_campaign_id_call_time_local_called_rece_idx;

ALTER INDEX callresult.call_result_campaign_long ATTACH PARTITION callresult.call_result_default_campaign_id_call_time_local_idx;

ALTER INDEX callresult.call_result_revision_identity ATTACH PARTITION callresult.call_result_revision_default_call_time_local_vdn_id_campaig_idx;

ALTER INDEX callresult.call_result_revision_identity ATTACH PARTITION callresult.call_result_revision_y2026m01_call_time_local_vdn_id_campai_idx;

ALTER INDEX callresult.call_result_revision_identity ATTACH PARTITION callresult.call_result_revision_y2026m02_call_time_local_vdn_id_campai_idx;

ALTER INDEX callresult.call_result_revision_identity ATTACH PARTITION callresult.call_result_revision_y2026m11_call_time_local_vdn_id_campai_idx;

ALTER INDEX callresult.call_result_revision_identity ATTACH PARTITION callresult.call_result_revision_y2026m12_call_time_local_vdn_id_campai_idx;

ALTER INDEX callresult.call_result_identity ATTACH PARTITION callresult.call_result_y2026m01_call_time_local_vdn_id_campaign_id_ses_idx;

ALTER INDEX callresult.call_result_campaign ATTACH PARTITION callresult.call_result_y2026m01_campaign_id_call_time_local_called_rec_idx;

ALTER INDEX callresult.call_result_campaign_long ATTACH PARTITION callresult.call_result_y2026m01_campaign_id_call_time_local_idx;

ALTER INDEX callresult.call_result_identity ATTACH PARTITION callresult.call_result_y2026m02_call_time_local_vdn_id_campaign_id_ses_idx;

ALTER INDEX callresult.call_result_campaign ATTACH PARTITION callresult.call_result_y2026m02_campaign_id_call_time_local_called_rec_idx;

ALTER INDEX callresult.call_result_campaign_long ATTACH PARTITION callresult.call_result_y2026m02_campaign_id_call_time_local_idx;

ALTER INDEX callresult.call_result_identity ATTACH PARTITION callresult.call_result_y2026m11_call_time_local_vdn_id_campaign_id_ses_idx;

ALTER INDEX callresult.call_result_campaign ATTACH PARTITION callresult.call_result_y2026m11_campaign_id_call_time_local_called_rec_idx;

ALTER INDEX callresult.call_result_campaign_long ATTACH PARTITION callresult.call_result_y2026m11_campaign_id_call_time_local_idx;

ALTER INDEX callresult.call_result_identity ATTACH PARTITION callresult.call_result_y2026m12_call_time_local_vdn_id_campaign_id_ses_idx;

ALTER INDEX callresult.call_result_campaign ATTACH PARTITION callresult.call_result_y2026m12_campaign_id_call_time_local_called_rec_idx;

ALTER INDEX callresult.call_result_campaign_long ATTACH PARTITION callresult.call_result_y2026m12_campaign_id_call_time_local_idx;

ALTER INDEX callresult.push_pkey ATTACH PARTITION callresult.push_default_pkey;

ALTER INDEX callresult.push_pkey ATTACH PARTITION callresult.push_y2026m01_pkey;

ALTER INDEX callresult.push_pkey ATTACH PARTITION callresult.push_y2026m11_pkey;

ALTER INDEX callresult.push_pkey ATTACH PARTITION callresult.push_y2026m12_pkey;

CREATE TRIGGER keep_content BEFORE UPDATE ON callresult.call_result FOR EACH ROW WHEN ((new.push_id IS DISTINCT FROM old.push_id)) EXECUTE FUNCTION callresult.keep_content();

CREATE TRIGGER tally_delete AFTER DELETE ON callresult.call_result REFERENCING OLD TABLE AS went FOR EACH STATEMENT EXECUTE FUNCTION callresult.tally();

CREATE TRIGGER tally_delete AFTER DELETE ON callresult.call_result_default REFERENCING OLD TABLE AS went FOR EACH STATEMENT EXECUTE FUNCTION callresult.tally();

CREATE TRIGGER tally_delete AFTER DELETE ON callresult.call_result_y2026m01 REFERENCING OLD TABLE AS went FOR EACH STATEMENT EXECUTE FUNCTION callresult.tally();

CREATE TRIGGER tally_delete AFTER DELETE ON callresult.call_result_y2026m02 REFERENCING OLD TABLE AS went FOR EACH STATEMENT EXECUTE FUNCTION callresult.tally();

CREATE TRIGGER tally_delete AFTER DELETE ON callresult.call_result_y2026m11 REFERENCING OLD TABLE AS went FOR EACH STATEMENT EXECUTE FUNCTION callresult.tally();

CREATE TRIGGER tally_delete AFTER DELETE ON callresult.call_result_y2026m12 REFERENCING OLD TABLE AS went FOR EACH STATEMENT EXECUTE FUNCTION callresult.tally();

CREATE TRIGGER tally_insert AFTER INSERT ON callresult.call_result REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION callresult.tally();

CREATE TRIGGER tally_insert AFTER INSERT ON callresult.call_result_default REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION callresult.tally();

CREATE TRIGGER tally_insert AFTER INSERT ON callresult.call_result_y2026m01 REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION callresult.tally();

CREATE TRIGGER tally_insert AFTER INSERT ON callresult.call_result_y2026m02 REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION callresult.tally();

CREATE TRIGGER tally_insert AFTER INSERT ON callresult.call_result_y2026m11 REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION callresult.tally();

CREATE TRIGGER tally_insert AFTER INSERT ON callresult.call_result_y2026m12 REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION callresult.tally();

CREATE TRIGGER tally_truncate BEFORE TRUNCATE ON callresult.call_result_default FOR EACH STATEMENT EXECUTE FUNCTION callresult.tally();

CREATE TRIGGER tally_truncate BEFORE TRUNCATE ON callresult.call_result_y2026m01 FOR EACH STATEMENT EXECUTE FUNCTION callresult.tally();

CREATE TRIGGER tally_truncate BEFORE TRUNCATE ON callresult.call_result_y2026m02 FOR EACH STATEMENT EXECUTE FUNCTION callresult.tally();

CREATE TRIGGER tally_truncate BEFORE TRUNCATE ON callresult.call_result_y2026m11 FOR EACH STATEMENT EXECUTE FUNCTION callresult.tally();

CREATE TRIGGER tally_truncate BEFORE TRUNCATE ON callresult.call_result_y2026m12 FOR EACH STATEMENT EXECUTE FUNCTION callresult.tally();

CREATE TRIGGER tally_update AFTER UPDATE ON callresult.call_result REFERENCING OLD TABLE AS went NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION callresult.tally();

CREATE TRIGGER tally_update AFTER UPDATE ON callresult.call_result_default REFERENCING OLD TABLE AS went NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION callresult.tally();

CREATE TRIGGER tally_update AFTER UPDATE ON callresult.call_result_y2026m01 REFERENCING OLD TABLE AS went NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION callresult.tally();

CREATE TRIGGER tally_update AFTER UPDATE ON callresult.call_result_y2026m02 REFERENCING OLD TABLE AS went NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION callresult.tally();

CREATE TRIGGER tally_update AFTER UPDATE ON callresult.call_result_y2026m11 REFERENCING OLD TABLE AS went NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION callresult.tally();

CREATE TRIGGER tally_update AFTER UPDATE ON callresult.call_result_y2026m12 REFERENCING OLD TABLE AS went NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION callresult.tally();

ALTER TABLE ONLY callresult.failure_code_category
    ADD CONSTRAINT failure_code_category_category_fkey FOREIGN KEY (category) REFERENCES callresult.failure_category(category) ON UPDATE CASCADE;

ALTER TABLE ONLY callresult.failure_code_category
    ADD CONSTRAINT failure_code_category_code_fkey FOREIGN KEY (code) REFERENCES callresult.failure_code(code) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY callresult.failure_code
    ADD CONSTRAINT failure_code_category_fkey FOREIGN KEY (category) REFERENCES callresult.failure_category(category);

\unrestrict NgXXEhLk6ucxdI2K8M8q7dASs3gxfQt7Ntz3K06hblYX0r1DlgtOI56LohzrNKW

