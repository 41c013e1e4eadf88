-- Months with the triggers of the tally, and the start of the tally.

-- As in step 3; new is that a month of call_result gets its triggers. They are made before rows move in from the
-- default partition, so that what these take from the tally there comes back here.
create or replace function callresult.add_month(parent text, month timestamp, most_bytes bigint default 134217728)
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

do $$
declare
    result_table    regclass;
begin
    perform callresult.add_tally_triggers('callresult.call_result', false);
    for result_table in
        select inhrelid::regclass from pg_inherits where inhparent = 'callresult.call_result'::regclass
    loop
        perform callresult.add_tally_triggers(result_table, true);
    end loop;
    perform callresult.rebuild_tally();
end
$$;
