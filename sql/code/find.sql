-- Finding calls: those to a number, however it was written, and those that arrived last.

-- The last eight digits of a number, which all ways of writing it have in common: "+86 138 0013 8000", "913800138000"
-- and "13800138000".
create or replace function callresult.number_tail(called text)
returns text
language sql
immutable strict parallel safe
return right(regexp_replace(called, '[^0-9]', '', 'g'), 8);

comment on function callresult.number_tail(text) is 'The last eight digits of a number, by which calls_to finds it';

-- Whether two ways of writing a number mean the same one. The near one has no country code: it is the number itself
-- (the core), behind a trunk's 9 or a 0 or both. So may be the far one, or it has a country code before the core.
-- Erasing another person's calls is worse than missing a form, so a country code is one only where it cannot be part of
-- a number within a country: after + or 00 (here "i"), with seven digits or more behind it; without them, if it has two
-- or three digits, with nine or more behind it. 1 and 7 alone are none: 1 begins every Chinese mobile number, 7 many
-- area codes; "+1 212 555 1234" still leads to "12125551234" and "2125551234". What begins with a 0 or is a Chinese
-- mobile number, with or without the trunk's 9, has none. That holds for calls_to, too, which deletes nothing: its
-- readers would take the calls of a stranger for those of the person on the phone.
create or replace function callresult.same_number(one text, other text)
returns boolean
language sql
immutable strict parallel safe
return exists (
    select
    from (select array_agg(replace(regexp_replace(regexp_replace(form, '[^0-9+]', '', 'g'),
                                                  '^9?(\+|00)+(?=[1-9][0-9]{7})', 'i'), '+', '')) as form
          from unnest(array[one, other]) form) forms,
         lateral (values (form[1], form[2]), (form[2], form[1])) pair (near, far),
         lateral unnest(array[near, regexp_replace(near, '^9?0?', '')]) core,
         lateral (select left(far, -length(core)) as before,
                         '2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]'
                         '|(2[1-689]|3[578]|42|5[09]|6[7-9]|8[035789]|9[679])[0-9]' as country,
                         '^9?(0|1[3-9][0-9]{9}$)' as national) part
    where length(core) >= 5 and right(far, length(core)) = core
      and (before = ''
           or core !~ '^0'
              and (before ~ '^9?0?$'
                   or before ~ ('^i(1|7|' || country || ')0?$') and length(core) >= 7
                   or before ~ ('^9?(' || country || ')0?$') and length(core) >= 9 and far !~ national
                   or before = 'i' and near !~ national)));

comment on function callresult.same_number(text, text) is
    'Whether two ways of writing a number are the same number: with or without country code, trunk prefix, signs '
    'and blanks';

-- The tails that the forms of a number may have, for an index on number_tail (number_index=on); same_number decides,
-- and accepts none that has another tail. Those of a number of fewer than eight digits differ: "60584" and "960584",
-- "+354 3661234" and "93661234".
create or replace function callresult.number_tails(number text)
returns text[]
language sql
immutable strict parallel safe
return (
    select array_agg(distinct right(before || core, 8))
    from regexp_replace(number, '[^0-9]', '', 'g') digits,
         unnest(array[digits, regexp_replace(digits, '^9?0?', ''), right(digits, 7)]) core,
         unnest('{"",0,1,2,3,4,5,6,7,8,9,90}'::text[]) before);

comment on function callresult.number_tails(text) is 'The tails that a number has in the ways of writing it';

-- Every call to a number, for whoever has the person on the phone. The tails are a query of their own, which runs once
-- and not for each call.
create or replace function callresult.calls_to(number text)
returns setof callresult.calls
language sql
stable
begin atomic
    select c
    from callresult.calls c
    where callresult.number_tail(c.called) = any ((select callresult.number_tails(number))::text[])
      and callresult.same_number(c.called, number)
    order by c.call_time_local desc nulls last, c.received_at desc;
end;

comment on function callresult.calls_to(text) is
    'Every call to a number in any written form, newest first, of all campaigns';

-- The numbers called more often than most times in so many days, to keep campaigns from calling anybody too often. Two
-- numbers may have the same tail, so the forms of each are counted under the shortest of them. Calls dated far ahead
-- are not of these days; the clock of the calls may be up to a day ahead of the session's.
create or replace function callresult.called_often(days integer, most integer)
returns table (called text, calls bigint, campaigns bigint, last_call timestamp)
language plpgsql
stable
set search_path = callresult, pg_temp
as $$
#variable_conflict use_column
begin
    if coalesce(days < 0 or most < 0, true) then
        raise exception 'called_often needs to know how many days to look back and how many calls may be, such as 7, 3'
            using errcode = 'invalid_parameter_value';
    end if;
    return query
    with form as materialized (
        select f.*, sum(f.calls) over (partition by f.tail) as of_tail
        from (
            select r.called, r.campaign_id, number_tail(r.called) as tail, count(*) as calls,
                   max(r.call_time_local) as last_call
            from calls r
            where r.call_time_local between localtimestamp - least(days, 1000000) * interval '1 day'
                                        and localtimestamp + interval '1 day'
              and number_tail(r.called) <> ''
            group by r.called, r.campaign_id
        ) f
    ), shortest as (
        select a.called, (array_agg(b.called order by length(b.called), b.called))[1] as form
        from (select distinct called, tail from form where of_tail > most) a
        join (select distinct called, tail from form where of_tail > most) b using (tail)
        where a.called = b.called or same_number(a.called, b.called)
        group by a.called
    )
    select (array_agg(f.called order by f.last_call desc))[1], sum(f.calls)::bigint, count(distinct f.campaign_id),
           max(f.last_call)
    from form f
    join shortest s using (called)
    group by s.form
    having sum(f.calls) > most
    order by 2 desc, 1;
end
$$;

comment on function callresult.called_often(integer, integer) is
    'Numbers called more than so often in so many days, however they were written';

-- The calls that arrived last. Results have only a block range index by arrival, so the pushes, which are in order of
-- arrival, say since when to look. A push whose calls were erased or replaced has none left: if there are too few
-- calls, it looks at more pushes. EXECUTE plans the query with the bound as a value, which the block range index needs.
create or replace function callresult.newest(most integer default 20)
returns setof callresult.calls
language plpgsql
stable
set search_path = callresult, pg_temp
as $$
declare
    pushes bigint := most;
    looked_at bigint;
    since timestamptz;
    newest calls[];
begin
    if coalesce(most < 0, true) then
        raise exception 'newest needs to know how many calls to give at most, such as 20'
            using errcode = 'invalid_parameter_value';
    end if;
    loop
        select min(p.received_at), count(*) into since, looked_at
        from (select received_at from push where inserted + updated > 0 order by received_at desc limit pushes) p;
        if looked_at < pushes then
            since := '-infinity';
        end if;
        execute 'select array(select c from calls c where received_at >= $1 order by received_at desc limit $2)'
            into newest using since, most;
        exit when cardinality(newest) >= most or looked_at < pushes;
        pushes := pushes * 10;
    end loop;
    return query select * from unnest(newest);
end
$$;

comment on function callresult.newest(integer) is 'The calls that arrived last, newest first, of all campaigns';
