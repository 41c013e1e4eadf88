/* What doctor checks of the server: settings, the step of the schema, time zone, log, replication, clock. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ctl/doctor.h"

enum { CLOCK_WARNING = 2, CLOCK_FAULT = 300, MONTH_BYTES = 128 * 1024 * 1024 };

#define INSTALL "psql -d DATABASE -f " DATA_DIR "/sql/install.sql, as the owner of the schema"

/* --- settings ---------------------------------------------------------------------------------------------- */

static void
judge_switch(struct doctor *doctor, const struct db_rows *rows, int column, const char *name)
{
	char cure[128];

	snprintf(cure, sizeof cure, "alter system set %s = on; select pg_reload_conf();", name);
	if (doctor_is(rows, column, "off"))
		doctor_add(doctor, FINDING_FAULT, "a crash of the server may lose or damage committed data", cure,
		    "the server runs with %s off", name);
	else
		doctor_add_ok(doctor, "%s is on", name);
}

static void
judge_synchronous_commit(struct doctor *doctor, const char *value)
{
	if (strcmp(value, "off") == 0)
		doctor_add(doctor, FINDING_WARNING, "callresultd turns it on for its own transactions, but other"
		    " programs with this role may lose what they commit", "alter role ROLE reset synchronous_commit,"
		    " or alter system set synchronous_commit = on", "synchronous_commit is off for this role");
	else
		doctor_add_ok(doctor, "synchronous_commit is %s", value);
}

static void
check_settings(struct doctor *doctor)
{
	struct db_rows *rows = doctor_ask(doctor, "settings of the server", "SELECT current_setting('fsync'),"
	    " current_setting('full_page_writes'), current_setting('synchronous_commit'),"
	    " current_setting('server_encoding'), current_setting('transaction_read_only'),"
	    " current_setting('server_version_num')::int >= 150000, current_setting('server_version'),"
	    " pg_is_in_recovery()");

	if (rows == NULL)
		return;
	judge_switch(doctor, rows, 0, "fsync");
	judge_switch(doctor, rows, 1, "full_page_writes");
	judge_synchronous_commit(doctor, doctor_cell(rows, 2));
	if (doctor_is(rows, 3, "UTF8"))
		doctor_add_ok(doctor, "the database's encoding is UTF8");
	else
		doctor_add(doctor, FINDING_FAULT, "PostgreSQL refuses text that this encoding cannot represent",
		    "create a new database: create database NAME encoding 'UTF8' template template0",
		    "the database's encoding is %s", doctor_cell(rows, 3));
	if (doctor_is(rows, 4, "on"))
		doctor_add(doctor, FINDING_FAULT, DOCTOR_NOT_STORED, doctor_is(rows, 7, "t") ?
		    "the server is a standby: add target_session_attrs=read-write to conninfo" :
		    "alter role ROLE reset default_transaction_read_only, or the same for the database or the server",
		    "the database is read-only for this role");
	else
		doctor_add_ok(doctor, "the database accepts writes");
	if (!doctor_is(rows, 5, "t"))
		doctor_add(doctor, FINDING_FAULT, "the schema needs PostgreSQL 15 or later", "upgrade PostgreSQL",
		    "the server is PostgreSQL %s", doctor_cell(rows, 6));
	db_rows_free(rows);
}

/* --- the schema -------------------------------------------------------------------------------------------- */

/* False when there is no schema that this role may use. */
static bool
check_step(struct doctor *doctor)
{
	struct db_rows *rows = db_query(doctor->db, "SELECT coalesce(max(step), 0) FROM callresult.schema_version",
	    NULL, 0, clock_ms() + DOCTOR_QUERY_TIME);
	int step, wanted = db_schema_step();

	if (rows == NULL) {
		doctor_add(doctor, FINDING_FAULT, DOCTOR_NOT_STORED, INSTALL, "the schema is not installed, or this"
		    " role may not use it: %s", db_problem(doctor->db));
		return false;
	}
	step = atoi(doctor_cell(rows, 0));
	db_rows_free(rows);
	if (step == wanted)
		doctor_add_ok(doctor, "the schema is at step %d", step);
	else
		doctor_add(doctor, db_schema_step_fits(step) ? FINDING_WARNING : FINDING_FAULT,
		    db_schema_step_fits(step) ? "one step apart works, two do not: finish the upgrade" :
		    DOCTOR_NOT_STORED, step < wanted ? INSTALL : "upgrade callresultd",
		    "the schema is at step %d, but this version expects step %d", step, wanted);
	return true;
}

static void
check_default_partition(struct doctor *doctor, const char *parent)
{
	char name[64], cure[160];
	const char *parameters[] = { name };
	struct db_rows *rows;
	int64_t bytes;

	snprintf(name, sizeof name, "callresult.%s_default", parent);
	snprintf(cure, sizeof cure, "at a quiet time, for each month in it: select callresult.add_month('%s',"
	    " 'YYYY-MM-01', null)", parent);
	rows = db_query(doctor->db, "SELECT size, pg_size_pretty(size) FROM pg_relation_size(to_regclass($1)) AS size",
	    parameters, 1, clock_ms() + DOCTOR_QUERY_TIME);
	if (rows == NULL)
		return;
	bytes = atoll(doctor_cell(rows, 0));
	if (bytes > MONTH_BYTES)
		doctor_add(doctor, FINDING_WARNING, "callresultd no longer moves its rows into monthly partitions, so"
		    " it keeps growing", cure, "%s has grown to %s", name, doctor_cell(rows, 1));
	else
		doctor_add_ok(doctor, "%s is small enough for automatic monthly partitions", name);
	db_rows_free(rows);
}

/* Accepts only places of the server's list, and UTC: in an offset such as UTC+8 the sign counts the other way. */
static void
check_time_zone(struct doctor *doctor)
{
	const char *zone = doctor->ctl->settings.call_timezone, *parameters[] = { zone };
	const char *cure = "set call_timezone to a place in pg_timezone_names, such as Asia/Shanghai";
	struct db_rows *rows = db_query(doctor->db, "SELECT to_char(o, 'FMSG00') || ':' || to_char(abs(m), 'FM00'),"
	    " listed"
	    " FROM (SELECT trunc(s / 3600) AS o, s % 3600 / 60 AS m, EXISTS (SELECT FROM pg_timezone_names"
	    "  WHERE lower(name) = lower($1) AND name !~* '^Etc/(GMT|UTC)[-+]') AS listed"
	    "  FROM (SELECT extract(epoch FROM (now() AT TIME ZONE $1) - (now() AT TIME ZONE 'UTC'))::int AS s) q) z",
	    parameters, 1, clock_ms() + DOCTOR_QUERY_TIME);

	if (rows == NULL)
		doctor_add(doctor, FINDING_FAULT, DOCTOR_NOT_STORED, cure,
		    "the server does not know the call_timezone %s", zone);
	else if (!doctor_is(rows, 1, "t"))
		doctor_add(doctor, FINDING_FAULT, "unless you intend this, every call_time is wrong: the sign of an"
		    " offset counts the other way round, an abbreviation may be another country's, and neither has"
		    " summer time", cure, "call_timezone %s is not a place; the server reads it as UTC%s", zone,
		    doctor_cell(rows, 0));
	else
		doctor_add_ok(doctor, "the server knows the call_timezone %s (UTC%s now)", zone, doctor_cell(rows, 0));
	db_rows_free(rows);
}

/* --- what the server logs ---------------------------------------------------------------------------------- */

/* Numbers and signed URLs are parameters of store(): a server that logs parameters logs them. */
static void
check_logging(struct doctor *doctor)
{
	struct db_rows *rows = doctor_ask(doctor, "what the server logs", "SELECT concat_ws(', ',"
	    " CASE WHEN bound AND current_setting('log_statement') IN ('mod', 'all') THEN 'log_statement' END,"
	    " CASE WHEN bound AND current_setting('log_min_duration_statement') <> '-1' THEN"
	    " 'log_min_duration_statement' END,"
	    " CASE WHEN bound AND current_setting('log_min_duration_sample') <> '-1' THEN 'log_min_duration_sample'"
	    " END,"
	    " CASE WHEN current_setting('log_parameter_max_length_on_error') <> '0' THEN"
	    " 'log_parameter_max_length_on_error' END), coalesce(current_setting('auto_explain.log_min_duration',"
	    " true), '-1') <> '-1', current_user"
	    " FROM (SELECT current_setting('log_parameter_max_length') <> '0' AS bound) s");
	char cure[512];

	if (rows == NULL)
		return;
	snprintf(cure, sizeof cure, "alter role \"%.64s\" set log_parameter_max_length = 0; alter role \"%.64s\" set"
	    " log_parameter_max_length_on_error = 0; as a superuser", doctor_cell(rows, 2), doctor_cell(rows, 2));
	if (!doctor_is(rows, 0, ""))
		doctor_add(doctor, FINDING_WARNING, "called numbers and signed URLs end up in the server's log", cure,
		    "the server logs statement parameters: %s", doctor_cell(rows, 0));
	snprintf(cure, sizeof cure, "alter role \"%.64s\" set auto_explain.log_min_duration = -1, as a superuser",
	    doctor_cell(rows, 2));
	if (doctor_is(rows, 1, "t"))
		doctor_add(doctor, FINDING_WARNING, "called numbers and signed URLs end up in the server's log", cure,
		    "auto_explain logs statements with their parameters");
	if (doctor_is(rows, 0, "") && !doctor_is(rows, 1, "t"))
		doctor_add_ok(doctor, "the server does not log statement parameters");
	db_rows_free(rows);
}

/* --- replication, the clock -------------------------------------------------------------------------------- */

#define SYNCHRONOUS_CURE "alter system set synchronous_standby_names = 'ANY 1 (*)'; select pg_reload_conf(); under" \
	" Patroni: synchronous_mode and synchronous_mode_strict"

/*
 * A standby is expected if conninfo names several hosts, a slot has no reader, or Patroni runs the server: Patroni
 * gives it settings as arguments, and takes names and slot away when the standby is gone.
 */
static void
check_replication(struct doctor *doctor)
{
	struct db_rows *rows = doctor_ask(doctor, "replication", "SELECT (SELECT count(*) FROM pg_stat_replication),"
	    " current_setting('synchronous_standby_names') <> '', current_setting('synchronous_commit') = 'local',"
	    " EXISTS (SELECT FROM pg_replication_slots WHERE slot_type = 'physical' AND NOT active)"
	    " OR EXISTS (SELECT FROM pg_settings WHERE name = 'track_commit_timestamp' AND source = 'command line')");
	const char *conninfo = ctl_conninfo(doctor->ctl);
	bool none, waits, local, expected;

	if (rows == NULL)
		return;
	none = doctor_is(rows, 0, "0");
	waits = doctor_is(rows, 1, "t");
	local = doctor_is(rows, 2, "t");
	expected = doctor_is(rows, 3, "t") || db_conninfo_has_several_hosts(conninfo);
	if (!none && (!waits || local))
		doctor_add(doctor, FINDING_WARNING, "a failover loses whatever the standby has not received yet,"
		    " although the platform was answered 200", local && waits ?
		    "alter role ROLE reset synchronous_commit, or the same for the database or the server" :
		    SYNCHRONOUS_CURE, "standbys that replicate asynchronously: %s",
		    doctor_cell(rows, 0));
	else if (none && waits)
		doctor_add(doctor, FINDING_WARNING, "no commit completes until a standby is back, and pushes go to the"
		    " spool until it is full", "bring the standby back", "commits wait for a standby, and none is"
		    " connected");
	else if (none && expected)
		doctor_add(doctor, FINDING_WARNING, "what callresultd answers 200 for exists on one node only, and is"
		    " lost with that node", "bring the standby back; " SYNCHRONOUS_CURE,
		    "no standby is connected to the database");
	db_rows_free(rows);
}

static void
check_clock(struct doctor *doctor)
{
	double before = (double)clock_timestamp() / 1e6, after, difference;
	struct db_rows *rows = doctor_ask(doctor, "clock of the server",
	    "SELECT extract(epoch FROM clock_timestamp())");

	if (rows == NULL)
		return;
	after = (double)clock_timestamp() / 1e6;
	difference = atof(doctor_cell(rows, 0)) - (before + after) / 2;
	db_rows_free(rows);
	if (fabs(difference) > CLOCK_WARNING + (after - before))
		doctor_add(doctor, fabs(difference) > CLOCK_FAULT ? FINDING_FAULT : FINDING_WARNING,
		    "the clock of the receiving worker decides which content is the newest: with several workers, or"
		    " after a clock is corrected, older content may win", "timedatectl set-ntp true, on both machines",
		    "the server's clock differs from this machine's by %.1f s", difference);
	else
		doctor_add_ok(doctor, "the server's clock agrees with this machine's");
}

bool
doctor_server(struct doctor *doctor)
{
	bool installed;

	check_settings(doctor);
	installed = check_step(doctor);
	if (installed) {
		check_default_partition(doctor, "call_result");
		check_default_partition(doctor, "call_result_revision");
		check_default_partition(doctor, "push");
	}
	check_time_zone(doctor);
	check_logging(doctor);
	check_replication(doctor);
	check_clock(doctor);
	return installed;
}
