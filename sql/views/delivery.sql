-- How the pushes arrive, for whoever looks after callresultd.

-- Pushes by hour and source: what became of their records, how many came late, and how late. lag is that of all
-- sources, since the tally counts it by hour alone.
create or replace view callresult.delivery_health as
select p.hour, p.pushes, p.records, p.duplicates, p.quarantined, p.spooled, l.lag, p.source, p.late, p.late_by
from (
    select date_bin('1 hour', received_at, '2000-01-01 00:00:00+00') as hour, count(*) as pushes,
           sum(records) as records, sum(duplicates) as duplicates, sum(quarantined) as quarantined,
           count(*) filter (where spooled) as spooled, source,
           count(*) filter (where delay > interval '10 minutes') as late,
           round(max(extract(epoch from delay)) filter (where delay > interval '10 minutes'), 1) as late_by
    from (select *, received_at - last_call as delay from callresult.push) p
    group by hour, source
) p
left join (
    select arrived as hour, round(sum(lag) / nullif(sum(timed), 0) / 1000, 1) as lag
    from (
        select arrived, timed, lag
        from callresult.tally_arrival
        union all
        select arrived, sign * timed, sign * lag
        from callresult.tally_journal
    ) part
    group by arrived
) l using (hour);

comment on view callresult.delivery_health is 'How the pushes arrive, by hour and source';
