-- What the columns of the views and of the tally mean, for \d+. Most mean the same everywhere; those of call_result
-- have its comments.

do $$
declare
    what    text[];
begin
    foreach what slice 1 in array array[
        ['code', 'Code in five digits; empty where none was sent'],
        ['category', 'Category of the code; Others where it is not in the catalogue, or none was sent'],
        ['cause', 'The cause in words; empty where the code is not in the catalogue'],
        ['redial', 'Advice on redialling: soon, later, never, fix or no'],
        ['calls', 'How many calls'],
        ['answered', 'Those answered (status 6)'],
        ['failed', 'Those failed (status 5); a status the platform does not document counts in calls only'],
        ['answer_rate', 'answered / calls, between 0 and 1, to four places'],
        ['abandoned', 'Those answered that found no agent, by their codes (failure_code.abandoned), whatever their '
                      'status'],
        ['abandon_rate', 'abandoned / (answered + abandoned), to four places; empty where there is neither'],
        ['campaign', 'Name of the campaign, where table campaign has it'],
        ['first_received_at', 'When the first content of the result arrived'],
        ['first_call', 'Time of the first call, as sent'],
        ['last_call', 'Time of the last call, as sent'],
        ['share', 'Their part of all calls of the campaign and virtual call centre, between 0 and 1, to four places'],
        ['campaigns', 'Campaigns it came in'],
        ['attempts', 'Calls to it in the campaign so far'],
        ['expires_at', 'When the signed link stops working; empty where it is not signed, or in an unknown way'],
        ['day', 'Day by the sender''s clock; empty for calls without a time'],
        ['hour', 'Hour by the sender''s clock, as the time it begins at; empty for calls without a time'],
        ['vdn', 'Virtual call centre; 0 where no_vdn'],
        ['no_vdn', 'Whether none was sent'],
        ['began', 'Hour by the sender''s clock; -infinity for calls without a time'],
        ['call_hour', 'Hour by the sender''s clock; empty for calls without a time'],
        ['month', 'Month of the calls; empty for calls without a time'],
        ['arrived', 'Hour of arrival'],
        ['timed', 'Results that have a time of call'],
        ['lag', 'Sum of the milliseconds from these calls to the arrival of their results'],
        ['sign', '1: these calls came, -1: they went'],
        ['source', 'Name of the token of the push; empty where none is required'],
        ['pushes', 'Pushes that came'],
        ['records', 'Records in them'],
        ['duplicates', 'Records that changed nothing that stands'],
        ['quarantined', 'Records that could not be read'],
        ['spooled', 'Pushes that waited in the spool before they were stored']
    ] || array(
        select array[attname, col_description(attrelid, attnum)] from pg_attribute
        where attrelid = 'callresult.call_result'::regclass and attnum > 0 and not attisdropped) loop
        execute coalesce((
            select string_agg(format('comment on column %s.%I is %L', a.attrelid::regclass, a.attname, what[2]), ';')
            from pg_attribute a
            join pg_class c on c.oid = a.attrelid
            where a.attname = what[1] and c.relnamespace = 'callresult'::regnamespace
              and (c.relkind = 'v' or c.relname ~ '^tally_' and c.relkind = 'r')), 'select');
    end loop;
end
$$;

comment on column callresult.calls.answered is 'Whether the call was answered';
comment on column callresult.called_numbers.answered is 'Whether any of the calls to it was answered';
comment on column callresult.called_numbers.vdn_id is 'Virtual call centre of the last attempt';
comment on column callresult.called_numbers.cause_code is 'Failure code of the last attempt, in five digits';
comment on column callresult.redial_candidates.vdn_id is 'Virtual call centre of the last attempt';
comment on column callresult.redial_candidates.code is 'Failure code of the last attempt, in five digits';
comment on column callresult.redial_candidates.redial is
    'When: soon = the same day, later = another day, fix = once the platform''s fault is cured';
comment on column callresult.invalid_numbers.vdn_id is 'Virtual call centre of the last attempt';
comment on column callresult.invalid_numbers.code is 'Failure code of the last attempt, in five digits';
comment on column callresult.recordings.record_path is
    'Where the recording is, without the query string, which may be a secret; the whole is in calls';
comment on column callresult.delivery_health.hour is 'Hour of arrival, as the time it begins at';
comment on column callresult.delivery_health.lag is
    'Seconds from the call to the arrival of its result, on average over the results that stand';
comment on column callresult.delivery_health.late is
    'Pushes that came more than ten minutes after the last call in them';
comment on column callresult.delivery_health.late_by is 'The most seconds from that call to the push';
comment on column callresult.internal_feed_call.place is 'Place in the feed: greater than all places given before';
comment on column callresult.internal_feed_call.answered is 'Whether the call was answered';
comment on column callresult.feeds.consumer is 'Name of the consumer';
comment on column callresult.feeds.place is 'Place of the last call that it has taken';
comment on column callresult.feeds.waiting is 'Places given after it: at most this many calls wait';
comment on column callresult.feeds.age is 'How long ago the first of them was stored; empty when none waits';
comment on column callresult.feeds.moved_at is 'When the consumer last moved';
comment on column callresult.feeds.unnumbered is 'Calls that have no place yet';
comment on column callresult.feeds.behind is 'How long ago the first of those was stored: how far numbering is behind';
