-- From step 5, second part: every row and number into the new tables, and what others were granted onto the new views.
-- Results whose failCode has more than 64 bytes go to quarantine.

do $$
declare
    added   text;
    month   record;
    given   record;
begin
    select string_agg(format('%s.%s', c.relname, a.attname), ', ') into added
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = 'callresult_5'::regnamespace and not c.relispartition
      and c.relname in ('call_result', 'call_result_revision', 'push', 'quarantine', 'failure_category', 'failure_code',
                        'failure_code_category')
      and not exists (select from pg_attribute n
                      where n.attrelid = to_regclass('callresult.' || c.relname) and n.attname = a.attname);
    if added is not null then
        raise exception 'these columns are not of callresult: %. Drop them, run this again and add them anew', added;
    end if;

    for month in
        select p.relname, to_date(right(c.relname, 7), 'YYYY"m"MM')::timestamp as begins
        from pg_inherits i
        join pg_class p on p.oid = i.inhparent
        join pg_class c on c.oid = i.inhrelid
        where c.relnamespace = 'callresult_5'::regnamespace and c.relkind = 'r' and c.relname ~ '_y[0-9]{4}m[0-9]{2}$'
    loop
        perform callresult.add_month(month.relname, month.begins, null);
    end loop;

    for given in
        select format('grant %s on %s to %s%s', x.privilege_type, n.oid::regclass,
                      case x.grantee when 0 then 'public' else quote_ident(r.rolname) end,
                      case when x.is_grantable then ' with grant option' else '' end) as again
        from pg_class c
        join pg_class n on n.relnamespace = 'callresult'::regnamespace and n.relname = c.relname
        cross join aclexplode(c.relacl) x
        left join pg_roles r on r.oid = x.grantee
        where c.relnamespace = 'callresult_5'::regnamespace and c.relkind in ('r', 'p', 'v') and x.grantee <> c.relowner
        union all
        select format('grant %s on schema callresult to %s%s', x.privilege_type,
                      case x.grantee when 0 then 'public' else quote_ident(r.rolname) end,
                      case when x.is_grantable then ' with grant option' else '' end)
        from pg_namespace s
        cross join aclexplode(s.nspacl) x
        left join pg_roles r on r.oid = x.grantee
        where s.nspname = 'callresult_5' and x.grantee <> s.nspowner
    loop
        execute given.again;
    end loop;
end
$$;

-- The owner's catalogue over ours, with what is new of ours kept.
insert into callresult.failure_category (category, rank)
select category, rank
from callresult_5.failure_category
on conflict (category) do update
set rank = excluded.rank;
insert into callresult.failure_code (code, category, description, redial, listed)
select code, category, description, redial, listed
from callresult_5.failure_code
on conflict (code) do update
set category = excluded.category, description = excluded.description, redial = excluded.redial,
    listed = excluded.listed;
delete from callresult.failure_code_category;
delete from callresult.failure_code where code not in (select code from callresult_5.failure_code);
delete from callresult.failure_category where category not in (select category from callresult_5.failure_category);
insert into callresult.failure_code_category select * from callresult_5.failure_code_category;

insert into callresult.push (
    received_at, id, remote_addr, bytes, sha256, records, inserted, updated, duplicates, quarantined, spooled)
select received_at, id, remote_addr, bytes, sha256, records, inserted, updated, duplicates, quarantined, spooled
from callresult_5.push;

insert into callresult.call_result_revision (
    campaign_id, session_id, called, call_id, call_time_local, call_time, call_status, fail_code, cause_code, vdn_id,
    custom_field, record_path, extra, push_id, received_at, arrived_at, revision, superseded_by, kept_at)
select campaign_id, session_id, called, call_id, call_time_local, call_time, call_status, fail_code, cause_code, vdn_id,
       custom_field, record_path, extra, push_id, received_at, received_at, revision, superseded_by, kept_at
from callresult_5.call_result_revision;

insert into callresult.quarantine (id, received_at, push_id, reason, raw, sha256, seen, resolved_at)
overriding system value
select id, received_at, push_id, reason, raw, sha256, seen, resolved_at
from callresult_5.quarantine;
do $$
begin
    perform setval('callresult.quarantine_id_seq', max(id)) from callresult.quarantine having max(id) > 0;
end
$$;

insert into callresult.quarantine (received_at, push_id, reason, raw, sha256)
select received_at, push_id, 'failCode has more than 64 bytes', raw, sha256(raw)
from (
    select received_at, push_id,
           convert_to((coalesce(extra, '{}') || jsonb_strip_nulls(jsonb_build_object(
               'campaignId', campaign_id, 'sessionId', session_id, 'called', called, 'callId', call_id,
               'callTimeStr', to_char(call_time_local, 'YYYY-MM-DD HH24:MI:SS'), 'callStatus', call_status,
               'failCode', fail_code, 'vdnId', vdn_id, 'customField', custom_field, 'recordPath', record_path)))::text,
               'UTF8') as raw
    from callresult_5.call_result
    where octet_length(fail_code) > 64 or octet_length(cause_code) > 64
) r;

-- Counted at the end, all together.
set local callresult.counted = 'yes';
insert into callresult.call_result (
    campaign_id, session_id, called, call_id, call_time_local, call_time, call_status, fail_code, cause_code, vdn_id,
    custom_field, record_path, extra, push_id, received_at, arrived_at, revision, last_received_at)
select campaign_id, session_id, called, call_id, call_time_local, call_time, call_status, fail_code, cause_code, vdn_id,
       custom_field, record_path, extra, push_id, received_at, coalesce(last_received_at, received_at), revision,
       last_received_at
from callresult_5.call_result
where (octet_length(fail_code) > 64 or octet_length(cause_code) > 64) is not true;
do $$
begin
    perform callresult.rebuild_tally();
end
$$;

drop schema callresult_5 cascade;
