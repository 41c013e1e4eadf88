-- Everything in the schema says what it is.
\ir help.psql
select plan(3);

select is_empty($$
    select c.oid::regclass from pg_class c
    where c.relnamespace = 'callresult'::regnamespace and c.relkind in ('r', 'p', 'v')
      and (not c.relispartition or c.relname ~ '_default$') and obj_description(c.oid, 'pg_class') is null
$$, 'every table and view has a comment');

select is_empty($$
    select c.oid::regclass, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = 'callresult'::regnamespace and c.relkind in ('r', 'p', 'v') and not c.relispartition
      and a.attnum > 0 and not a.attisdropped and col_description(c.oid, a.attnum) is null
$$, 'every column has a comment');

select is_empty($$
    select oid::regprocedure from pg_proc
    where pronamespace = 'callresult'::regnamespace and obj_description(oid, 'pg_proc') is null
$$, 'every function has a comment');

select * from finish();
rollback;
