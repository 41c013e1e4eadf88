-- The roles, and what each may do; install.sql runs this every time.
--
-- None can log in: grant them to the users that do. callresult_writer is for the worker: it stores and keeps house,
-- reads no result and changes none. callresult_reader is for people and reports and sees the views and the failure
-- catalogue; callresult_analyst sees of them what leads to no person. callresult_consumer is for programs that follow
-- the feed. callresult_admin is for whoever runs callresultctl: it stores, reads the views, the pushes and the
-- quarantine, settles entries, and calls what keeps and erases, which runs with the owner's rights. Roles belong to the
-- whole cluster, so they may already be there; where the installing user may not create them, a notice says what to
-- run.

set local client_min_messages = notice;

do $$
declare
    wanted  text;
    missing text := '';
    others  text;
    granted record;
begin
    foreach wanted in array array['callresult_writer', 'callresult_reader', 'callresult_analyst', 'callresult_admin',
        'callresult_consumer']
    loop
        if not exists (select from pg_roles where rolname = wanted) then
            begin
                execute format('create role %I nologin', wanted);
            exception
                when duplicate_object or unique_violation then
                    null;    -- another database's install was quicker
                when insufficient_privilege then
                    missing := missing || format(' CREATE ROLE %I NOLOGIN;', wanted);
            end;
        end if;
    end loop;

    if missing <> '' then
        raise notice 'user % may not create roles. Have someone who may run:% and then run this script again',
            current_user, missing;
    end if;

    -- From PostgreSQL 16 on CREATEROLE alone does not do for a role that somebody else has made.
    select string_agg(quote_ident(r.rolname), ', ' order by r.rolname) into others
    from pg_roles r, pg_roles me
    where r.rolname ~ '^callresult_' and me.rolname = current_user and not me.rolsuper
      and not (me.rolcreaterole and current_setting('server_version_num')::integer < 160000)
      and not pg_has_role(me.oid, r.oid, 'member with admin option');
    if others <> '' then
        raise notice 'user % may not grant the roles to others. Have someone who may run: '
            'GRANT % TO % WITH ADMIN OPTION;', current_user, others, quote_ident(current_user);
    end if;

    -- By their oids: a function may be there in the form of the step before, too.
    for granted in
        select r.rolname, f.oid::regprocedure as callable
        from (values ('callresult_writer', 'store'), ('callresult_writer', 'keep_house'),
                     ('callresult_writer', 'calls_ahead'),
                     ('callresult_consumer', 'feed'), ('callresult_consumer', 'feed_done'),
                     ('callresult_reader', 'link_expiry'), ('callresult_reader', 'part_of'),
                     ('callresult_reader', 'calls_to'), ('callresult_reader', 'local_today'),
                     ('callresult_analyst', 'local_today'),
                     ('callresult_reader', 'called_often'), ('callresult_reader', 'newest'),
                     ('callresult_reader', 'number_tail'), ('callresult_reader', 'number_tails'),
                     ('callresult_reader', 'same_number'), ('callresult_analyst', 'part_of'),
                     ('callresult_admin', 'retain'), ('callresult_admin', 'erase_number'),
                     ('callresult_admin', 'anonymise'),
                     ('callresult_admin', 'check_tally')) g (role, name)
        join pg_roles r on r.rolname = g.role
             or r.rolname = 'callresult_admin' and g.role in ('callresult_writer', 'callresult_reader')
        join pg_proc f on f.pronamespace = 'callresult'::regnamespace and f.proname = g.name
    loop
        execute format('grant execute on function %s to %I', granted.callable, granted.rolname);
    end loop;

    -- They set their search_path, so that nobody who calls them can have them run what is not ours.
    for granted in
        select oid::regprocedure as callable
        from pg_proc
        where pronamespace = 'callresult'::regnamespace
              and proname in ('retain', 'erase_number', 'anonymise', 'check_tally', 'newest')
    loop
        execute format('alter function %s security definer', granted.callable);
    end loop;

    if exists (select from pg_roles where rolname = 'callresult_writer') then
        grant usage on schema callresult to callresult_writer;
        grant select on callresult.schema_version, callresult.feeds to callresult_writer;
    end if;

    if exists (select from pg_roles where rolname = 'callresult_admin') then
        grant usage on schema callresult to callresult_admin;
        grant select on callresult.push, callresult.quarantine to callresult_admin;
        grant update (resolved_at) on callresult.quarantine to callresult_admin;
    end if;

    for granted in select rolname from pg_roles where rolname in ('callresult_reader', 'callresult_admin') loop
        execute format($sql$
        grant usage on schema callresult to %1$I;
        grant select on callresult.failure_category, callresult.failure_code,
            callresult.failure_code_category, callresult.schema_version,
            callresult.calls, callresult.call_tally, callresult.campaign_summary, callresult.campaign_daily,
            callresult.campaign_hourly, callresult.failure_breakdown, callresult.platform_faults,
            callresult.unlisted_codes, callresult.redial_candidates, callresult.invalid_numbers,
            callresult.recordings, callresult.delivery_health, callresult.campaign, callresult.failure_text,
            callresult.contacts, callresult.abandon_30_days, callresult.quiet_campaigns, callresult.calls_masked,
            callresult.called_numbers, callresult.corrections, callresult.feeds
            to %1$I $sql$, granted.rolname);
    end loop;

    if exists (select from pg_roles where rolname = 'callresult_consumer') then
        grant usage on schema callresult to callresult_consumer;
        grant select on callresult.schema_version, callresult.feeds to callresult_consumer;
    end if;

    -- what holds no number, session or call of a person
    if exists (select from pg_roles where rolname = 'callresult_analyst') then
        grant usage on schema callresult to callresult_analyst;
        grant select on callresult.failure_category, callresult.failure_code,
            callresult.failure_code_category, callresult.failure_text, callresult.campaign, callresult.schema_version,
            callresult.call_tally, callresult.campaign_summary, callresult.campaign_daily,
            callresult.campaign_hourly, callresult.failure_breakdown, callresult.platform_faults,
            callresult.unlisted_codes, callresult.delivery_health, callresult.abandon_30_days,
            callresult.quiet_campaigns, callresult.calls_masked to callresult_analyst;
    end if;
end
$$;
