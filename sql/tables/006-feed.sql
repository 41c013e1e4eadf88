-- The feed: calls in an order that nothing committed later can precede, for programs that follow them (code/feed.sql).

create table callresult.feed_consumer (
    consumer         text collate "C" primary key,
    place            bigint not null,
    moved_at         timestamptz not null default now()
);

create table callresult.feed_log (
    id               bigint generated always as identity primary key,
    place            bigint,
    records          integer not null,
    corrected        boolean not null default false,
    stored_at        timestamptz not null default now(),
    push_id          uuid[] not null,
    push             integer[],
    campaign_id      text[] collate "C" not null,
    call_time_local  timestamp[] not null,
    called           text[] collate "C" not null,
    session_id       text[] collate "C",
    call_id          text[] collate "C",
    vdn_id           integer[]
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500, toast_tuple_target = 8160);

-- Its rows live for seconds, like those of the tally's journal: compressing them costs more than it saves, and so does
-- laying the arrays of a hundred results out of line.
alter table callresult.feed_log
    alter column push_id set storage external, alter column push set storage external,
    alter column campaign_id set storage external, alter column call_time_local set storage external,
    alter column called set storage external, alter column session_id set storage external,
    alter column call_id set storage external, alter column vdn_id set storage external;

create unique index feed_log_place on callresult.feed_log (place);
create index feed_log_corrected on callresult.feed_log (place) where corrected;

create table callresult.feed_state (
    only_row         boolean primary key default true check (only_row),
    last_place       bigint not null default 0,
    numbered_at      timestamptz not null default '-infinity'
);

insert into callresult.feed_state default values;

comment on table callresult.feed_consumer is 'Who follows the feed, and how far each has come';
comment on column callresult.feed_consumer.consumer is 'Name of the consumer';
comment on column callresult.feed_consumer.place is 'Place of the last call it has taken';
comment on column callresult.feed_consumer.moved_at is 'When it moved there';
comment on table callresult.feed_log is
    'Which results came or changed, while there is a consumer that has not taken them; arrays with one element a '
    'result';
comment on column callresult.feed_log.id is 'Order in which the rows were written, which says nothing of their commits';
comment on column callresult.feed_log.place is 'Place of the last result in it; empty until it is numbered';
comment on column callresult.feed_log.records is 'How many results';
comment on column callresult.feed_log.corrected is 'Whether they changed by hand, under the push that they had';
comment on column callresult.feed_log.stored_at is 'When the transaction that wrote it began';
comment on column callresult.feed_log.push_id is 'Pushes that brought them';
comment on column callresult.feed_log.push is 'Which of the pushes brought each; empty where there is a push for each';
comment on column callresult.feed_log.campaign_id is 'Identity of the results, with the columns that follow';
comment on column callresult.feed_log.call_time_local is 'See campaign_id';
comment on column callresult.feed_log.called is 'See campaign_id';
comment on column callresult.feed_log.session_id is
    'See campaign_id; this, call_id and vdn_id are empty where campaign, time, number and push tell the results apart';
comment on column callresult.feed_log.call_id is 'See campaign_id';
comment on column callresult.feed_log.vdn_id is 'See campaign_id';
comment on table callresult.feed_state is 'How far the feed is numbered; one row';
comment on column callresult.feed_state.only_row is 'Always true';
comment on column callresult.feed_state.last_place is 'The last place given';
comment on column callresult.feed_state.numbered_at is 'When it was given';
