-- Step 5: the reports. What people ask of the results, as views, and what keeps those views quick at any size.
--
-- lists.sql      numbers to call again, numbers to strike, recordings
-- campaigns.sql  how campaigns go, and why calls fail
-- delivery.sql   how the pushes come in

\ir 005-reports/lists.sql
\ir 005-reports/campaigns.sql
\ir 005-reports/delivery.sql
