-- Erasing a number: from results and revisions in any written form, from the log of the feed, and from the texts in
-- quarantine, however they are coded.

-- A text in any encoding as far as it is ASCII. Other bytes become ~ooo~: the tildes keep the octal digits apart from
-- the text's own.
create or replace function callresult.plain_text(raw bytea)
returns text
language sql
immutable strict parallel safe
return replace(regexp_replace(replace(encode(raw, 'escape'), '\\', U&'\E000'), '\\([0-7]{3})', '~\1~', 'g'),
               U&'\E000', '\');

comment on function callresult.plain_text(bytea) is 'A text in whatever encoding, as far as it is ASCII';

-- A text in UTF-16 as ASCII, with ~ for every other character; NULL for what is not UTF-16. JSON and forms begin with
-- an ASCII character or a byte order mark, so the first two bytes decide. Blanks separate the units first, so that no
-- pattern matches across two of them.
create or replace function callresult.from_utf16(raw bytea)
returns bytea
language plpgsql
immutable strict parallel safe
as $$
declare
    head    text := encode(substring(raw from 1 for 2), 'hex');
    sign    text := case when head = 'fffe' or head ~ '^(?!00)..00' then '(..)00 '
                         when head = 'feff' or head ~ '^00(?!00)..' then '00(..) ' end;
    units   text;
begin
    if sign is null then
        return null;
    end if;
    units := regexp_replace(encode(substring(raw from 1 for length(raw) / 2 * 2), 'hex'), '(....)', '\1 ', 'g');
    return decode(regexp_replace(regexp_replace(units, sign, '\1', 'g'), '.... ', '7e', 'g'), 'hex');
end
$$;

comment on function callresult.from_utf16(bytea) is 'A text in UTF-16 as ASCII; empty where it is none';

-- All readings of a text in quarantine: as it is, and with the escapes of JSON and of forms decoded.
create or replace function callresult.readings(raw bytea)
returns setof text
language plpgsql
immutable strict parallel safe
as $$
declare
    reading text;
    sign    text;
begin
    foreach reading in array array[callresult.plain_text(raw), callresult.plain_text(callresult.from_utf16(raw))] loop
        continue when reading is null;
        return next reading;
        if reading ~ '%|\\u' then
            reading := replace(replace(reading, '%5c', '\'), '%5C', '\');
            foreach sign in array string_to_array('0123456789+*#', null) loop
                reading := regexp_replace(reading, '(%|\\u00)' || to_hex(ascii(sign)), sign, 'gi');
            end loop;
            return next regexp_replace(reading, '(%|\\u[0-9a-f]{2})[0-9a-f]{2}', '~', 'gi');
        end if;
    end loop;
end
$$;

comment on function callresult.readings(bytea) is 'What a text in quarantine may say';

-- The form in which a text contains the number: as given, if it stands there whole and not within a longer run of
-- digits, else another, else NULL. It looks for one run of digits before it looks for a number with blanks, since what
-- stands before such a number may be a date.
create or replace function callresult.number_in(raw bytea, number text)
returns text
language plpgsql
immutable strict parallel safe
set search_path = callresult, pg_temp
as $$
declare
    given   text := '(?<![0-9])'
        || regexp_replace(plain_text(convert_to(number, 'UTF8')), '([^0-9A-Za-z])', '\\\1', 'g')
                    || '(?![0-9])';
    tail    text := array_to_string(number_tails(number), '|');
    said    text[] := array(select readings(raw));
    other   text;
begin
    if exists (select from unnest(said) s where s ~ given) then
        return number;
    end if;
    select hit[1] into other
    from unnest(said) s,
         unnest(array['(?<![0-9%+])[0-9]*(?:' || tail || ')',
                      '(?<![0-9%])[0-9+(][-+ ()./0-9]*(?:'
                      || regexp_replace(tail, '([0-9])', '[-+ ()./]*\1', 'g') || ')']) form,
         regexp_matches(s, '(' || form || ')(?![0-9])', 'g') hit
    where length(number_tail(number)) >= 5 and same_number(hit[1], number)
    limit 1;
    return other;
end
$$;

comment on function callresult.number_in(bytea, text) is
    'The form in which a text in quarantine has a number, whole and in whatever coding; empty where it has it not';

-- How a text is coded that cannot be searched here, such as gzip; NULL for text. Binary data has about one control
-- character in nine bytes; one in twenty is the limit.
create or replace function callresult.unreadable(raw bytea)
returns text
language sql
immutable strict parallel safe
begin atomic
    select case when head like '1f8b%' then 'gzip'
                when head like '28b52ffd%' then 'zstd'
                when head like '504b0304%' then 'zip'
                when 20 * regexp_count(callresult.plain_text(part), '[\u0001-\u0008\u000e-\u001f\u007f]|~000~')
                     > length(part)
                    then 'no text' end
    from (select encode(substring(raw from 1 for 4), 'hex') as head,
                 coalesce(callresult.from_utf16(substring(raw from 1 for 1000)),
                          substring(raw from 1 for 1000)) as part) p;
end;

comment on function callresult.unreadable(bytea) is
    'How a text in quarantine is coded that cannot be searched; empty for text';

-- Removes a number from the log of the feed, as given and, with every_form, in the forms that the log has it in. Its
-- entry stays, without campaign, number, session and call, so that places stay what they are; no reader finds a call by
-- it.
create or replace function callresult.erase_in_feed(number text, every_form boolean)
returns void
language sql
set search_path = callresult, pg_temp
begin atomic
    with gone as materialized (
        select array_agg(distinct c) || number as forms
        from callresult.feed_log l cross join unnest(l.called) c
        where every_form and callresult.number_tail(c) = any ((select callresult.number_tails(number))::text[])
          and callresult.same_number(c, number)
    )
    update callresult.feed_log l
    set (campaign_id, called, session_id, call_id) = (
        select array_agg(case when hit then '' else e.campaign_id end order by n),
               array_agg(case when not hit then e.called end order by n),
               case when l.session_id is not null
                    then array_agg(case when not hit then e.session_id end order by n) end,
               case when l.call_id is not null then array_agg(case when not hit then e.call_id end order by n) end
        from unnest(l.campaign_id, l.called, l.session_id, l.call_id) with ordinality
             as e (campaign_id, called, session_id, call_id, n)
        cross join lateral (select coalesce(e.called = any (g.forms), false) as hit) h)
    from gone g
    where l.called && g.forms;
end;

comment on function callresult.erase_in_feed(text, boolean) is 'Removes a called number from the log of the feed';

-- It was called there.
drop function if exists callresult.is_number(text, text, boolean);

-- Removes a called number everywhere in the database, when a person asks to be forgotten, and reports what it removed
-- and which other forms of the number it left. A dry run does all of it and takes it back.
create or replace function callresult.erase_number(number text, every_form boolean default false,
    dry_run boolean default false)
returns table (found_in text, form text, rows bigint, problem text)
language plpgsql
set search_path = callresult, pg_temp
as $$
#variable_conflict use_column
declare
    otherwise   constant text := 'the number written otherwise: erase this form too, or every_form => true';
begin
    if coalesce(number, '') = '' then
        raise exception 'erase_number needs a number';
    end if;
    if every_form is null or dry_run is null then
        raise exception 'every_form and dry_run are true or false' using errcode = 'null_value_not_allowed';
    end if;
    begin
        foreach found_in in array array['call_result', 'call_result_revision'] loop
            return query execute format($sql$
                with gone as (
                    delete from %1$I
                    where number_tail(called) = any (number_tails($1))
                      and (called = $1 or $2 and same_number(called, $1))
                    returning called
                )
                select %1$L, called, count(*), null from gone group by called
                union all
                select %1$L, called, count(*), $3
                from %1$I
                where not $2 and number_tail(called) = any (number_tails($1)) and called <> $1
                  and same_number(called, $1)
                group by called $sql$, found_in)
            using number, every_form, otherwise;
        end loop;
        perform erase_in_feed(number, every_form);

        return query
        with looked as materialized (
            select id, number_in(raw, number) as form, unreadable(raw) as coding from quarantine
        ), gone as (
            delete from quarantine
            where id in (select id from looked where form = number or every_form and form is not null)
            returning id
        )
        select 'quarantine', form, count(*), null
        from gone join looked using (id)
        group by form
        union all
        select 'quarantine', form, count(*),
               coalesce(otherwise_in, format('cannot be searched (%s), look into it: %s', coding,
                                             string_agg('callresultctl quarantine show ' || id, ', ' order by id)))
        from looked
        cross join lateral (select case when form is not null then otherwise end as otherwise_in) o
        where id not in (select id from gone) and (form is not null or coding is not null)
        group by form, otherwise_in, coding;

        if dry_run then
            raise sqlstate 'CRDRY';
        end if;
    exception
        when sqlstate 'CRDRY' then
            null;
    end;
end
$$;

comment on function callresult.erase_number(text, boolean, boolean) is
    'Removes a called number from results, revisions and quarantine, and reports what it removed, by the forms it was '
    'written in. A row with a problem stays, and says why; with dry_run => true it removes nothing. What waits in the '
    'spool of a worker is on the disk of that worker, and in no table: run it again when the spool has drained';
