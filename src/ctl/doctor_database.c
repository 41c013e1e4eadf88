/* What doctor asks the database, on a connection such as callresultd's own. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ctl/doctor.h"

enum { QUERY_TIME = 10 * 1000, CLOCK_WARNING = 2, CLOCK_FAULT = 300, MONTH_BYTES = 128 * 1024 * 1024 };

#define INSTALL "psql -d DATABASE -f " DATA_DIR "/sql/install.sql, as the owner of the schema"

/* NULL, said as a finding, when it cannot be asked. */
static struct db_rows *
ask(struct doctor *doctor, const char *about, const char *text, const char *const *parameters, int count)
{
	struct db_rows *rows = db_query(doctor->db, text, parameters, count, clock_monotonic() + QUERY_TIME);

	if (rows == NULL)
		findings_add(&doctor->findings, FINDING_UNKNOWN, NULL, NULL, "%s: %s", about, db_problem(doctor->db));
	return rows;
}

static const char *
cell(const struct db_rows *rows, int column)
{
	const char *text = db_rows_text(rows, 0, column);

	return text != NULL ? text : "";
}

static bool
is(const struct db_rows *rows, int column, const char *value)
{
	return strcmp(cell(rows, column), value) == 0;
}

/* --- settings ---------------------------------------------------------------------------------------------- */

static void
say_switch(struct doctor *doctor, const struct db_rows *rows, int column, const char *name)
{
	char cure[128];

	snprintf(cure, sizeof cure, "alter system set %s = on; select pg_reload_conf();", name);
	if (is(rows, column, "off"))
		findings_add(&doctor->findings, FINDING_FAULT, "after a crash of the server what is committed may be lost or damaged", cure,
		    "the server runs with %s off", name);
	else
		findings_add(&doctor->findings, FINDING_OK, NULL, NULL, "%s is on", name);
}

static void
say_synchronous_commit(struct doctor *doctor, const char *value)
{
	if (strcmp(value, "off") == 0)
		findings_add(&doctor->findings, FINDING_WARNING,
		    "callresultd sets it on for each of its transactions; whatever else writes there does not",
		    "alter role ROLE reset synchronous_commit, or alter system set synchronous_commit = on",
		    "synchronous_commit is off for this role");
	else
		findings_add(&doctor->findings, FINDING_OK, NULL, NULL, "synchronous_commit is %s", value);
}

static void
check_settings(struct doctor *doctor)
{
	struct db_rows *rows = ask(doctor, "settings of the server", "SELECT current_setting('fsync'),"
	    " current_setting('full_page_writes'), current_setting('synchronous_commit'), current_setting('server_encoding'),"
	    " current_setting('transaction_read_only'), current_setting('server_version_num')::int >= 150000,"
	    " current_setting('server_version'), pg_is_in_recovery()", NULL, 0);

	if (rows == NULL)
		return;
	say_switch(doctor, rows, 0, "fsync");
	say_switch(doctor, rows, 1, "full_page_writes");
	say_synchronous_commit(doctor, cell(rows, 2));
	if (is(rows, 3, "UTF8"))
		findings_add(&doctor->findings, FINDING_OK, NULL, NULL, "the encoding is UTF8");
	else
		findings_add(&doctor->findings, FINDING_FAULT, "text that the encoding has no letters for is refused",
		    "make a new database: create database NAME encoding 'UTF8' template template0", "the encoding is %s", cell(rows, 3));
	if (is(rows, 4, "on"))
		findings_add(&doctor->findings, FINDING_FAULT, "nothing can be stored; pushes go to the spool until it is full", is(rows, 7, "t") ?
		    "it is a standby: add target_session_attrs=read-write to conninfo" :
		    "alter role ROLE reset default_transaction_read_only, or the same for the database or the server",
		    "the database is read-only for this role");
	else
		findings_add(&doctor->findings, FINDING_OK, NULL, NULL, "the database takes writes");
	if (!is(rows, 5, "t"))
		findings_add(&doctor->findings, FINDING_FAULT, "the schema needs PostgreSQL 15", "upgrade PostgreSQL", "the server is PostgreSQL %s",
		    cell(rows, 6));
	db_rows_free(rows);
}

/* --- the schema -------------------------------------------------------------------------------------------- */

static void
check_step(struct doctor *doctor)
{
	struct db_rows *rows = ask(doctor, "step of the schema",
	    "SELECT coalesce(max(step), 0) FROM callresult.schema_version", NULL, 0);
	int step, wanted = db_schema_step();

	if (rows == NULL) {
		findings_add(&doctor->findings, FINDING_FAULT, "nothing can be stored without it; pushes go to the spool until it is full",
		    INSTALL, "the schema is not installed, or this role may not use it");
		return;
	}
	step = atoi(cell(rows, 0));
	db_rows_free(rows);
	if (step == wanted)
		findings_add(&doctor->findings, FINDING_OK, NULL, NULL, "the schema is at step %d", step);
	else if (abs(step - wanted) == 1)
		findings_add(&doctor->findings, FINDING_WARNING, "a step apart works, two do not: finish the upgrade",
		    step < wanted ? INSTALL : "upgrade callresultd", "the schema is at step %d, this version is made for %d", step, wanted);
	else
		findings_add(&doctor->findings, FINDING_FAULT, "nothing can be stored; pushes go to the spool until it is full",
		    step < wanted ? INSTALL : "upgrade callresultd", "the schema is at step %d, this version is made for %d", step, wanted);
}

static void
check_tables(struct doctor *doctor)
{
	struct db_rows *rows = ask(doctor, "tables", "SELECT"
	    " (SELECT count(*) FROM pg_class WHERE relnamespace = 'callresult'::regnamespace AND relkind = 'r'"
	    "  AND relpersistence <> 'p'),"
	    " (SELECT count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
	    "  WHERE c.relnamespace = 'callresult'::regnamespace AND NOT t.tgisinternal AND t.tgenabled NOT IN ('O', 'A'))",
	    NULL, 0);

	if (rows == NULL)
		return;
	if (is(rows, 0, "0"))
		findings_add(&doctor->findings, FINDING_OK, NULL, NULL, "no table is unlogged");
	else
		findings_add(&doctor->findings, FINDING_FAULT, "an unlogged table is emptied when the server crashes",
		    "alter table NAME set logged", "%s tables are unlogged", cell(rows, 0));
	if (is(rows, 1, "0"))
		findings_add(&doctor->findings, FINDING_OK, NULL, NULL, "no trigger is switched off");
	else
		findings_add(&doctor->findings, FINDING_FAULT, "without its triggers a newer push destroys what it replaces",
		    "alter table NAME enable trigger user", "%s triggers are switched off", cell(rows, 1));
	db_rows_free(rows);
}

static void
check_default_partition(struct doctor *doctor, const char *parent)
{
	char name[64], cure[160];
	const char *parameters[] = { name };
	struct db_rows *rows;
	int64_t bytes;

	snprintf(name, sizeof name, "callresult.%s_default", parent);
	snprintf(cure, sizeof cure, "at a quiet time, for each month that waits: select callresult.add_month('%s',"
	    " 'YYYY-MM-01', null)", parent);
	rows = ask(doctor, name, "SELECT pg_relation_size(to_regclass($1)), pg_size_pretty(pg_relation_size(to_regclass($1)))",
	    parameters, 1);
	if (rows == NULL)
		return;
	bytes = atoll(cell(rows, 0));
	if (bytes > MONTH_BYTES)
		findings_add(&doctor->findings, FINDING_WARNING, "no month is split off it by itself any more, and it goes on growing", cure,
		    "%s holds %s", name, cell(rows, 1));
	else
		findings_add(&doctor->findings, FINDING_OK, NULL, NULL, "%s is small enough for months to come by themselves", name);
	db_rows_free(rows);
}

static void
check_time_zone(struct doctor *doctor)
{
	const char *zone = doctor->ctl->settings.call_timezone, *parameters[] = { zone };
	struct db_rows *rows = db_query(doctor->db, "SELECT now() AT TIME ZONE $1,"
	    " EXISTS (SELECT FROM pg_timezone_names WHERE lower(name) = lower($1))", parameters, 1,
	    clock_monotonic() + QUERY_TIME);

	if (rows == NULL)
		findings_add(&doctor->findings, FINDING_FAULT, "nothing can be stored; pushes go to the spool until it is full",
		    "set call_timezone to a name of pg_timezone_names", "the server does not know the call_timezone %s", zone);
	else if (!is(rows, 1, "t"))
		findings_add(&doctor->findings, FINDING_WARNING, "an abbreviation or an offset has no rules for summer time, and an offset may"
		    " count the other way round", "set call_timezone to a name of pg_timezone_names",
		    "call_timezone %s is no name of a time zone", zone);
	else
		findings_add(&doctor->findings, FINDING_OK, NULL, NULL, "the server knows the call_timezone %s", zone);
	if (rows != NULL)
		db_rows_free(rows);
}

/* --- privileges -------------------------------------------------------------------------------------------- */

static void
check_missing_privileges(struct doctor *doctor)
{
	struct db_rows *rows = ask(doctor, "privileges", "SELECT current_user,"
	    " has_schema_privilege(n.oid, 'usage'),"
	    " coalesce((SELECT bool_and(has_function_privilege(p.oid, 'execute')) FROM pg_proc p"
	    "  WHERE p.pronamespace = n.oid AND p.proname = 'store'), false),"
	    " coalesce((SELECT has_table_privilege(c.oid, 'select') FROM pg_class c"
	    "  WHERE c.relnamespace = n.oid AND c.relname = 'schema_version'), false)"
	    " FROM pg_namespace n WHERE n.nspname = 'callresult'", NULL, 0);
	char cure[160];

	if (rows == NULL)
		return;
	if (db_rows_count(rows) == 1) {
		snprintf(cure, sizeof cure, "grant callresult_writer to \"%s\"", cell(rows, 0));
		if (is(rows, 1, "t") && is(rows, 2, "t") && is(rows, 3, "t"))
			findings_add(&doctor->findings, FINDING_OK, NULL, NULL, "role %s has the privileges it needs", cell(rows, 0));
		else
			findings_add(&doctor->findings, FINDING_FAULT, "nothing can be stored; pushes go to the spool until it is full", cure,
			    "role %s may not %s", cell(rows, 0), !is(rows, 1, "t") ? "use the schema" :
			    !is(rows, 2, "t") ? "execute callresult.store" : "read callresult.schema_version");
	}
	db_rows_free(rows);
}

static void
check_excess_privileges(struct doctor *doctor)
{
	struct db_rows *rows = ask(doctor, "privileges in excess", "SELECT current_user, concat_ws(', ',"
	    " CASE WHEN r.rolsuper THEN 'is a superuser' END,"
	    " CASE WHEN r.rolcreaterole THEN 'may create roles' END,"
	    " CASE WHEN r.rolreplication THEN 'may replicate' END,"
	    " CASE WHEN NOT r.rolsuper AND pg_has_role(n.nspowner, 'member') THEN 'is or can be the owner of the schema' END,"
	    " CASE WHEN NOT r.rolsuper THEN (SELECT 'may read or change ' || count(*) || ' tables' FROM pg_class c"
	    "  WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p') AND c.relname <> 'schema_version'"
	    "  AND has_table_privilege(c.oid, 'select, insert, update, delete, truncate') HAVING count(*) > 0) END)"
	    " FROM pg_roles r, pg_namespace n WHERE r.rolname = current_user AND n.nspname = 'callresult'", NULL, 0);

	if (rows == NULL)
		return;
	if (db_rows_count(rows) == 1 && !is(rows, 1, ""))
		findings_add(&doctor->findings, FINDING_WARNING, "whoever breaks into the worker has all of this, and with it the results",
		    "make a role of its own for the worker: create role callresultd login in role callresult_writer",
		    "role %s %s", cell(rows, 0), cell(rows, 1));
	else if (db_rows_count(rows) == 1)
		findings_add(&doctor->findings, FINDING_OK, NULL, NULL, "role %s has no privileges in excess", cell(rows, 0));
	db_rows_free(rows);
}

/* --- connections, replication, the clock ------------------------------------------------------------------- */

static void
check_connections(struct doctor *doctor)
{
	struct db_rows *rows = ask(doctor, "connections", "SELECT"
	    " current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,"
	    " (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user),"
	    " (SELECT datconnlimit FROM pg_database WHERE datname = current_database())", NULL, 0);
	int wanted = (int)doctor->ctl->settings.writers + 1;

	if (rows == NULL)
		return;
	for (int i = 0; i < 3; i++) {
		static const char *const whose[] = { "the server takes", "the role may make", "the database takes" };
		int limit = atoi(cell(rows, i));

		if (limit >= 0 && limit < wanted)
			findings_add(&doctor->findings, FINDING_FAULT, "a writer without a connection stores nothing", "set [database] writers lower,"
			    " or max_connections, or the connection limit of role or database higher",
			    "%s %d connections, and writers and replay want %d", whose[i], limit, wanted);
		else
			findings_add(&doctor->findings, FINDING_OK, NULL, NULL, "%s enough connections for %d (threads need none)", whose[i], wanted);
	}
	db_rows_free(rows);
}

static void
check_replication(struct doctor *doctor)
{
	struct db_rows *rows = ask(doctor, "replication", "SELECT (SELECT count(*) FROM pg_stat_replication),"
	    " current_setting('synchronous_standby_names')", NULL, 0);

	if (rows == NULL)
		return;
	if (!is(rows, 0, "0") && is(rows, 1, ""))
		findings_add(&doctor->findings, FINDING_WARNING, "after a failover, what the standby had not received yet is lost, though the"
		    " sender heard 200", "alter system set synchronous_standby_names = 'ANY 1 (*)'; select pg_reload_conf();",
		    "%s standbys are replicated asynchronously", cell(rows, 0));
	db_rows_free(rows);
}

static void
check_clock(struct doctor *doctor)
{
	double before = (double)clock_stamp() / 1e6, after, difference;
	struct db_rows *rows = ask(doctor, "clock of the server", "SELECT extract(epoch FROM clock_timestamp())", NULL, 0);

	if (rows == NULL)
		return;
	after = (double)clock_stamp() / 1e6;
	difference = atof(cell(rows, 0)) - (before + after) / 2;
	db_rows_free(rows);
	if (fabs(difference) > CLOCK_WARNING + (after - before))
		findings_add(&doctor->findings, fabs(difference) > CLOCK_FAULT ? FINDING_FAULT : FINDING_WARNING,
		    "the newest content stands by the clock of the worker that received it: with several workers, or after a clock"
		    " is set right, older content may win", "timedatectl set-ntp true, on both machines",
		    "the server's clock differs from this machine's by %.1f s", difference);
	else
		findings_add(&doctor->findings, FINDING_OK, NULL, NULL, "the server's clock agrees with this machine's");
}

/* --- all of it --------------------------------------------------------------------------------------------- */

void
doctor_database(struct doctor *doctor)
{
	doctor->connected = db_attach(doctor->db);
	if (!doctor->connected) {
		findings_add(&doctor->findings, FINDING_FAULT, "while callresultd cannot connect, pushes go to the spool until it is full;"
		    " nothing else about the database could be checked",
		    "run this as the user that callresultd runs as (runuser -u callresultd -- callresultctl doctor);"
		    " if it fails there too, mend conninfo, pg_hba.conf or the server",
		    "no connection to the database as callresultd makes it: %s", db_problem(doctor->db));
		return;
	}
	findings_add(&doctor->findings, FINDING_OK, NULL, NULL, "the database can be reached");
	check_settings(doctor);
	check_step(doctor);
	check_tables(doctor);
	check_default_partition(doctor, "call_result");
	check_default_partition(doctor, "call_result_revision");
	check_default_partition(doctor, "push");
	check_time_zone(doctor);
	check_missing_privileges(doctor);
	check_excess_privileges(doctor);
	check_connections(doctor);
	check_replication(doctor);
	check_clock(doctor);
}
