-- The roles: one stores and does nothing else, others read the reports and the catalogue or follow the feed, and nothing else.
\ir help.psql
select no_plan();

create function pg_temp.may(role text) returns table (what text, object text) language sql as $$
    select p.privilege, c.relname::text
    from pg_class c, unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) p (privilege)
    where c.relnamespace = 'callresult'::regnamespace and c.relkind in ('r', 'p', 'v') and has_table_privilege(role, c.oid, p.privilege)
    union all
    -- a planner may ask in another order than it is written, and a table is no sequence
    select 'usage', c.relname from pg_class c
    where c.relnamespace = 'callresult'::regnamespace
      and case c.relkind when 'S' then has_sequence_privilege(role, c.oid, 'usage, select, update') end
    union all
    select 'execute', f.proname from pg_proc f
    where f.pronamespace = 'callresult'::regnamespace and has_function_privilege(role, f.oid, 'execute')
    union all
    select 'create', 'callresult' where has_schema_privilege(role, 'callresult', 'create')
$$;
select set_eq($$ select * from pg_temp.may('callresult_writer') $$,
    $$ values ('select', 'schema_version'), ('select', 'feeds'), ('execute', 'store'), ('execute', 'keep_house'), ('execute', 'calls_ahead') $$, 'the writer');
select set_eq($$ select * from pg_temp.may('callresult_reader') $$,
    $$ select 'select', unnest(array['calls', 'call_tally', 'campaign_summary', 'campaign_daily', 'campaign_hourly', 'failure_breakdown',
        'platform_faults', 'unlisted_codes', 'redial_candidates', 'invalid_numbers', 'recordings', 'delivery_health',
        'contacts', 'abandon_30_days', 'quiet_campaigns', 'calls_masked', 'campaign', 'called_numbers', 'corrections', 'feeds',
        'failure_category', 'failure_code', 'failure_code_category', 'failure_text', 'schema_version'])
       union all select 'execute', unnest(array['link_expiry', 'part_of', 'calls_to', 'local_today', 'called_often', 'newest', 'number_tail', 'number_tails',
           'same_number']) $$, 'the reader');
select set_eq($$ select relname::text from pg_class where relnamespace = 'callresult'::regnamespace and relkind = 'v'
        and not has_table_privilege('callresult_reader', oid, 'select') $$,
    $$ select relname::text from pg_class where relnamespace = 'callresult'::regnamespace and relname like 'internal\_%' $$,
    'a view that is not for the reader says so in its name');
select set_eq($$ select * from pg_temp.may('callresult_analyst') $$,
    $$ select 'select', unnest(array['call_tally', 'campaign_summary', 'campaign_daily', 'campaign_hourly', 'failure_breakdown',
        'platform_faults', 'unlisted_codes', 'delivery_health', 'abandon_30_days', 'quiet_campaigns', 'calls_masked', 'campaign',
        'failure_category', 'failure_code', 'failure_code_category', 'failure_text', 'schema_version'])
       union all select 'execute', unnest(array['part_of', 'local_today']) $$, 'the analyst');
select set_eq($$ select * from pg_temp.may('callresult_admin') $$,
    $$ select * from pg_temp.may('callresult_reader') union select * from pg_temp.may('callresult_writer')
       union select 'select', unnest(array['push', 'quarantine'])
       union select 'execute', proname from pg_proc where pronamespace = 'callresult'::regnamespace
           and proname in ('retain', 'erase_number', 'anonymise', 'check_tally') $$, 'the administrator');
select ok(has_column_privilege('callresult_admin', 'callresult.quarantine', 'resolved_at', 'update')
          and not has_column_privilege('callresult_admin', 'callresult.quarantine', 'raw', 'update'),
    'who settles entries and changes none');
select set_eq($$ select * from pg_temp.may('callresult_consumer') $$,
    $$ values ('select', 'schema_version'), ('select', 'feeds'), ('execute', 'feed'), ('execute', 'feed_done') $$, 'the consumer');

select pg_temp.call('a', '1', '2026-11-02 09:00:00', 6, '0', 1, 'https://x/y?Expires=1700000000');
select pg_temp.call('a', '2', '2026-11-02 09:00:00', 5, '537');
select pg_temp.call('a', '3', '2026-11-02 09:00:00', 5, '538');
select pg_temp.call('a', '4', '2026-11-02 09:00:00', 5, '602');
select pg_temp.call('a', '5', '2026-11-02 09:00:00', 5, repeat('x', 64));
create function pg_temp.can_read() returns setof text language plpgsql as $$
declare name text; n bigint;
begin
    set local role callresult_reader;
    foreach name in array array['calls', 'call_tally', 'campaign_summary', 'campaign_daily', 'campaign_hourly', 'failure_breakdown',
        'platform_faults', 'unlisted_codes', 'redial_candidates', 'invalid_numbers', 'recordings', 'failure_code']
    loop
        execute format('select count(v) from callresult.%I v', name) into n;
        reset role;
        return next ok(n > 0, 'the reader reads ' || name);
        set local role callresult_reader;
    end loop;
    perform * from callresult.delivery_health;
    foreach name in array array['call_result', 'call_result_default', 'call_result_revision', 'push', 'quarantine', 'tally_detail', 'housekeeping']
    loop
        begin
            execute format('select from callresult.%I limit 1', name);
            n := 1;
        exception when insufficient_privilege then
            n := 0;
        end;
        reset role;
        return next is(n, 0::bigint, 'and not ' || name);
        set local role callresult_reader;
    end loop;
    reset role;
end
$$;
select pg_temp.can_read();

-- What the administrator calls runs with the owner's rights.
set local role callresult_admin;
select is((select sum(rows) from callresult.erase_number('5') where found_in = 'call_result'), 1::numeric, 'the administrator erases');
select lives_ok($$ select * from callresult.retain('10 years') $$, 'and keeps');
select lives_ok($$ select * from callresult.anonymise('10 years', dry_run => true) $$, 'and anonymises');
select throws_ok($$ delete from callresult.quarantine $$, '42501', null, 'and deletes nothing otherwise');
reset role;

select * from finish();
rollback;
