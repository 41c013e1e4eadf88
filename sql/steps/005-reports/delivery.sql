-- How the pushes come in, for whoever keeps the receiver.

create view callresult.delivery_health as
select p.hour, p.pushes, p.records, p.duplicates, p.quarantined, p.spooled, l.lag
from (
    select date_bin('1 hour', received_at, '2000-01-01 00:00:00+00') as hour, count(*) as pushes,
           sum(records) as records, sum(duplicates) as duplicates, sum(quarantined) as quarantined,
           count(*) filter (where spooled) as spooled
    from callresult.push
    group by 1
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

comment on view callresult.delivery_health is 'How the pushes come in, hour by hour';
comment on column callresult.delivery_health.hour is 'Hour of arrival, as the time it begins at';
comment on column callresult.delivery_health.pushes is 'Pushes that came';
comment on column callresult.delivery_health.records is 'Records in them';
comment on column callresult.delivery_health.duplicates is 'Records that changed nothing that stands';
comment on column callresult.delivery_health.quarantined is 'Records that could not be read';
comment on column callresult.delivery_health.spooled is 'Pushes that waited in the spool before they were stored';
comment on column callresult.delivery_health.lag is
    'Seconds from the call to the arrival of its result, on average over the results that stand';
