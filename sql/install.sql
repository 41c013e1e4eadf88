-- Installs or upgrades the callresult schema:   psql -X -d DATABASE -f sql/install.sql
--
-- Run it as the user who is to own the schema: the owner of the database, or anyone with CREATE on it.
-- CREATEROLE lets it make the two roles as well; superuser rights and extensions are not needed. Each
-- numbered step runs once, in one transaction that also records it in callresult.schema_version; run again,
-- it does what is still to do and nothing else. A session lock keeps two installs apart, so connect
-- directly and not through a pooler in transaction mode.

\set ON_ERROR_STOP on
\set AUTOCOMMIT on
\set callresult_quiet :QUIET
\set QUIET on

set client_min_messages = warning;
set search_path = pg_catalog, pg_temp;
set statement_timeout = 0;
set lock_timeout = '30s';

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

select pg_advisory_lock(hashtextextended('callresult install', 0)) is null as callresult_locked \gset

select to_regclass('callresult.schema_version') is null as callresult_todo \gset
\if :callresult_todo
begin;
create schema if not exists callresult;
comment on schema callresult is 'Results of outbound calls, as the call-centre platform pushed them';
create table callresult.schema_version (
    step            int primary key,
    name            text not null,
    installed_at    timestamptz not null default now()
);
comment on table callresult.schema_version is 'The installation steps this schema has behind it';
comment on column callresult.schema_version.step is
    'Number of the step; the highest is where the schema stands';
comment on column callresult.schema_version.name is 'What the step was about';
comment on column callresult.schema_version.installed_at is 'When it was done';
commit;
\endif

select not exists (select from callresult.schema_version where step = 1) as callresult_todo \gset
\if :callresult_todo
begin;
\ir steps/001-tables.sql
insert into callresult.schema_version (step, name) values (1, 'tables');
commit;
\endif

select not exists (select from callresult.schema_version where step = 2) as callresult_todo \gset
\if :callresult_todo
begin;
\ir steps/002-failure-catalogue.sql
insert into callresult.schema_version (step, name) values (2, 'failure catalogue');
commit;
\endif

select not exists (select from callresult.schema_version where step = 3) as callresult_todo \gset
\if :callresult_todo
begin;
\ir steps/003-store.sql
insert into callresult.schema_version (step, name) values (3, 'store');
commit;
\endif

select not exists (select from callresult.schema_version where step = 4) as callresult_todo \gset
\if :callresult_todo
begin;
\ir steps/004-newest-content.sql
insert into callresult.schema_version (step, name) values (4, 'newest content');
commit;
\endif

select not exists (select from callresult.schema_version where step = 5) as callresult_todo \gset
\if :callresult_todo
begin;
\ir steps/005-reports.sql
insert into callresult.schema_version (step, name) values (5, 'reports');
commit;
\endif

\ir roles.sql

select max(step) as callresult_step from callresult.schema_version \gset
select pg_advisory_unlock(hashtextextended('callresult install', 0)) as callresult_locked \gset
reset client_min_messages;
reset search_path;
reset statement_timeout;
reset lock_timeout;
\echo callresult schema is at step :callresult_step
\set QUIET :callresult_quiet
\unset callresult_quiet
\unset callresult_locked
\unset callresult_todo
\unset callresult_step
