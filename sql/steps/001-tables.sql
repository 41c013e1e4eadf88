-- Step 1: the tables. Results, what newer pushes replaced, the pushes themselves, and what was refused.
--
-- call_result and call_result_revision are partitioned by the month of the call, push by the month it came
-- in (UTC). Months are added by the store function; what has no month (no time, or a time far off) lives in
-- the default partition, and what only waited there moves on when its month is added.

create table callresult.call_result (
    campaign_id      text not null,
    session_id       text,
    called           text,
    call_id          text,
    call_time_local  timestamp,
    call_time        timestamptz,
    call_status      smallint not null,
    fail_code        text,
    cause_code       text,
    vdn_id           integer,
    custom_field     text,
    record_path      text,
    extra            jsonb,
    push_id          uuid not null,
    received_at      timestamptz not null,
    revision         integer not null default 0
) partition by range (call_time_local);

create table callresult.call_result_default partition of callresult.call_result default;

-- What makes a result that result. The time comes first so that inserts stay local in the index.
create unique index call_result_identity on callresult.call_result
    (call_time_local, vdn_id, campaign_id, session_id, called, call_id) nulls not distinct;

comment on table callresult.call_result is 'Outbound call results, one row a result';
comment on table callresult.call_result_default is
    'Results without a time, with a time too far off for a month of its own, or waiting for their month';
comment on column callresult.call_result.campaign_id is 'Outbound campaign (campaignId)';
comment on column callresult.call_result.session_id is 'Session of the call on the platform (sessionId)';
comment on column callresult.call_result.called is 'Called number (called)';
comment on column callresult.call_result.call_id is 'Identifier of the call (callId)';
comment on column callresult.call_result.call_time_local is
    'Time of the call as sent, without a zone (callTimeStr)';
comment on column callresult.call_result.call_time is
    'The same time read in the time zone the worker was configured with';
comment on column callresult.call_result.call_status is 'Status: 5 failed, 6 answered (callStatus)';
comment on column callresult.call_result.fail_code is 'Failure code exactly as sent (failCode)';
comment on column callresult.call_result.cause_code is
    'Failure code in five digits, as the catalogue failure_code has it';
comment on column callresult.call_result.vdn_id is 'Virtual call centre (vdnId)';
comment on column callresult.call_result.custom_field is
    'What the customer attached to the call (customField)';
comment on column callresult.call_result.record_path is
    'Where the recording is (recordPath); may be a signed link, and so a secret';
comment on column callresult.call_result.extra is
    'Fields this schema does not know, under the names they came with';
comment on column callresult.call_result.push_id is 'Push that brought this content';
comment on column callresult.call_result.received_at is 'When that push arrived';
comment on column callresult.call_result.revision is
    'How many other contents of this result are in call_result_revision; 0 at first';

create table callresult.call_result_revision (
    campaign_id      text not null,
    session_id       text,
    called           text,
    call_id          text,
    call_time_local  timestamp,
    call_time        timestamptz,
    call_status      smallint not null,
    fail_code        text,
    cause_code       text,
    vdn_id           integer,
    custom_field     text,
    record_path      text,
    extra            jsonb,
    push_id          uuid not null,
    received_at      timestamptz not null,
    revision         integer not null,
    superseded_by    uuid not null,
    kept_at          timestamptz not null default now()
) partition by range (call_time_local);

create table callresult.call_result_revision_default
    partition of callresult.call_result_revision default;

create index call_result_revision_identity on callresult.call_result_revision
    (call_time_local, vdn_id, campaign_id, session_id, called, call_id);

comment on table callresult.call_result_revision is
    'Contents of a result that do not stand: replaced by a newer push, or older than what already stood';
comment on table callresult.call_result_revision_default is 'The same, for results in call_result_default';
comment on column callresult.call_result_revision.campaign_id is 'Outbound campaign (campaignId)';
comment on column callresult.call_result_revision.session_id is
    'Session of the call on the platform (sessionId)';
comment on column callresult.call_result_revision.called is 'Called number (called)';
comment on column callresult.call_result_revision.call_id is 'Identifier of the call (callId)';
comment on column callresult.call_result_revision.call_time_local is
    'Time of the call as sent, without a zone (callTimeStr)';
comment on column callresult.call_result_revision.call_time is
    'The same time read in the time zone the worker was configured with';
comment on column callresult.call_result_revision.call_status is
    'Status: 5 failed, 6 answered (callStatus)';
comment on column callresult.call_result_revision.fail_code is 'Failure code exactly as sent (failCode)';
comment on column callresult.call_result_revision.cause_code is
    'Failure code in five digits, as the catalogue failure_code has it';
comment on column callresult.call_result_revision.vdn_id is 'Virtual call centre (vdnId)';
comment on column callresult.call_result_revision.custom_field is
    'What the customer attached to the call (customField)';
comment on column callresult.call_result_revision.record_path is
    'Where the recording is (recordPath); may be a signed link, and so a secret';
comment on column callresult.call_result_revision.extra is
    'Fields this schema does not know, under the names they came with';
comment on column callresult.call_result_revision.push_id is 'Push that brought this content';
comment on column callresult.call_result_revision.received_at is
    'When that push arrived; this, and not revision, is the order the contents were sent in';
comment on column callresult.call_result_revision.revision is
    'Number in the order the contents of one result were laid aside: 0, 1, 2 and so on, without a gap';
comment on column callresult.call_result_revision.superseded_by is
    'Push whose content stands instead: the one that replaced this, or that stood when this came late';
comment on column callresult.call_result_revision.kept_at is 'When it was laid aside';

create table callresult.push (
    received_at      timestamptz not null,
    id               uuid not null,
    remote_addr      inet,
    bytes            bigint not null,
    sha256           bytea,
    records          integer not null,
    inserted         integer not null,
    updated          integer not null,
    duplicates       integer not null,
    quarantined      integer not null,
    spooled          boolean not null,
    primary key (received_at, id),
    constraint push_fates check (records = inserted + updated + duplicates + quarantined)
) partition by range (received_at);

create table callresult.push_default partition of callresult.push default;

comment on table callresult.push is 'Pushes that passed the token check, one row each';
comment on table callresult.push_default is
    'Pushes with an arrival time far off, or waiting for their month';
comment on column callresult.push.received_at is 'When it arrived';
comment on column callresult.push.id is
    'Made on arrival; call_result.push_id and quarantine.push_id refer to it';
comment on column callresult.push.remote_addr is 'Address it came from, where the web server told it';
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

create table callresult.quarantine (
    id               bigint generated always as identity primary key,
    received_at      timestamptz not null,
    push_id          uuid,
    reason           text not null,
    raw              bytea not null,
    sha256           bytea not null,
    seen             bigint not null default 1,
    resolved_at      timestamptz
);

create unique index quarantine_open on callresult.quarantine (sha256, reason) where resolved_at is null;

comment on table callresult.quarantine is
    'Bodies and single records that could not be read, with the reason';
comment on column callresult.quarantine.id is 'Number of the entry';
comment on column callresult.quarantine.received_at is 'When it first came';
comment on column callresult.quarantine.push_id is 'Push it first came in';
comment on column callresult.quarantine.reason is 'What was wrong with it; names the field, quotes nothing';
comment on column callresult.quarantine.raw is 'The text itself, byte for byte';
comment on column callresult.quarantine.sha256 is 'SHA-256 of the text';
comment on column callresult.quarantine.seen is
    'How often this text came for this reason while the entry was open';
comment on column callresult.quarantine.resolved_at is 'When somebody settled it; empty while it is open';
