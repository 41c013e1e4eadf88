-- What the views compute with.

-- A share such as an answer rate, to four places. It rounds halves up, as round() does, but computes with whole
-- numbers, in half the time.
create or replace function callresult.part_of(part bigint, whole bigint)
returns numeric
language sql
immutable parallel safe
return (20000 * part + whole) / (2 * whole) * 0.0001;

comment on function callresult.part_of(bigint, bigint) is 'part / whole to four places';

-- When a signed link to a recording expires, by its query string; NULL where that does not say, or gives no date. Knows
--   X-Amz-Date and X-Amz-Expires, and the same of others (X-Goog-, x-oss-, X-Tos- ...): a time, and seconds from it
--   Expires: seconds since 1970 (S3 version 2, CloudFront, OBS, OSS)
--   q-sign-time: from;to in seconds since 1970 (COS)
--   e, beside a token: seconds since 1970 (Qiniu)
--   se: a UTC time (Azure)
-- The form of each value is checked before it is read, so that no link makes a report fail.
create or replace function callresult.link_expiry(link text)
returns timestamptz
language plpgsql
immutable strict parallel safe
as $$
declare
    query   text := replace(replace(lower(substr(link, strpos(link, '?') + 1)), '%3a', ':'), '%3b', ';');
    since   text;
    lasts   text := '0';
    until   text;
    day     date;
begin
    if strpos(link, '?') = 0 then
        return null;
    end if;
    query := '&' || query || '&';

    if strpos(query, '-expires=') > 0 then
        since := split_part(split_part(query, '-date=', 2), '&', 1);
        lasts := split_part(split_part(query, '-expires=', 2), '&', 1);
    elsif strpos(query, '&expires=') > 0 then
        until := split_part(split_part(query, '&expires=', 2), '&', 1);
    elsif strpos(query, '&q-sign-time=') > 0 then
        until := split_part(split_part(split_part(query, '&q-sign-time=', 2), '&', 1), ';', 2);
    elsif strpos(query, '&token=') > 0 then
        until := split_part(split_part(query, '&e=', 2), '&', 1);
    else
        since := regexp_replace(split_part(split_part(query, '&se=', 2), '&', 1), '[-:]|[.][0-9]+', '', 'g');
    end if;

    if until ~ '^[0-9]{1,11}$' then
        return to_timestamp(until::bigint);
    end if;
    since := regexp_replace(since, '^([0-9]{8}t[0-9]{4})z$', '\100z');
    if since !~ '^[12][0-9]{3}(0[1-9]|1[0-2])[0-3][0-9]t([01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]z$'
       or since is null or lasts !~ '^[0-9]{1,9}$'
    then
        return null;
    end if;
    -- a day that the month does not have falls into the next month
    day := make_date(substr(since, 1, 4)::integer, substr(since, 5, 2)::integer, 1)
           + (substr(since, 7, 2)::integer - 1);
    if extract(month from day) <> substr(since, 5, 2)::integer then
        return null;
    end if;
    return (day + make_time(substr(since, 10, 2)::integer, substr(since, 12, 2)::integer,
                            substr(since, 14, 2)::integer)) at time zone 'UTC'
           + make_interval(secs => lasts::integer);
end
$$;

comment on function callresult.link_expiry(text) is
    'When a signed link expires, by its query string; empty where that does not say';
