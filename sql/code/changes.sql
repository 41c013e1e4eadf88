-- What statements change in call_result is counted for the tally and noted for the feed. store() does both from its
-- parameters for the results that it inserts; triggers do it for everything else.

-- Once there were two triggers for a change. The lock is taken in the order of a push, so that neither waits for the
-- other for ever.
do $$
begin
    if to_regprocedure('callresult.tally()') is not null then
        lock table callresult.call_result in access exclusive mode;
    end if;
end
$$;
drop function if exists callresult.tally(), callresult.note_change() cascade;
drop function if exists callresult.add_tally_triggers(regclass), callresult.add_feed_triggers(regclass);

-- The statements of count_first are built in here, so that they are planned once.
--
-- The tally comes first: that locks its journal before the feed looks for a consumer (feed.sql). At a higher isolation
-- level a transaction may not see a consumer that is there, so it notes everything, and keep_house() deletes what no
-- consumer waits for. Rows that only move from the default partition into their month are no news.
do $do$
begin
    execute format($function$
create or replace function callresult.note_changes()
returns trigger
language plpgsql
security definer
set search_path = callresult, pg_temp
as $$
begin
    if tg_op = 'TRUNCATE' then
        perform need_latest('truncate');
        execute count_first(tg_relid::regclass::text) using -1;
        return null;
    end if;
    if tg_op in ('INSERT', 'UPDATE') then %s; end if;
    if tg_op in ('UPDATE', 'DELETE') then %s; end if;
    if tg_op = 'DELETE' or current_setting('callresult.moved', true) = 'yes' and pg_trigger_depth() = 1 then
        return null;
    end if;

    if tg_op = 'INSERT' then
        insert into feed_log (records, push_id, campaign_id, call_time_local, called, session_id, call_id, vdn_id)
        select count(*), array_agg(push_id), array_agg(campaign_id), array_agg(call_time_local), array_agg(called),
               array_agg(session_id), array_agg(call_id), array_agg(vdn_id)
        from (select c.*, row_number() over () / 1000 as part from came c) c
        where exists (select from feed_consumer) or current_setting('transaction_isolation') !~ '^read'
        group by part;
    else
        insert into feed_log (
            records, corrected, push_id, campaign_id, call_time_local, called, session_id, call_id, vdn_id)
        select count(*), corrected, array_agg(push_id), array_agg(campaign_id), array_agg(call_time_local),
               array_agg(called), array_agg(session_id), array_agg(call_id), array_agg(vdn_id)
        from (
            select c.*, c.push_id in (select push_id from went) as corrected, row_number() over () / 1000 as part
            from (
                select push_id, campaign_id, call_time_local, called, session_id, call_id, vdn_id, call_time,
                       call_status, fail_code, cause_code, custom_field, record_path, extra, received_at
                from came
                except all
                select push_id, campaign_id, call_time_local, called, session_id, call_id, vdn_id, call_time,
                       call_status, fail_code, cause_code, custom_field, record_path, extra, received_at
                from went
            ) c
        ) c
        where exists (select from feed_consumer) or current_setting('transaction_isolation') !~ '^read'
        group by part, corrected;
    end if;
    return null;
end
$$ $function$, replace(callresult.count_first('came'), '$1', '1'), replace(callresult.count_first('went'), '$1', '-1'));
end
$do$;

comment on function callresult.note_changes() is
    'Counts what a statement changed in call_result, and notes it for the feed';

-- Gives a table the triggers that note changes. A statement fires the triggers of the table it names, so the partitions
-- have them too, for corrections made there. TRUNCATE fires those of every table it empties; the partitioned table
-- itself holds no rows.
--
-- store() sets callresult.counted for what it inserts; an owner's trigger on that may run other statements, which are
-- noted here.
create or replace function callresult.add_change_triggers(result_table regclass)
returns void
language plpgsql
set search_path = callresult, pg_temp
as $$
begin
    execute format('create or replace trigger note_insert after insert on %s referencing new table as came '
                   'for each statement '
                   'when (current_setting(''callresult.counted'', true) is distinct from ''yes'' '
                   'or pg_trigger_depth() > 0) '
                   'execute function note_changes()', result_table);
    execute format('create or replace trigger note_update after update on %s '
                   'referencing old table as went new table as came '
                   'for each statement execute function note_changes()', result_table);
    execute format('create or replace trigger note_delete after delete on %s referencing old table as went '
                   'for each statement execute function note_changes()', result_table);
    if (select relkind = 'r' from pg_class where oid = result_table) then
        execute format('create or replace trigger note_truncate before truncate on %s '
                       'for each statement execute function note_changes()', result_table);
    end if;
end
$$;

comment on function callresult.add_change_triggers(regclass) is
    'Gives a partition of call_result, or the table itself, the triggers that note changes';

do $$
begin
    perform callresult.add_change_triggers(relid) from pg_partition_tree('callresult.call_result');
end
$$;
