-- Step 5: the reports. What people ask of the results, as views, and what keeps those views quick at any size.
--
-- tally.sql      calls counted while they are stored
-- lists.sql      numbers to call again, numbers to strike, recordings
-- campaigns.sql  how campaigns go, and why calls fail
-- delivery.sql   how the pushes come in
-- proof.sql      the tally anew, and the proof that it is right
-- retention.sql  dropping old months; erasing a number
-- months.sql     months with the triggers of the tally; the start of the tally
-- comments.sql   what all this is

\ir 005-reports/tally.sql
\ir 005-reports/lists.sql
\ir 005-reports/campaigns.sql
\ir 005-reports/delivery.sql
\ir 005-reports/proof.sql
\ir 005-reports/retention.sql
\ir 005-reports/months.sql
\ir 005-reports/comments.sql

do $$
declare
    callable    regprocedure;
begin
    for callable in
        select oid::regprocedure from pg_proc where pronamespace = 'callresult'::regnamespace
    loop
        execute format('revoke all on function %s from public', callable);
    end loop;
end
$$;
