-- The tally: how many calls there are, counted while they are stored, so that no report has to read the results.
--
-- A statement that changes call_result leaves a line of what came (sign 1) or went (sign -1) in tally_journal. It
-- only appends, so writers never wait for each other. From time to time the journal is folded: one writer, the one
-- that gets the advisory lock, takes all lines it sees and adds them up in
--
--   tally_day      campaign, vdn, day
--   tally_hour     campaign, vdn, hour
--   tally_cause    campaign, vdn, status, cause
--   tally_detail   campaign, vdn, hour, status, cause: a row holds what one fold had of a campaign's month
--   tally_arrival  hour of arrival
--
-- Who does not get the lock goes on; some later writer folds. Readers add the journal to what is folded. So every
-- report is exact at every moment, in every snapshot, and reads a few thousand rows.
--
-- A failure code may be longer than an index takes: one of more than 64 bytes is counted under its digest
-- (cause_key), and tally_long_cause has its text. Digests are longer than what stands for itself, so the two
-- never meet.

create table callresult.tally_journal (
    sign             smallint not null,
    arrived          timestamptz not null,
    timed            bigint not null,
    lag              numeric not null,
    campaign_id      text[] not null,
    vdn_id           integer[] not null,
    call_hour        timestamp[] not null,
    call_status      smallint[] not null,
    cause_key        text[] not null,
    calls            integer[]
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

-- Its rows live for seconds: compressing them costs more than it saves.
alter table callresult.tally_journal
    alter column campaign_id set storage external, alter column vdn_id set storage external,
    alter column call_hour set storage external, alter column call_status set storage external,
    alter column cause_key set storage external, alter column calls set storage external;

create table callresult.tally_day (
    campaign_id      text not null,
    vdn_id           integer,
    day              date,
    calls            integer not null,
    answered         integer not null,
    failed           integer not null,
    constraint tally_day_key unique nulls not distinct (campaign_id, vdn_id, day)
) with (fillfactor = 70);

create table callresult.tally_hour (
    campaign_id      text not null,
    vdn_id           integer,
    call_hour        timestamp,
    calls            integer not null,
    answered         integer not null,
    failed           integer not null,
    constraint tally_hour_key unique nulls not distinct (campaign_id, vdn_id, call_hour)
) with (fillfactor = 70);

create table callresult.tally_cause (
    campaign_id      text not null,
    vdn_id           integer,
    call_status      smallint not null,
    cause_key        text,
    calls            bigint not null,
    constraint tally_cause_key unique nulls not distinct (campaign_id, vdn_id, call_status, cause_key)
) with (fillfactor = 70);

create table callresult.tally_detail (
    campaign_id      text not null,
    month            date,
    vdn_id           integer[] not null,
    call_hour        timestamp[] not null,
    call_status      smallint[] not null,
    cause_key        text[] not null,
    calls            integer[] not null
);

create index tally_detail_month on callresult.tally_detail (campaign_id, month);

create table callresult.tally_arrival (
    arrived          timestamptz primary key,
    timed            bigint not null,
    lag              numeric not null
) with (fillfactor = 70);

-- No unique key: two writers who meet a new text at the same time need not wait for each other.
create table callresult.tally_long_cause (
    cause_key        text not null,
    cause_code       text not null
);

create index tally_long_cause_key on callresult.tally_long_cause (cause_key);

create function callresult.cause_key(cause_code text)
returns text
language sql
immutable strict parallel safe
return case when octet_length(cause_code) <= 64 then cause_code
            else 'sha256:' || encode(sha256(convert_to(cause_code, 'UTF8')), 'hex') end;

-- Each 32 calls of a statement, or part of them, take a number; each 1024 numbers somebody folds. So the journal
-- holds some twenty thousand calls as a rule, and single calls are folded by the hundreds.
create sequence callresult.tally_turn;

create function callresult.tally_lock()
returns bigint
language sql
immutable parallel safe
return hashtextextended('callresult tally', 0);

-- The caller holds tally_lock(), taken in a statement of its own at READ COMMITTED, so that this one sees what
-- the last holder did.
create function callresult.fold_tally()
returns void
language plpgsql
as $$
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

-- A transaction at a higher isolation level sees nothing that was committed after it began: neither what the last
-- holder of a lock did, nor all of the rows that it is about to drop.
create function callresult.sees_latest()
returns boolean
language sql
stable parallel safe
return current_setting('transaction_isolation') in ('read committed', 'read uncommitted');

create function callresult.need_latest(what text)
returns void
language plpgsql
as $$
begin
    if not callresult.sees_latest() then
        raise exception '% has to run at read committed', what
            using errcode = 'invalid_transaction_state',
                  detail = 'A transaction that is ' || current_setting('transaction_isolation')
                           || ' does not see all results, and would leave the reports wrong.';
    end if;
end
$$;

create function callresult.fold_tally_in_turn(calls bigint)
returns void
language plpgsql
as $$
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

-- The statement that writes to the journal what a table has, counted and in rows of ten thousand elements.
create function callresult.count_first(source text)
returns text
language sql
stable
return format($sql$
    insert into callresult.tally_journal (
        sign, arrived, timed, lag, campaign_id, vdn_id, call_hour, call_status, cause_key, calls)
    select $1, arrived, sum(timed), coalesce(sum(lag), 0), array_agg(campaign_id), array_agg(vdn_id),
           array_agg(call_hour), array_agg(call_status), array_agg(cause_key), array_agg(calls)
    from (
        select date_bin('1 hour', received_at, '2000-01-01 00:00:00+00') as arrived,
               count(*) filter (where isfinite(received_at) and isfinite(call_time)) as timed,
               sum((date_part('epoch', received_at - call_time) * 1000)::bigint)
                   filter (where isfinite(received_at) and isfinite(call_time)) as lag,
               campaign_id, vdn_id, date_trunc('hour', call_time_local) as call_hour, call_status,
               case when octet_length(cause_code) > 64 then callresult.cause_key(cause_code) else cause_code end
                   as cause_key, count(*)::integer as calls,
               row_number() over () / 10000 as part
        from %s
        group by arrived, campaign_id, vdn_id, call_hour, call_status, cause_key
    ) counted
    group by arrived, part $sql$, source);

-- Writes to the journal what came or went: a batch as it is; more than a batch, and what TRUNCATE takes, counted.
create function callresult.tally()
returns trigger
language plpgsql
security definer
set search_path = callresult, pg_temp
as $$
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

-- A statement fires the triggers of the table it names. So the partitions have them too, for corrections made
-- there. TRUNCATE fires those of every table it empties, and the partitioned table itself holds nothing.
create function callresult.add_tally_triggers(result_table regclass, is_partition boolean)
returns void
language plpgsql
set search_path = callresult, pg_temp
as $$
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

-- The journal as rows, and the detail as rows: what views and checks read.
create view callresult.tally_pending as
select campaign_id, vdn_id, call_hour, call_status, cause_key, calls,
       case when call_status = 6 then calls else 0 end as answered,
       case when call_status = 5 then calls else 0 end as failed
from (
    select unnest(campaign_id) as campaign_id, unnest(vdn_id) as vdn_id, unnest(call_hour) as call_hour,
           unnest(call_status) as call_status, unnest(cause_key) as cause_key,
           sign * unnest(coalesce(calls, array_fill(1, array[cardinality(vdn_id)]))) as calls
    from callresult.tally_journal
) j;

create view callresult.tally_parts as
select campaign_id, unnest(vdn_id) as vdn_id, unnest(call_hour) as call_hour, unnest(call_status) as call_status,
       unnest(cause_key) as cause_key, unnest(calls) as calls
from callresult.tally_detail
union all
select campaign_id, vdn_id, call_hour, call_status, cause_key, calls
from callresult.tally_pending;

create view callresult.call_tally as
select t.campaign_id, t.vdn_id, t.call_hour as hour, t.call_status,
       case when octet_length(t.cause_key) <= 64 then t.cause_key
            else (select l.cause_code from callresult.tally_long_cause l where l.cause_key = t.cause_key limit 1)
       end as cause_code,
       t.calls
from (
    select campaign_id, vdn_id, call_hour, call_status, cause_key, sum(calls)::bigint as calls
    from callresult.tally_parts
    group by campaign_id, vdn_id, call_hour, call_status, cause_key
    having sum(calls) <> 0
) t;

