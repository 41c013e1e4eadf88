-- What the tables, views and functions of this step are, for \d+ and \df+.

comment on view callresult.call_tally is 'Calls counted by campaign, virtual call centre, hour, status and cause';
comment on view callresult.tally_pending is 'tally_journal as rows: what is counted and not yet folded';
comment on view callresult.tally_parts is
    'tally_detail and tally_journal as rows; one key may have several, and call_tally sums them';
comment on table callresult.tally_journal is
    'Changes of call_result not yet folded into the tables below; one row a statement, or a part of one';
comment on table callresult.tally_day is 'Calls counted by campaign, virtual call centre and day';
comment on table callresult.tally_hour is 'Calls counted by campaign, virtual call centre and hour';
comment on table callresult.tally_cause is 'Calls counted by campaign, virtual call centre, status and cause';
comment on table callresult.tally_detail is
    'Calls counted by campaign, virtual call centre, hour, status and cause: arrays with one element a count';
comment on table callresult.tally_arrival is 'How long results took to arrive, by hour of arrival';
comment on table callresult.tally_long_cause is 'Failure codes of more than 64 bytes';
comment on view callresult.result_rows is 'call_result, put together so that filters find its indexes';
comment on sequence callresult.tally_turn is 'Numbers that tell whose turn it is to fold tally_journal';

-- The columns of the tally and of result_rows.
do $$
declare
    what    text[];
begin
    foreach what slice 1 in array array[
        ['campaign_id', 'Outbound campaign'],
        ['vdn_id', 'Virtual call centre'],
        ['day', 'Day by the sender''s clock; empty for calls without a time'],
        ['hour', 'Hour by the sender''s clock; empty for calls without a time'],
        ['call_hour', 'Hour by the sender''s clock; empty for calls without a time'],
        ['month', 'Month of the calls; empty for calls without a time'],
        ['call_status', 'Status: 5 failed, 6 answered'],
        ['cause_code', 'Failure code in five digits'],
        ['cause_key', 'The same, or its digest when it has more than 64 bytes'],
        ['calls', 'How many calls'],
        ['answered', 'Those answered (status 6)'],
        ['failed', 'Those failed (status 5)'],
        ['arrived', 'Hour of arrival'],
        ['timed', 'Results that have a time of call'],
        ['lag', 'Sum of the milliseconds from these calls to the arrival of their results'],
        ['sign', '1: these calls came, -1: they went']
    ] loop
        execute coalesce((
            select string_agg(format('comment on column %s.%I is %L', a.attrelid::regclass, a.attname, what[2]), ';')
            from pg_attribute a
            join pg_class c on c.oid = a.attrelid
            where a.attname = what[1] and c.relnamespace = 'callresult'::regnamespace and c.relkind in ('r', 'v')
              and (c.relname ~ '^tally_' or c.relname = 'call_tally')), 'select');
    end loop;

    execute (
        select string_agg(format('comment on column callresult.result_rows.%I is %L', attname,
                                 col_description(attrelid, attnum)), ';')
        from pg_attribute
        where attrelid = 'callresult.call_result'::regclass and attnum > 0 and not attisdropped);
end
$$;

comment on function callresult.cause_key(text) is
    'A failure code as the tally has it: itself, or its digest when it is long';
comment on function callresult.tally_lock() is 'Key of the advisory lock under which tally_journal is folded';
comment on function callresult.fold_tally() is 'Adds tally_journal to the other tables of the tally';
comment on function callresult.fold_tally_in_turn(bigint) is 'Folds tally_journal if it is this session''s turn';
comment on function callresult.sees_latest() is 'Whether each statement of the transaction sees all that is committed';
comment on function callresult.need_latest(text) is 'Fails where sees_latest() is false';
comment on function callresult.count_first(text) is 'The statement that counts a table into tally_journal';
comment on function callresult.tally() is 'Counts what a statement changed in call_result';
comment on function callresult.add_tally_triggers(regclass, boolean) is
    'Gives a partition of call_result, or the table itself, the triggers of the tally';
comment on function callresult.rebuild_tally() is
    'Counts the tally anew from call_result; needed only after partitions were attached, detached or dropped by '
    'hand, and where results came past the triggers or the counts came twice, as in a restore of data alone';
comment on function callresult.check_tally() is
    'Compares the reports with call_result; no row: they agree';
comment on function callresult.compact_tally() is 'Joins the rows of tally_detail that belong together';
comment on function callresult.retain(interval) is
    'Drops the months that lie wholly before now - keep from call_result, call_result_revision and push, old rows of '
    'their default partitions (by their arrival, where they have no time), and quarantine entries resolved by then; '
    'tells what went. Entries of the quarantine that are open stay. One transaction: all or nothing';
comment on function callresult.holds_number(bytea, text) is
    'Whether a text has a number in it, not as a part of a longer run of digits';
comment on function callresult.erase_number(text) is
    'Removes a called number from results, revisions and quarantine, and tells how many rows went. What waits in the '
    'spool of a worker is on the disk of that worker, and in no table: run it again when the spool has drained';
