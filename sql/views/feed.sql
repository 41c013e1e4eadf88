-- The feed: the row that feed() gives, and where each consumer stands.

-- A view without rows: feed() returns its row type, which follows the columns of calls.
create or replace view callresult.internal_feed_call as
select null::bigint as place, c.* from callresult.calls c where false;

comment on view callresult.internal_feed_call is 'The columns that feed() gives; it has no rows';

-- Whether each consumer keeps up, for whoever looks after the feed and for doctor.
create or replace view callresult.feeds as
select c.consumer, c.place, s.last_place - c.place as waiting,
       (select now() - l.stored_at from callresult.feed_log l where l.place > c.place order by l.place limit 1) as age,
       c.moved_at, u.unnumbered, u.behind
from callresult.feed_consumer c
cross join callresult.feed_state s
cross join (select coalesce(sum(records), 0)::bigint as unnumbered, now() - min(stored_at) as behind
            from callresult.feed_log
            where place is null) u;

comment on view callresult.feeds is
    'Consumers of the feed: where each stands, what waits for it, and how far numbering is behind';
