-- How the pushes come in, for whoever keeps the receiver.

create view callresult.delivery_health as
select p.hour, p.pushes, p.records, p.duplicates, p.quarantined, p.spooled, l.lag
from (
    select date_trunc('hour', received_at) as hour, count(*) as pushes,
           sum(records) as records, sum(duplicates) as duplicates, sum(quarantined) as quarantined,
           count(*) filter (where spooled) as spooled
    from callresult.push
    group by 1
) p
left join (
    select date_trunc('hour', received_at) as hour,
           round(avg(extract(epoch from received_at - call_time)), 1) as lag
    from callresult.call_result
    where call_time is not null
    group by 1
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
