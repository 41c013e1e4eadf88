-- Results, what newer pushes replaced, the pushes themselves, what was refused, and the counts that reports read.
--
-- call_result and call_result_revision are partitioned by the month of the call, push by the month it came in (UTC).
-- keep_house() makes the months. What has none (no time, or a time far off) lives in the default partition, and what
-- only waits there moves on when its month is made.
--
-- Text in a key is collate "C": identity must not depend on a locale that the next upgrade of the operating system
-- sorts otherwise. Tables without a key have replica identity full, so that they can be published.

comment on schema callresult is 'Results of outbound calls, as the call-centre platform pushed them';
comment on table callresult.schema_version is 'The installation steps this schema has behind it';
comment on column callresult.schema_version.step is 'Number of the step; the highest is where the schema stands';
comment on column callresult.schema_version.name is 'What the step was about';
comment on column callresult.schema_version.installed_at is 'When it was done';

-- --- results ---------------------------------------------------------------------------------------------------

create table callresult.call_result (
    campaign_id      text collate "C" not null,
    session_id       text collate "C",
    called           text collate "C",
    call_id          text collate "C",
    call_time_local  timestamp,
    call_time        timestamptz,
    call_status      smallint not null,
    fail_code        text,
    cause_code       text collate "C",
    vdn_id           integer,
    custom_field     text,
    record_path      text,
    extra            jsonb,
    push_id          uuid not null,
    received_at      timestamptz not null,
    arrived_at       timestamptz not null default now(),
    revision         integer not null default 0,
    last_received_at timestamptz,
    -- without a limit no index could hold them
    constraint fail_code_size check (octet_length(fail_code) <= 64 and octet_length(cause_code) <= 64)
) partition by range (call_time_local);

create table callresult.call_result_default partition of callresult.call_result default;

-- What makes a result that result, a campaign's results in the order of time, and the lists to work from: all this one.
create unique index call_result_identity on callresult.call_result
    (campaign_id, call_time_local, called, session_id, call_id, vdn_id)
    include (call_status, cause_code, received_at) nulls not distinct;

-- For questions that name no campaign.
create index call_result_times on callresult.call_result using brin (call_time_local, received_at)
    with (autosummarize = on);

-- What waits for its month.
create index call_result_waiting on callresult.call_result_default (call_time_local);

comment on table callresult.call_result is 'Outbound call results, one row a result';
comment on table callresult.call_result_default is
    'Results without a time, with a time too far off for a month of its own, or waiting for their month';
comment on column callresult.call_result.campaign_id is 'Outbound campaign (campaignId)';
comment on column callresult.call_result.session_id is 'Session of the call on the platform (sessionId)';
comment on column callresult.call_result.called is 'Called number (called)';
comment on column callresult.call_result.call_id is 'Identifier of the call (callId)';
comment on column callresult.call_result.call_time_local is 'Time of the call as sent, without a zone (callTimeStr)';
comment on column callresult.call_result.call_time is
    'The same time read in the time zone the worker was configured with';
comment on column callresult.call_result.call_status is 'Status: 5 failed, 6 answered (callStatus)';
comment on column callresult.call_result.fail_code is 'Failure code exactly as sent (failCode)';
comment on column callresult.call_result.cause_code is
    'Failure code in five digits, as the catalogue failure_code has it';
comment on column callresult.call_result.vdn_id is 'Virtual call centre (vdnId)';
comment on column callresult.call_result.custom_field is 'What the customer attached to the call (customField)';
comment on column callresult.call_result.record_path is
    'Where the recording is (recordPath); may be a signed link, and so a secret';
comment on column callresult.call_result.extra is 'Fields this schema does not know, under the names they came with';
comment on column callresult.call_result.push_id is 'Push that brought this content';
comment on column callresult.call_result.received_at is 'When that push arrived, by the clock of its receiver';
comment on column callresult.call_result.arrived_at is
    'When this content came last, by the clock of the server: what a push that waited in a spool is placed by';
comment on column callresult.call_result.revision is
    'How many other contents of this result are in call_result_revision; 0 at first';
comment on column callresult.call_result.last_received_at is
    'When the same content came last, from any push; empty when it came once';

create table callresult.call_result_revision (
    campaign_id      text collate "C" not null,
    session_id       text collate "C",
    called           text collate "C",
    call_id          text collate "C",
    call_time_local  timestamp,
    call_time        timestamptz,
    call_status      smallint not null,
    fail_code        text,
    cause_code       text collate "C",
    vdn_id           integer,
    custom_field     text,
    record_path      text,
    extra            jsonb,
    push_id          uuid not null,
    received_at      timestamptz not null,
    arrived_at       timestamptz not null,
    revision         integer not null,
    superseded_by    uuid not null,
    kept_at          timestamptz not null default now()
) partition by range (call_time_local);

create table callresult.call_result_revision_default partition of callresult.call_result_revision default;

create index call_result_revision_identity on callresult.call_result_revision
    (campaign_id, call_time_local, called, session_id, call_id, vdn_id);
create index call_result_revision_times on callresult.call_result_revision using brin (call_time_local, received_at)
    with (autosummarize = on);
create index call_result_revision_waiting on callresult.call_result_revision_default (call_time_local);

comment on table callresult.call_result_revision is
    'Contents of a result that do not stand: replaced by a newer push, or older than what already stood';
comment on table callresult.call_result_revision_default is 'The same, for results in call_result_default';
do $$
begin
    execute (
        select string_agg(format('comment on column callresult.call_result_revision.%I is %L', attname,
                                 col_description(attrelid, attnum)), ';')
        from pg_attribute
        where attrelid = 'callresult.call_result'::regclass and attnum > 0
          and attname not in ('revision', 'last_received_at'));
end
$$;
comment on column callresult.call_result_revision.revision is
    'Number in the order the contents of one result were laid aside: 0, 1, 2 and so on, without a gap';
comment on column callresult.call_result_revision.superseded_by is
    'Push whose content stands instead: the one that replaced this, or that stood when this came late';
comment on column callresult.call_result_revision.kept_at is 'When it was laid aside';

-- --- pushes ----------------------------------------------------------------------------------------------------

create table callresult.push (
    received_at      timestamptz not null,
    id               uuid not null,
    remote_addr      inet,
    source           text,
    bytes            bigint not null,
    sha256           bytea,
    records          integer not null,
    inserted         integer not null,
    updated          integer not null,
    duplicates       integer not null,
    quarantined      integer not null,
    spooled          boolean not null,
    last_call        timestamptz,
    primary key (received_at, id),
    constraint push_fates check (records = inserted + updated + duplicates + quarantined)
) partition by range (received_at);

create table callresult.push_default partition of callresult.push default;

comment on table callresult.push is 'Pushes that passed the token check, one row each';
comment on table callresult.push_default is 'Pushes with an arrival time far off, or waiting for their month';
comment on column callresult.push.received_at is 'When it arrived, by the clock of its receiver';
comment on column callresult.push.id is 'Made on arrival; call_result.push_id and quarantine.push_id refer to it';
comment on column callresult.push.remote_addr is 'Address it came from, where the web server told it';
comment on column callresult.push.source is 'Name of the token it came by; empty where none was asked for';
comment on column callresult.push.bytes is 'Length of its body';
comment on column callresult.push.sha256 is 'SHA-256 of its body';
comment on column callresult.push.records is
    'Records in it: inserted + updated + duplicates + quarantined; 0 when the body could not be read';
comment on column callresult.push.inserted is 'Records that were new';
comment on column callresult.push.updated is 'Records that replaced other content of the same result';
comment on column callresult.push.duplicates is
    'Records that changed nothing that stands: already there, twice in the push, or older than what stood';
comment on column callresult.push.quarantined is 'Records that could not be read and are in quarantine';
comment on column callresult.push.spooled is 'Whether it waited in the spool before it was stored';
comment on column callresult.push.last_call is 'Time of the last call of its records; empty where none has a time';

-- --- what was refused ------------------------------------------------------------------------------------------

create table callresult.quarantine (
    id               bigint generated always as identity primary key,
    received_at      timestamptz not null,
    push_id          uuid,
    reason           text collate "C" not null,
    raw              bytea not null,
    sha256           bytea not null,
    seen             bigint not null default 1,
    resolved_at      timestamptz,
    bytes            integer not null generated always as (octet_length(raw)) stored
);

create unique index quarantine_open on callresult.quarantine (sha256, reason) include (bytes) where resolved_at is null;

comment on table callresult.quarantine is 'Bodies and single records that could not be read, with the reason';
comment on column callresult.quarantine.id is 'Number of the entry';
comment on column callresult.quarantine.received_at is 'When it first came';
comment on column callresult.quarantine.push_id is 'Push it first came in';
comment on column callresult.quarantine.reason is 'What was wrong with it; names the field, quotes nothing';
comment on column callresult.quarantine.raw is 'The text itself, byte for byte';
comment on column callresult.quarantine.sha256 is 'SHA-256 of the text';
comment on column callresult.quarantine.seen is 'How often this text came for this reason while the entry was open';
comment on column callresult.quarantine.resolved_at is 'When somebody settled it; empty while it is open';
comment on column callresult.quarantine.bytes is 'Length of the text';

-- --- the tally: calls counted while they are stored, so that no report reads the results ---------------------------
--
-- What came (sign 1) or went (sign -1) is a row of tally_journal, which only grows, so that writers never wait for each
-- other. keep_house() folds it: it takes all rows it sees and adds them up in the tables below. Readers add the
-- journal to what is folded, so every report is exact at every moment and in every snapshot.

create table callresult.tally_journal (
    sign             smallint not null,
    arrived          timestamptz not null,
    timed            bigint not null,
    lag              numeric not null,
    campaign_id      text[] collate "C" not null,
    vdn_id           integer[] not null,
    call_hour        timestamp[] not null,
    call_status      smallint[] not null,
    cause_code       text[] collate "C" not null,
    calls            integer[] not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

-- Its rows live for seconds: compressing them costs more than it saves.
alter table callresult.tally_journal
    alter column campaign_id set storage external, alter column vdn_id set storage external,
    alter column call_hour set storage external, alter column call_status set storage external,
    alter column cause_code set storage external, alter column calls set storage external;

create table callresult.tally_day (
    campaign_id      text collate "C" not null,
    vdn_id           integer,
    day              date,
    calls            integer not null,
    answered         integer not null,
    failed           integer not null,
    constraint tally_day_key unique nulls not distinct (campaign_id, vdn_id, day)
) with (fillfactor = 70);

create table callresult.tally_hour (
    campaign_id      text collate "C" not null,
    vdn_id           integer,
    call_hour        timestamp,
    calls            integer not null,
    answered         integer not null,
    failed           integer not null,
    constraint tally_hour_key unique nulls not distinct (campaign_id, vdn_id, call_hour)
) with (fillfactor = 70);

create table callresult.tally_cause (
    campaign_id      text collate "C" not null,
    vdn_id           integer,
    call_status      smallint not null,
    cause_code       text collate "C",
    calls            bigint not null,
    constraint tally_cause_key unique nulls not distinct (campaign_id, vdn_id, call_status, cause_code)
) with (fillfactor = 70);

-- A row holds what one fold had of a campaign's month.
create table callresult.tally_detail (
    campaign_id      text collate "C" not null,
    month            date,
    vdn_id           integer[] not null,
    call_hour        timestamp[] not null,
    call_status      smallint[] not null,
    cause_code       text[] collate "C" not null,
    calls            integer[] not null
);

create index tally_detail_month on callresult.tally_detail (campaign_id, month);

create table callresult.tally_arrival (
    arrived          timestamptz primary key,
    timed            bigint not null,
    lag              numeric not null
) with (fillfactor = 70);

comment on table callresult.tally_journal is
    'Changes of call_result not yet folded into the tables below; one row a statement, or a part of one';
comment on table callresult.tally_day is 'Calls counted by campaign, virtual call centre and day';
comment on table callresult.tally_hour is 'Calls counted by campaign, virtual call centre and hour';
comment on table callresult.tally_cause is 'Calls counted by campaign, virtual call centre, status and cause';
comment on table callresult.tally_detail is
    'Calls counted by campaign, virtual call centre, hour, status and cause: arrays with one element a count';
comment on table callresult.tally_arrival is 'How long results took to arrive, by hour of arrival';

-- --- the housekeeper -------------------------------------------------------------------------------------------------

-- Who folds, counts anew or drops months locks it; a role that may only connect cannot.
create table callresult.housekeeping (
    parent           text collate "C" primary key,
    not_before       timestamptz not null default '-infinity',
    problem          text,
    call_timezone    text
);

insert into callresult.housekeeping (parent) values ('call_result'), ('call_result_revision'), ('push');

comment on table callresult.housekeeping is 'What keep_house() knows of the tables it makes months for';
comment on column callresult.housekeeping.parent is 'Table with months';
comment on column callresult.housekeeping.not_before is
    'When it tries to make a month again, after one could not be made';
comment on column callresult.housekeeping.call_timezone is 'Time zone of the calls, as the worker has said last';
comment on column callresult.housekeeping.problem is 'Why that month could not be made; empty when all is well';

do $$
declare
    kept    regclass;
begin
    for kept in
        select c.oid
        from pg_class c
        where c.relnamespace = 'callresult'::regnamespace and c.relkind in ('r', 'p')
          and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)
    loop
        execute format('alter table %s replica identity full', kept);
    end loop;
end
$$;
