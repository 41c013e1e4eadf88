-- How the pushes come in, for whoever keeps the receiver.

create or replace view callresult.delivery_health as
select p.hour, p.pushes, p.records, p.duplicates, p.quarantined, p.spooled, l.lag, p.source
from (
    select date_bin('1 hour', received_at, '2000-01-01 00:00:00+00') as hour, count(*) as pushes,
           sum(records) as records, sum(duplicates) as duplicates, sum(quarantined) as quarantined,
           count(*) filter (where spooled) as spooled, source
    from callresult.push
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

comment on view callresult.delivery_health is 'How the pushes come in, by hour and source';
