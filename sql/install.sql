-- Installs or upgrades the callresult schema:   psql -X -d DATABASE -f sql/install.sql
--
-- Run it as the user who is to own the schema: the owner of the database, or anyone with CREATE on it. With CREATEROLE
-- it creates the roles as well; it needs neither superuser rights nor extensions. It is one transaction: all of it is
-- done, or nothing. Run again, it does what is still missing.
--
-- tables/NNN-*.sql   steps, each run once and recorded in callresult.schema_version
-- code/, views/      run every time: each function and view stands in one place, and what stands there is what runs.
--                    A step drops what "create or replace" cannot change.
--
-- -v number_index=on creates the index by which calls_to() and erase_number() find a number, off drops it; without
-- either, what is there stays. The index costs the server a sixth more processor time a record.
--
-- Nothing was released before step 6: data of step 5 are moved aside, copied and dropped (006-aside, 006-from-005).

\set ON_ERROR_STOP on
\set AUTOCOMMIT on
\set callresult_quiet :QUIET
\set QUIET on
\encoding UTF8

begin isolation level read committed read write;
set local client_min_messages = warning;
set local search_path = pg_catalog, pg_temp;
set local statement_timeout = 0;
set local idle_in_transaction_session_timeout = 0;
set local lock_timeout = '30s';
set local check_function_bodies = on;

do $$
begin
    if current_setting('server_version_num')::int < 150000 then
        raise exception 'callresult needs PostgreSQL 15 or later, and this is %',
            current_setting('server_version');
    end if;
    if current_setting('server_encoding') <> 'UTF8' then
        raise exception 'callresult needs a database in UTF8, and this one is in %',
            current_setting('server_encoding');
    end if;
end
$$;

create schema if not exists callresult;
create table if not exists callresult.schema_version (
    step            int primary key,
    name            text not null,
    installed_at    timestamptz not null default now()
);
-- One install at a time.
lock table callresult.schema_version in exclusive mode;

do $$
begin
    if not exists (select from callresult.schema_version) and to_regclass('callresult.call_result') is not null then
        raise exception 'schema callresult has tables and its schema_version is empty: it was restored without its '
            'data. Drop it (drop schema callresult cascade) and run this again, or restore the data too';
    end if;
end
$$;

select coalesce(max(step), 0) = 5 as callresult_convert, coalesce(max(step), 0) < 6 as callresult_todo
from callresult.schema_version \gset
\if :callresult_convert
\ir tables/006-aside.sql
\endif
\if :callresult_todo
\ir tables/006-tables.sql
\ir tables/006-catalogue.sql
\ir tables/006-results.sql
\ir tables/006-feed.sql
insert into callresult.schema_version (step, name) values (6, 'tables');
\endif

\ir code/figures.sql
\ir views/tally.sql
\ir views/lists.sql
\ir views/campaigns.sql
\ir views/delivery.sql
\ir views/people.sql
\ir views/feed.sql
\ir views/columns.sql
\ir code/content.sql
\ir code/tally.sql
\ir code/feed.sql
\ir code/changes.sql
\ir code/store.sql
\ir code/house.sql
\ir code/proof.sql
\ir code/find.sql
\if :{?number_index}
\if :number_index
create index if not exists call_result_number on callresult.call_result (callresult.number_tail(called));
\else
drop index if exists callresult.call_result_number;
\endif
\endif
\ir code/retention.sql
\ir code/erase.sql
\ir code/anonymise.sql

do $$
declare
    callable    regprocedure;
begin
    for callable in
        select oid::regprocedure from pg_proc where pronamespace = 'callresult'::regnamespace
    loop
        execute format('revoke all on function %s from public', callable);
    end loop;
end
$$;

\if :callresult_convert
\ir tables/006-from-005.sql
\endif
\ir roles.sql

-- This month and the next, so that the first push finds them.
do $$
begin
    while (select more from callresult.keep_house()) loop
    end loop;
end
$$;

select max(step) as callresult_step from callresult.schema_version \gset
commit;
\echo callresult schema is at step :callresult_step
\set QUIET :callresult_quiet
\unset callresult_quiet
\unset callresult_convert
\unset callresult_todo
\unset callresult_step
