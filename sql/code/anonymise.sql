-- Forgetting the people and keeping the calls.

-- The digest that replaces a number, session or call, under a key that nobody keeps. It has no digits, so that no
-- function takes it for a number; a text that is a digest already stays as it is. Equal texts have equal digests in one
-- run, so that identities stay distinct.
create or replace function callresult.digest_of(said text, key bytea)
returns text
language sql
immutable strict parallel safe
return case when said like 'anon:%' then said
            else 'anon:' || translate(left(encode(sha256(key || convert_to(said, 'UTF8')), 'hex'), 32),
                                      '0123456789', 'ghijklmnop') end;

comment on function callresult.digest_of(text, bytea) is 'A digest that stands for a number, session or call';

-- Whether the call that feed_log has noted is no longer there under that identity.
create or replace function callresult.noted_call_is_gone(
    plain boolean, campaign_id text, call_time_local timestamp, called text, session_id text, call_id text,
    vdn_id integer)
returns boolean
language sql
stable
set search_path = callresult, pg_temp
begin atomic
    select not exists (
               select from callresult.call_result c
               where c.campaign_id = noted_call_is_gone.campaign_id
                 and c.call_time_local = noted_call_is_gone.call_time_local and c.called = noted_call_is_gone.called
                 and (plain or c.session_id is not distinct from noted_call_is_gone.session_id
                               and c.call_id is not distinct from noted_call_is_gone.call_id
                               and c.vdn_id is not distinct from noted_call_is_gone.vdn_id))
           and not ((call_time_local is null or called is null) and exists (
               select from callresult.call_with_gaps(campaign_id, call_time_local, called, session_id, call_id,
                                                     vdn_id)));
end;

comment on function callresult.noted_call_is_gone is 'Whether a call that is noted in feed_log is no more what it was';

-- Forgets the people of old calls and keeps every figure, a month at a time, and then old rows of the default
-- partitions. What names the person becomes a digest, and what may name the person goes; campaign, time, status, cause
-- and push stay, and with them every count. The triggers count each row out and in again, so check_tally() proves it.
-- What waits in the log of the feed gets the same digests.
--
-- Entries of the quarantine keep their reason and their count. Whoever guesses the number could confirm it by the
-- digest of the text, so that is replaced too. Their text cannot be stored any more, so they are settled.
create or replace function callresult.anonymise(keep interval, dry_run boolean default false)
returns table (anonymised text, rows bigint, problem text)
language plpgsql
set search_path = callresult, pg_temp
as $$
declare
    before  timestamp;
    key     bytea := uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());
    what    text;
    change  text;
    named   text;
    state   text;
    forgotten constant text :=
        '(coalesce(at, ''-infinity'') < $1 and noted_call_is_gone(feed_log.session_id is null, e.campaign_id, at, '
        'e.called, e.session_id, e.call_id, e.vdn_id))';
begin
    if keep is null or keep not between '0' and interval '10000 years' or now() - keep > now() then
        raise exception 'anonymise needs to know how long to keep, such as interval ''1 year''';
    end if;
    if dry_run is null then
        raise exception 'dry_run is true or false' using errcode = 'null_value_not_allowed';
    end if;
    before := date_trunc('month', (now() at time zone 'UTC') - interval '12 hours' - keep);

    -- the consumers of the feed need not hear of it
    perform set_config('callresult.moved', 'yes', true);
    for anonymised, what, change in
        select c.relname,
               case when c.relname like '%\_default'
                    then 'coalesce(call_time_local, received_at at time zone ''UTC'') < $1 and ' else '' end
               || '(called not like ''anon:%'' or session_id not like ''anon:%'' or call_id not like ''anon:%'' '
                  'or custom_field is not null or record_path is not null or extra is not null)',
               'called = digest_of(called, $2), session_id = digest_of(session_id, $2), call_id = '
               'digest_of(call_id, $2), custom_field = null, record_path = null, extra = null'
        from unnest(array['call_result', 'call_result_revision']) p (name)
        join pg_inherits i on i.inhparent = p.name::regclass
        join pg_class c on c.oid = i.inhrelid
        where c.relname = p.name || '_default'
           or to_date(substring(c.relname from '_y([0-9]{4}m[0-9]{2})$'), 'YYYY"m"MM') + interval '1 month' <= before
        union all
        select 'feed_log',
               'exists (select from unnest(call_time_local, called, session_id, call_id, campaign_id, vdn_id) '
                       'as e (at, called, session_id, call_id, campaign_id, vdn_id) '
                       'where (e.called not like ''anon:%'' or e.session_id not like ''anon:%'' '
                              'or e.call_id not like ''anon:%'') '
                       'and case when $3 then coalesce(at, stored_at at time zone ''UTC'') < $1 '
                       'else ' || forgotten || ' end)',
               '(called, session_id, call_id) = ('
                   'select array_agg(case when gone then digest_of(e.called, $2) else e.called end order by n), '
                          'case when feed_log.session_id is not null then array_agg('
                          'case when gone then digest_of(e.session_id, $2) else e.session_id end order by n) end, '
                          'case when feed_log.call_id is not null then array_agg('
                          'case when gone then digest_of(e.call_id, $2) else e.call_id end order by n) end '
                   'from unnest(call_time_local, called, session_id, call_id, campaign_id, vdn_id) with ordinality '
                        'as e (at, called, session_id, call_id, campaign_id, vdn_id, n) '
                   'cross join lateral (select ' || forgotten || ' as gone) o)'
        union all
        select 'quarantine', 'received_at < $1 at time zone ''UTC'' and bytes > 0',
               'raw = '''', sha256 = sha256($2 || sha256), resolved_at = coalesce(resolved_at, now())'
        order by 1
    loop
        problem := null;
        begin
            if dry_run then
                execute format('select count(*) from %I where %s', anonymised, what)
                    into rows using before, key, dry_run;
            else
                execute format('update %I set %s where %s', anonymised, change, what) using before, key, dry_run;
                get diagnostics rows = row_count;
            end if;
        exception
            when others then
                get stacked diagnostics state = returned_sqlstate, named = constraint_name, problem = message_text;
                -- the server's message may quote a row
                problem := case when state ~ '^2[23]' then rtrim('a row is refused ' || named) else problem end;
                rows := 0;
        end;
        if rows > 0 or problem is not null then
            return next;
        end if;
    end loop;
    perform set_config('callresult.moved', 'no', true);
end
$$;

comment on function callresult.anonymise(interval, boolean) is
    'Keeps the results, revisions and entries of the quarantine of the months that lie wholly before now - keep and '
    'forgets the people: numbers, sessions and call ids become digests under a key that nobody keeps, free text and '
    'recordings go. Tells how many rows, and what could not be changed and why; with dry_run => true nothing changes';
