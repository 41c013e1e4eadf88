-- The housekeeper: months, the journal of the tally, and the places of the feed. The worker calls keep_house() on a
-- connection of its own.

-- Takes locks that others may hold for long. It waits for each no longer than the lock_timeout that its caller sets, so
-- that no push waits longer behind it; then lets go of all, and tries again for a minute.
create or replace function callresult.lock_gently(statements text)
returns void
language plpgsql
set search_path = callresult, pg_temp
as $$
declare
    give_up_at  constant timestamptz := clock_timestamp() + interval '1 minute';
begin
    loop
        begin
            execute statements;
            return;
        exception
            when lock_not_available or deadlock_detected then
                if clock_timestamp() > give_up_at then
                    raise;
                end if;
                perform pg_sleep(0.1);
        end;
    end loop;
end
$$;

comment on function callresult.lock_gently(text) is 'Takes locks without having pushes wait long behind them';

-- Creates the table of a month, with what its siblings have and ATTACH does not give it; the default partition is the
-- model.
create or replace function callresult.make_sibling(parent text, partition text)
returns void
language plpgsql
set search_path = callresult, pg_temp
as $$
declare
    model   pg_class;
    options text;
    space   text;
begin
    select c.* into model from pg_class c where c.oid = (parent || '_default')::regclass;
    select string_agg(o, ', ') into options
    from (select unnest(model.reloptions)
          union all
          select 'toast.' || unnest(t.reloptions) from pg_class t where t.oid = model.reltoastrelid) p (o);
    select t.spcname into space
    from pg_class c join pg_tablespace t on t.oid = c.reltablespace
    where c.oid = parent::regclass;

    -- ATTACH creates the parent's indexes and row triggers; an identity is the parent's alone.
    execute format('create table %I (like %I including all excluding indexes excluding identity'
                   ' excluding comments)%s%s',
                   partition, model.relname, ' with (' || options || ')',
                   ' tablespace ' || quote_ident(space));
    execute format('alter table %I replica identity %s', partition, case model.relreplident when 'f' then 'full'
                                                                    when 'n' then 'nothing' else 'default' end);
    if model.relrowsecurity then
        execute format('alter table %I enable row level security', partition);
    end if;
    if model.relforcerowsecurity then
        execute format('alter table %I force row level security', partition);
    end if;
    if parent = 'call_result' then
        perform add_change_triggers(partition::regclass);
    end if;
end
$$;

comment on function callresult.make_sibling(text, text) is 'Makes the table of a month, with what its siblings have';

-- Whether a table has a partition of this name; false as well while it is being detached.
create or replace function callresult.has_partition(parent text, partition text)
returns boolean
language sql
stable
set search_path = callresult, pg_temp
return exists (
    select from pg_inherits
    where inhparent = to_regclass(parent) and inhrelid = to_regclass(partition) and not inhdetachpending);

comment on function callresult.has_partition(text, text) is 'Whether a table has a partition of this name';

-- The column whose time says to which month a row of a table belongs.
create or replace function callresult.month_column(parent text)
returns text
language sql
immutable parallel safe
return case parent when 'push' then 'received_at' else 'call_time_local' end;

comment on function callresult.month_column(text) is 'The column whose time says to which month a row belongs';

-- Creates the partition of one month of a table, and moves rows of that month into it; true when the partition is there
-- in the end. Attaching needs the default partition to itself, which makes reports and pushes bound for it wait. Moving
-- rows needs the whole table: a query that knows the old partitions and waited for one of them would find the rows in
-- none. It waits 50 ms for these locks. Without them it returns false, the rows stay in the default partition, and a
-- later call tries again.
--
-- Attaching reads the whole default partition once. Where that has more than most_bytes, it fails, so that no push
-- waits for it. The owner may do it at a quiet time: select callresult.add_month('call_result', '2026-11-01', null);
create or replace function callresult.add_month(parent text, month timestamp, most_bytes bigint default 134217728)
returns boolean
language plpgsql
set search_path = callresult, pg_temp
set lock_timeout = '50ms'
set timezone = 'UTC'
as $$
declare
    partition   text := parent || to_char(month, '"_y"YYYY"m"MM');
    rest        text := parent || '_default';
    key         text := month_column(parent);
    columns     text;
    are_there   text;
    is_there    boolean;
    to_move     boolean;
    come_since  boolean;
    taken       bigint;
    put         bigint;
begin
    if parent is null or parent not in ('call_result', 'call_result_revision', 'push')
        or month is null or not isfinite(month) then
        raise invalid_parameter_value
            using message = 'add_month needs call_result, call_result_revision or push, and a day of the month';
    end if;
    month := date_trunc('month', month);
    are_there := format('select exists (select from %1$I where %2$I >= $1 and %2$I < $2)', rest, key);
    is_there := to_regclass(partition) is not null;
    execute are_there into to_move using month, month + interval '1 month';
    if is_there and (to_move or not has_partition(parent, partition)) then
        raise duplicate_table using message = format(
            '%s is there, but is no partition for that month; attach it, or give it another name', partition);
    end if;
    if is_there then
        return true;
    end if;
    begin
        -- without ONLY, every partition would be locked
        execute format('lock table only %I in %s mode', parent,
                       case when to_move then 'access exclusive' else 'share update exclusive' end);
        if pg_relation_size(rest::regclass) > most_bytes then
            raise program_limit_exceeded using message = format(
                '%s holds more than %s; at a quiet time: select callresult.add_month(%L, %L, null)',
                rest, pg_size_pretty(most_bytes), parent, to_char(month, 'YYYY-MM-DD'));
        end if;
        execute format('lock table only %I in access exclusive mode', rest);
    exception
        when lock_not_available or deadlock_detected then
            return false;
    end;
    if to_regclass(partition) is not null then
        return true;    -- another session was faster
    end if;
    execute are_there into come_since using month, month + interval '1 month';
    if come_since and not to_move then
        return false;
    end if;

    perform make_sibling(parent, partition);
    select string_agg(quote_ident(attname), ', ') into columns
    from pg_attribute
    where attrelid = rest::regclass and attnum > 0 and not attisdropped and attgenerated = '';
    -- Logical replication sends a change as the tables are published at that moment: of rows moved into the month
    -- before it was attached, a subscriber would get the deletion alone. So they wait in a table of their own.
    if to_move then
        execute format('create unlogged table moving (like %I)', parent);
        execute format('with moved as (delete from %1$I where %2$I >= $1 and %2$I < $2 returning *) '
                       'insert into moving (%3$s) select %3$s from moved', rest, key, columns)
        using month, month + interval '1 month';
        get diagnostics taken = row_count;
    end if;
    execute format('alter table %I attach partition %I for values from (%L) to (%L)',
                   parent, partition, month, month + interval '1 month');
    if to_move then
        perform set_config('callresult.moved', 'yes', true);
        execute format('insert into %1$I (%2$s) select %2$s from moving', partition, columns);
        get diagnostics put = row_count;
        if put <> taken then
            raise exception 'a trigger on % drops rows that are to move from %', parent, rest;
        end if;
        perform set_config('callresult.moved', 'no', true);
        drop table moving;
    end if;
    return true;
end
$$;

comment on function callresult.add_month(text, timestamp, bigint) is
    'Makes the partition of one month of call_result, call_result_revision or push; false: not now';

-- Once months were looked for one by one.
drop function if exists callresult.month_wanted(text), callresult.waiting_in(text);

-- How many rows wait in a default partition for their month, up to a hundred thousand.
create or replace function callresult.waiting_in(parent text)
returns bigint
language plpgsql
stable
set search_path = callresult, pg_temp
set timezone = 'UTC'
as $$
declare
    key         text := month_column(parent);
    this_month  timestamp := date_trunc('month', now());
    rows        bigint;
begin
    execute format('select count(*) from (select from %2$I where %1$I >= $1 and %1$I < $2 limit 100000) w',
                   key, parent || '_default')
    into rows using this_month - interval '10 years', this_month + interval '13 months';
    return rows;
end
$$;

comment on function callresult.waiting_in(text) is 'How many rows wait in a default partition for their month';

-- The months to create, the most urgent first: this one, the next one, and some that rows wait for. More than one,
-- since one that cannot be created must not hold back the others; few, since each attempt may lock the whole table.
create or replace function callresult.months_wanted(parent text)
returns setof timestamp
language plpgsql
stable
set search_path = callresult, pg_temp
set timezone = 'UTC'
as $$
declare
    most        constant int := 4;
    key         text := month_column(parent);
    this_month  timestamp := date_trunc('month', now());
    month       timestamp := this_month - interval '10 years';
begin
    return query
    select m
    from unnest(array[this_month, this_month + interval '1 month']) m
    where not has_partition(parent, parent || to_char(m, '"_y"YYYY"m"MM'));
    for i in 1 .. most loop
        execute format('select date_trunc(''month'', min(%1$I)) from %2$I where %1$I >= $1 and %1$I < $2',
                       key, parent || '_default')
        into month using month, this_month + interval '13 months';
        exit when month is null;
        if month not in (this_month, this_month + interval '1 month') then
            return next month;
        end if;
        month := month + interval '1 month';
    end loop;
end
$$;

comment on function callresult.months_wanted(text) is 'Months of a table that are to be made, the most urgent first';

-- Creates the first month that a table wants and that can be created, unless an attempt failed just now. Returns
-- whether it made one. Notes in housekeeping what went wrong first.
create or replace function callresult.make_month(kept callresult.housekeeping)
returns boolean
language plpgsql
set search_path = callresult, pg_temp
as $$
declare
    months  timestamp[];
    month   timestamp;
    made    boolean := false;
    pause   interval;
    state   text;
    rule    text;
    trace   text;
    said    text;
    first   text;
begin
    begin
        months := array(select months_wanted(kept.parent));
        if now() < kept.not_before and (months <> '{}' or kept.problem is not null) then
            return false;
        end if;
    exception
        when lock_not_available or deadlock_detected then
            raise;    -- somebody needs the default partition alone
        when others then
            pause := '1 min';
            first := format('%s: months cannot be made: %s (SQLSTATE %s)', kept.parent, sqlerrm, sqlstate);
    end;
    foreach month in array coalesce(months, '{}') loop
        begin
            made := add_month(kept.parent, month);
            pause := case when not made then coalesce(pause, '10 s') end;
            exit when made;
        exception
            when others then
                get stacked diagnostics state = returned_sqlstate, said = message_text, rule = constraint_name,
                    trace = pg_exception_context;
                pause := '1 min';
                -- the message of an error that a row meets on its way may quote the row
                if state ~ '^2[23]' or trace ~ 'with moved as|from moving' then
                    said := rtrim('a row is refused ' || rule);
                end if;
                first := coalesce(first, format('%s: the month of %s cannot be made: %s (SQLSTATE %s)',
                                                kept.parent, to_char(month, 'YYYY-MM'), said, state));
        end;
    end loop;
    update housekeeping h
    set not_before = coalesce(now() + pause, '-infinity'), problem = first
    where h.parent = kept.parent
      and (h.not_before, h.problem) is distinct from (coalesce(now() + pause, '-infinity'), first);
    return made;
end
$$;

comment on function callresult.make_month(callresult.housekeeping) is 'Makes the month that a table wants';

-- Does what keeps storing and reports fast, and returns the figures of what is left to do. The worker calls it again
-- and again, and once more at once when it returns more. One session at a time: another one gets no figures. It folds
-- the journal when reading it begins to cost. Months come last, one for each table, since they lock the default
-- partitions until the end. It gives way to whoever needs a table alone, before there is a deadlock, and then returns
-- no figures either. call_timezone is the worker's, for local_today().
create or replace function callresult.keep_house(call_timezone text default null)
returns table (more boolean, journal_rows bigint, unplaced_rows bigint, quarantine_entries bigint,
               quarantine_bytes bigint, problem text)
language plpgsql
security definer
set search_path = callresult, pg_temp
set lock_timeout = '100ms'
as $$
#variable_conflict use_variable
declare
    most_rows   constant bigint := 500;
    most_bytes  constant bigint := 40000;    -- two a count
    size        bigint;
    kept        housekeeping;
begin
    more := false;
    begin
        perform need_latest('keep_house');
        lock table housekeeping in share row exclusive mode nowait;
    exception
        when lock_not_available then
            return next;
            return;
        when invalid_transaction_state then
            problem := sqlerrm;
            return next;
            return;
    end;

    begin
        update housekeeping h
        set call_timezone = keep_house.call_timezone
        where h.call_timezone is distinct from keep_house.call_timezone and keep_house.call_timezone is not null;

        select count(*), coalesce(sum(pg_column_size(j.call_status)), 0) into journal_rows, size from tally_journal j;
        if journal_rows >= most_rows or size >= most_bytes then
            begin
                perform fold_tally();
                select count(*) into journal_rows from tally_journal;
            exception
                when lock_not_available or deadlock_detected then
                    raise;
                when others then
                    problem := format('the tally cannot be folded: %s (SQLSTATE %s)',
                                      case when sqlstate !~ '^2[23]' then sqlerrm else 'a row is refused' end,
                                      sqlstate);
            end;
        end if;
        begin
            perform number_feed();
        exception
            when lock_not_available or deadlock_detected then
                raise;
            when others then
                problem := concat_ws('; ', problem,
                                     format('the feed cannot be numbered: %s (SQLSTATE %s)', sqlerrm, sqlstate));
        end;
        select count(*), coalesce(sum(q.bytes), 0) into quarantine_entries, quarantine_bytes
        from quarantine q
        where q.resolved_at is null;

        for kept in select * from housekeeping h order by h.parent loop
            more := make_month(kept) or more;
        end loop;
        begin
            select sum(waiting_in(h.parent)) into unplaced_rows from housekeeping h;
        exception
            when insufficient_privilege or undefined_table then
                null;    -- make_month() says so
        end;
        select nullif(concat_ws('; ', problem, string_agg(h.problem, '; ' order by h.parent)), '') into problem
        from housekeeping h;
    exception
        when lock_not_available or deadlock_detected then
            more := false;
            journal_rows := null;
            unplaced_rows := null;
            quarantine_entries := null;
            quarantine_bytes := null;
            problem := null;
    end;
    return next;
end
$$;

comment on function callresult.keep_house(text) is
    'Folds the journal of the tally, numbers the feed, makes the months of the tables, and tells what waits and what '
    'could not be done';

-- Today by the platform's clock: in the time zone that the worker has last passed to keep_house(), else in the
-- session's.
create or replace function callresult.local_today()
returns date
language sql
stable
security definer
set search_path = callresult, pg_temp
begin atomic
    select (now() at time zone coalesce((select max(call_timezone) from callresult.housekeeping),
        current_setting('timezone')))::date;
end;

comment on function callresult.local_today() is
    'Today in the call_timezone of the worker; before one has run, in that of the session';
