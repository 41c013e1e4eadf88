-- The two roles, and what each may do; install.sql runs this every time.
--
-- Neither can log in: grant them to the users that do. callresult_writer is for the worker and can call
-- store() and nothing more: it reads no result and changes none. callresult_reader is for people and reports
-- and sees the views and the failure catalogue. Roles belong to the whole cluster, so they may already
-- be there; where the installing user may not create them, a notice says what to run.

begin;

set local client_min_messages = notice;

do $$
declare
    wanted  text;
    missing text := '';
begin
    foreach wanted in array array['callresult_writer', 'callresult_reader'] loop
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

    if exists (select from pg_roles where rolname = 'callresult_writer') then
        grant usage on schema callresult to callresult_writer;
        grant select on callresult.schema_version to callresult_writer;
        grant execute on function callresult.store to callresult_writer;
    end if;

    if exists (select from pg_roles where rolname = 'callresult_reader') then
        grant usage on schema callresult to callresult_reader;
        grant select on callresult.failure_category, callresult.failure_code,
            callresult.failure_code_category, callresult.schema_version,
            callresult.calls, callresult.call_tally, callresult.campaign_summary, callresult.campaign_daily,
            callresult.campaign_hourly, callresult.failure_breakdown, callresult.platform_faults,
            callresult.unlisted_codes, callresult.redial_candidates, callresult.invalid_numbers,
            callresult.recordings, callresult.delivery_health to callresult_reader;
        grant execute on function callresult.link_expiry(text), callresult.cause_key(text),
            callresult.part_of(bigint, bigint) to callresult_reader;
    end if;
end
$$;

commit;
