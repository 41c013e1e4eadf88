-- The feed: other programs follow the calls, in an order that nothing committed later can precede.
--
-- A transaction that changes results notes them in feed_log: store() from its parameters, triggers for everything else
-- (changes.sql). keep_house() numbers the rows of feed_log that it sees, which are committed, one housekeeper after the
-- other. So a call gets its place after its commit; the place is greater than all given before, and never changes. A
-- consumer who has gone past a place has missed nothing. Neither a transaction id nor a sequence could promise that.
--
-- feed() gives a result at one place for each content it had, and reads the content when it is called. It passes over
-- places whose content no longer stands: the result is gone, or has the content of another push, or was corrected by
-- hand later. The log then has the newer content at a later place, in the same snapshot.
--
-- feed_log is written only while there is a consumer. A transaction that changes results has written tally_journal
-- before it looks for a consumer, and keeps that lock until it commits; feed_add() waits until nobody has it. So each
-- change is committed before the consumer comes, or is in the log for it.

-- Numbers what is committed, notifies listeners, and deletes what every consumer has taken. Numbers at most ten times a
-- second. The caller has locked housekeeping.
create or replace function callresult.number_feed()
returns void
language plpgsql
set search_path = callresult, pg_temp
as $$
begin
    delete from feed_log where not exists (select from feed_consumer);
    if exists (select from feed_log where place is null) then
        perform pg_sleep(0.1 - date_part('epoch', clock_timestamp() - numbered_at))
        from feed_state
        where numbered_at > clock_timestamp() - interval '0.1 s';

        with given as (
            update feed_log l
            set place = n.place
            from (select id, s.last_place + sum(records) over (order by id) as place
                  from feed_log cross join feed_state s
                  where feed_log.place is null) n
            where l.id = n.id
            returning l.place
        )
        update feed_state set last_place = (select max(place) from given), numbered_at = clock_timestamp();
        perform pg_notify('callresult', last_place::text) from feed_state;
    end if;
    delete from feed_log where place <= (select min(place) from feed_consumer);
end
$$;

comment on function callresult.number_feed() is
    'Gives places to what is committed, and drops what every consumer has taken';

-- Adds a consumer, which begins after all that is committed now, or after a place that the log still has. Until this
-- transaction ends nothing else is committed, so a copy of calls made in it and the feed join without a gap. Pushes
-- wait meanwhile. It waits for the locks a tenth of a second at a time, so that no push waits longer behind it.
create or replace function callresult.feed_add(consumer text, "from" bigint default null)
returns bigint
language plpgsql
set search_path = callresult, pg_temp
set lock_timeout = '100ms'
as $$
#variable_conflict use_column
declare
    first_place bigint;
    last_place  bigint;
begin
    if coalesce(length(consumer) not between 1 and 256, true) then
        raise exception 'a consumer of the feed needs a name of at most 256 characters'
            using errcode = 'invalid_parameter_value';
    end if;
    perform need_latest('feed_add');
    perform lock_gently('lock table housekeeping in share row exclusive mode; '
                        'lock table tally_journal in share row exclusive mode');
    perform number_feed();

    select s.last_place, coalesce((select min(l.place - l.records) from feed_log l), s.last_place)
    into last_place, first_place
    from feed_state s;
    if feed_add."from" not between first_place and last_place then
        raise exception 'place % is not in the feed, which goes from % to %', feed_add."from", first_place, last_place;
    end if;
    insert into feed_consumer (consumer, place) values (feed_add.consumer, coalesce(feed_add."from", last_place))
    on conflict do nothing;
    if not found then
        raise exception 'the feed has the consumer % already', quote_literal(feed_add.consumer)
            using errcode = 'unique_violation',
                  hint = 'To begin it anew, drop it first: select callresult.feed_drop('
                         || quote_literal(feed_add.consumer) || ')';
    end if;
    return coalesce(feed_add."from", last_place);
end
$$;

comment on function callresult.feed_add(text, bigint) is
    'Adds a consumer of the feed, which begins with what is stored from now on, or behind a place; gives that place';

-- Removes a consumer; keep_house() then deletes what only it was waiting for.
create or replace function callresult.feed_drop(consumer text)
returns boolean
language plpgsql
set search_path = callresult, pg_temp
as $$
#variable_conflict use_column
begin
    delete from feed_consumer c where c.consumer = feed_drop.consumer;
    return found;
end
$$;

comment on function callresult.feed_drop(text) is 'Removes a consumer of the feed; whether there was one';

-- The place of a consumer, locked until the end of the transaction: another session that reads as the same consumer
-- waits.
create or replace function callresult.feed_place(consumer text)
returns bigint
language plpgsql
set search_path = callresult, pg_temp
as $$
#variable_conflict use_column
declare
    place   bigint;
begin
    select c.place into place from feed_consumer c where c.consumer = feed_place.consumer for update;
    if not found then
        raise exception 'the feed has no consumer %', quote_nullable(feed_place.consumer)
            using hint = 'The owner of the schema adds one: select callresult.feed_add('
                         || coalesce(quote_literal(consumer), '''name''') || ')';
    end if;
    return place;
end
$$;

comment on function callresult.feed_place(text) is
    'The place of a consumer, and nobody else''s until the end of the transaction';

-- The call with this identity, where time or number is missing. "= or both NULL" is spelt out and planned for the
-- values at hand, since nothing else can use the index.
create or replace function callresult.call_with_gaps(
    campaign_id text, call_time_local timestamp, called text, session_id text, call_id text, vdn_id integer)
returns setof callresult.calls
language plpgsql
stable
set search_path = callresult, pg_temp
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_variable
begin
    return query
    select c.*
    from calls c
    where c.campaign_id = campaign_id
      and (c.call_time_local = call_time_local or c.call_time_local is null and call_time_local is null)
      and (c.called = called or c.called is null and called is null)
      and (c.session_id = session_id or c.session_id is null and session_id is null)
      and (c.call_id = call_id or c.call_id is null and call_id is null)
      and (c.vdn_id = vdn_id or c.vdn_id is null and vdn_id is null);
end
$$;

comment on function callresult.call_with_gaps is 'The call of an identity, parts of which may be missing';

-- The next calls for a consumer, at most so many. It reads the log a stretch at a time. Nearly all calls have a time
-- and a number, which find them by the index; call_with_gaps() finds the others. Where no content stands any more, it
-- moves the consumer past those places itself.
create or replace function callresult.feed(consumer text, most integer default 1000)
returns setof callresult.internal_feed_call
language plpgsql
security definer
set search_path = callresult, pg_temp
as $$
#variable_conflict use_column
declare
    behind  bigint := feed_place(consumer);
    upto    bigint;
    wanted  integer := most;
    given   integer := 0;
begin
    if coalesce(most < 0, true) then
        raise exception 'feed needs to know how many calls to give at most, such as 1000'
            using errcode = 'invalid_parameter_value';
    end if;
    while wanted > 0 loop
        select max(l.place) into upto
        from (select place, sum(records) over (order by place) - records as before
              from (select place, records from feed_log where place > behind order by place limit 1000) f) l
        where l.before < wanted;
        exit when upto is null;

        return query
        with entry as materialized (
            select l.place - l.records + e.n as place, l.push_id[coalesce(e.push, e.n)::int] as push_id,
                   l.session_id is null as plain, e.campaign_id, e.call_time_local, e.called, e.session_id, e.call_id,
                   e.vdn_id
            from feed_log l
            cross join lateral unnest(l.push, l.campaign_id, l.call_time_local, l.called, l.session_id, l.call_id,
                                      l.vdn_id)
                 with ordinality as e (push, campaign_id, call_time_local, called, session_id, call_id, vdn_id, n)
            where l.place > behind and l.place <= upto and l.place - l.records + e.n > behind
        ), correction as materialized (
            select l.place - l.records + e.n as place, e.campaign_id, e.call_time_local, e.called, e.session_id,
                   e.call_id, e.vdn_id
            from feed_log l
            cross join lateral unnest(l.campaign_id, l.call_time_local, l.called, l.session_id, l.call_id, l.vdn_id)
                 with ordinality as e (campaign_id, call_time_local, called, session_id, call_id, vdn_id, n)
            where l.corrected and (l.place > behind or l.place is null)
        )
        select e.place, c.*
        from entry e
        cross join lateral (
            select c.* from calls c
            where c.campaign_id = e.campaign_id and c.call_time_local = e.call_time_local and c.called = e.called
            union all
            select g.*
            from call_with_gaps(e.campaign_id, e.call_time_local, e.called, e.session_id, e.call_id, e.vdn_id) g
            where e.call_time_local is null or e.called is null
        ) c
        where c.push_id = e.push_id
          and (e.plain or c.session_id is not distinct from e.session_id
                          and c.call_id is not distinct from e.call_id and c.vdn_id is not distinct from e.vdn_id)
          and not exists (
              select from correction k
              where k.campaign_id = c.campaign_id and (k.place > e.place or k.place is null)
                and k.call_time_local is not distinct from c.call_time_local and k.called is not distinct from c.called
                and k.session_id is not distinct from c.session_id and k.call_id is not distinct from c.call_id
                and k.vdn_id is not distinct from c.vdn_id)
        order by e.place
        limit wanted;
        get diagnostics given = row_count;
        wanted := wanted - given;
        behind := upto;
    end loop;

    if wanted = most then
        update feed_consumer c set place = behind where c.consumer = feed.consumer and c.place < behind;
    end if;
end
$$;

comment on function callresult.feed(text, integer) is
    'The calls that a consumer has not taken yet, in the order of their places, at most so many';

-- Moves a consumer past the calls that it has taken, in the transaction in which it keeps them.
create or replace function callresult.feed_done(consumer text, place bigint)
returns bigint
language plpgsql
security definer
set search_path = callresult, pg_temp
as $$
#variable_conflict use_column
declare
    now_at  bigint := feed_place(consumer);
begin
    if feed_done.place > (select s.last_place from feed_state s) then
        raise exception 'place % has not been given yet', feed_done.place;
    end if;
    if feed_done.place > now_at then
        now_at := feed_done.place;
        update feed_consumer c set place = now_at, moved_at = now() where c.consumer = feed_done.consumer;
    end if;
    return now_at;
end
$$;

comment on function callresult.feed_done(text, bigint) is
    'Moves a consumer to the place of the last call that it has taken, never back; gives the place it is at';
