/* What doctor checks of the schema: owners, tables, triggers, indexes, publications, months, the feed, call times. */
#include <stdlib.h>

#include "ctl/doctor.h"

/* A count that must be 0; if it is not, the finding names the first of what is counted. */
struct expectation {
	const char   *question;     /* the query for the count and a name */
	enum severity severity;
	const char   *fine;
	const char   *found;        /* ": COUNT, for example NAME" follows */
	const char   *why;
	const char   *cure;
};

static const struct expectation expectations[] = {
	{
		"SELECT count(*), min(relname) FROM pg_class WHERE relnamespace = 'callresult'::regnamespace AND"
		" relkind = 'r'"
		" AND relpersistence <> 'p'",
		FINDING_FAULT, "no table is unlogged", "unlogged tables",
		"PostgreSQL empties an unlogged table after a crash",
		"alter table NAME set logged",
	},
	{
		"SELECT count(*), min(c.relname || '.' || t.tgname) FROM pg_trigger t JOIN pg_class c ON c.oid ="
		" t.tgrelid"
		" WHERE c.relnamespace = 'callresult'::regnamespace AND NOT t.tgisinternal AND t.tgenabled NOT IN"
		" ('O', 'A')", FINDING_FAULT, "no trigger is disabled", "disabled triggers",
		"without its triggers, a newer push overwrites the older content without a trace, or is not counted",
		"alter table NAME enable trigger user",
	},
	{
		"SELECT CASE current_setting('session_replication_role') WHEN 'replica' THEN 1 ELSE 0 END,"
		" current_user",
		FINDING_FAULT, "triggers fire for this role", "roles for which no trigger fires"
		    " (session_replication_role is replica)",
		"changed results keep no revision, and are not counted",
		"alter role ROLE reset session_replication_role, or the same for the database or the server",
	},
	{
		/* how many there are beside the first */
		"SELECT count(DISTINCT owner) - 1, min(owner) FROM ("
		" SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'callresult'"
		" UNION ALL SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace ="
		" 'callresult'::regnamespace"
		"  AND relkind IN ('r', 'p')"
		" UNION ALL SELECT pg_get_userbyid(proowner) FROM pg_proc WHERE pronamespace ="
		" 'callresult'::regnamespace) o (owner)",
		FINDING_FAULT, "the schema, its tables and its functions have one owner", "additional owners of the"
		    " schema, its tables or its functions",
		"the functions that callresultd calls run with their owner's rights, and cannot see or change what"
		" another role owns",
		"make one role own all of it: alter schema callresult owner to ROLE, and the same for its tables and"
		" functions; then run install.sql as that role",
	},
	{
		/* tables and partitions whose updates are published, but whose identity is none or not published */
		"SELECT count(*), min(c.relname) FROM pg_class c WHERE c.relnamespace = 'callresult'::regnamespace"
		" AND c.relkind = 'r' AND EXISTS (SELECT FROM pg_publication p"
		"  CROSS JOIN pg_get_publication_tables(p.pubname) published"
		"  LEFT JOIN LATERAL pg_partition_tree(published.relid) tree ON true"
		"  LEFT JOIN pg_publication_rel listed ON listed.prrelid = published.relid AND listed.prpubid = p.oid"
		"  WHERE c.oid = coalesce(tree.relid, published.relid) AND (p.pubupdate OR p.pubdelete)"
		"  AND (c.relreplident = 'n' OR c.relreplident = 'f' AND listed.prattrs IS NOT NULL"
		"   OR c.relreplident = 'd' AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid"
		"    AND i.indisprimary AND (listed.prattrs IS NULL OR i.indkey::int2[] <@ listed.prattrs::int2[]))))",
		FINDING_FAULT, "no publication blocks updates", "published tables without a replica identity, or with"
		    " a list of columns that lacks some of it",
		"PostgreSQL refuses to update their rows (55000, 42P10): a result that is pushed again holds up the"
		" spool",
		"alter publication NAME set (publish = 'insert'), or publish all columns, or alter table NAME replica"
		" identity full for each of these tables that has none",
	},
	{
		"SELECT count(*), min(i.indexrelid::regclass::text) FROM pg_index i JOIN pg_class c ON c.oid ="
		" i.indexrelid"
		" WHERE c.relnamespace = 'callresult'::regnamespace AND c.relkind = 'i' AND i.indisunique AND EXISTS"
		"  (SELECT FROM unnest(i.indcollation) WITH ORDINALITY x (id, n) JOIN pg_attribute a ON a.attrelid ="
		" i.indexrelid"
		"    AND a.attnum = x.n JOIN pg_collation l ON l.oid = x.id"
		"   CROSS JOIN (SELECT datlocprovider, datcollate FROM pg_database"
		"    WHERE datname = current_database()) d"
		"   WHERE a.atttypid = 'text'::regtype AND CASE l.collname"
		"    WHEN 'default' THEN d.datlocprovider = 'i' OR d.datcollate !~ '^(C|POSIX)(\\..*)?$'"
		"    ELSE l.collprovider = 'i' OR l.collcollate !~ '^(C|POSIX)(\\..*)?$' END)",
		FINDING_WARNING, "unique indexes compare text byte by byte",
		    "unique indexes that sort text by a language",
		"an upgrade of the operating system may change that order, and then one result can be stored twice",
		"upgrade the schema with install.sql; after each upgrade of the operating system: reindex database"
		" NAME",
	},
	{
		"SELECT count(*), min(l.collname) FROM pg_collation l"
		" WHERE l.collversion IS NOT NULL AND l.collversion IS DISTINCT FROM pg_collation_actual_version(l.oid)"
		" AND EXISTS (SELECT FROM pg_index i WHERE l.oid = ANY (i.indcollation))",
		FINDING_FAULT, "the collations of indexes match the operating system's",
		"collations of indexes whose version is no longer the operating system's",
		"text is sorted differently from when these indexes were built: they miss rows, and what they keep"
		" unique may be there twice",
		"reindex database NAME, then for each of them: alter collation NAME refresh version",
	},
	{
		"SELECT count(*), min(c.relname) FROM pg_class c WHERE c.relnamespace = 'callresult'::regnamespace AND"
		" c.relkind = 'r'"
		" AND c.relispartition AND pg_relation_size(c.oid) > 0"
		" AND substring(c.relname FROM '_y([0-9]{4}m[0-9]{2})$') > to_char(now() + interval '1 month',"
		" 'YYYY\"m\"MM')",
		FINDING_WARNING, "no call is dated in a future month", "future months that contain calls",
		"a call time in the future comes from a wrong clock or a wrong call_timezone",
		"check call_timezone and the platform's clock; correct or delete the rows as the owner of the schema",
	},
	{
		"SELECT count(*), min(consumer) FROM callresult.feeds WHERE behind > '1 minute'",
		FINDING_WARNING, "the feed's numbering is up to date", "feed consumers whose numbering is more than a"
		    " minute behind",
		"a consumer receives a call only after the housekeeper has numbered it",
		"check that callresultd runs; its log says what stops the housekeeper",
	},
	{
		"SELECT count(*), min(consumer) FROM callresult.feeds WHERE age > '1 day'",
		FINDING_WARNING, "every consumer keeps up with the feed", "feed consumers with calls that have waited"
		    " for more than a day",
		"the feed's log keeps each call until every consumer has taken it, and grows",
		"check that the consumer's program runs; if it is gone for good, as the owner: select"
		" callresult.feed_drop('NAME')",
	},
};

static void
check_expectation(struct doctor *doctor, const struct expectation *expectation)
{
	struct db_rows *rows = doctor_ask(doctor, expectation->found, expectation->question);

	if (rows == NULL)
		return;
	if (db_rows_count(rows) == 0 || atoi(doctor_cell(rows, 0)) == 0)
		doctor_add_ok(doctor, "%s", expectation->fine);
	else
		doctor_add(doctor, expectation->severity, expectation->why, expectation->cure, "%s: %s, for example %s",
		    expectation->found, doctor_cell(rows, 0), doctor_cell(rows, 1));
	db_rows_free(rows);
}

/* Whether the operating system still has the sort order that the indexes were built with.  The order of bytes lasts. */
static void
check_collation_version(struct doctor *doctor)
{
	struct db_rows *rows = doctor_ask(doctor, "version of the collation", "SELECT datcollversion,"
	    " coalesce(actual, 'none'), datcollversion IS DISTINCT FROM actual,"
	    " format('reindex database %I; ', datname) || CASE WHEN actual IS NULL"
	    "  THEN format('update pg_database set datcollversion = null where datname = %L', datname)"
	    "  ELSE format('alter database %I refresh collation version', datname) END FROM pg_database"
	    " CROSS JOIN LATERAL pg_database_collation_actual_version(oid) actual"
	    " WHERE datname = current_database() AND datcollversion IS NOT NULL");

	if (rows == NULL)
		return;
	if (db_rows_count(rows) == 1 && doctor_is(rows, 2, "t"))
		doctor_add(doctor, FINDING_FAULT, "the operating system sorts text differently from when the indexes"
		    " were built: they miss rows, and what they keep unique may be there twice",
		    doctor_cell(rows, 3), "the database's collation has version %s, but the operating system's is %s",
		    doctor_cell(rows, 0), doctor_cell(rows, 1));
	else
		doctor_add_ok(doctor, "the indexes match the operating system's sort order");
	db_rows_free(rows);
}

/* A call_timezone west of the right one dates calls into the future.  One east of it only makes them look late. */
static void
check_calls_ahead(struct doctor *doctor)
{
	struct db_rows *rows = doctor_ask(doctor, "call times compared with arrival", "SELECT calls,"
	    " concat_ws(' ', nullif(seconds / 3600, 0) || ' h', seconds / 60 % 60 || ' min') FROM"
	    " callresult.calls_ahead()");

	if (rows == NULL)
		return;
	if (doctor_is(rows, 0, "0"))
		doctor_add_ok(doctor, "no call of the last day is dated after its arrival");
	else
		doctor_add(doctor, FINDING_WARNING, "a call cannot arrive before it is made: call_timezone is not the"
		    " platform's, or a clock is wrong", "set call_timezone to the tenant's time zone, and check the"
		    " clocks of the platform, this machine and the database server", "calls of the last day"
		    " dated after their arrival: %s, by up to %s", doctor_cell(rows, 0), doctor_cell(rows, 1));
	db_rows_free(rows);
}

void
doctor_schema(struct doctor *doctor)
{
	for (int i = 0; i < ELEMENTS(expectations); i++)
		check_expectation(doctor, &expectations[i]);
	check_collation_version(doctor);
	check_calls_ahead(doctor);
}
