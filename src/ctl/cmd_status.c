/* callresultctl status: shows what callresultd, its database and its spool are doing, and what becomes of pushes. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "ctl/commands.h"
#include "ctl/probe.h"
#include "ctl/worker.h"

static const struct column verdict_columns[] = { { "verdict", COLUMN_TEXT }, { "pushes", COLUMN_TEXT } };

static const struct column worker_columns[] = {
	{ "serving", COLUMN_FLAG }, { "listening", COLUMN_FLAG }, { "listen", COLUMN_TEXT },
	{ "last_push_at", COLUMN_TIME }, { "last_push_age_seconds", COLUMN_SECONDS },
};

static const struct column database_columns[] = {
	{ "reachable", COLUMN_FLAG }, { "takes_writes", COLUMN_FLAG }, { "user", COLUMN_TEXT },
	{ "version", COLUMN_TEXT }, { "schema_step", COLUMN_NUMBER }, { "expected_step", COLUMN_NUMBER },
	{ "problem", COLUMN_TEXT },
};

static const struct column spool_columns[] = {
	{ "usable", COLUMN_FLAG }, { "path", COLUMN_TEXT }, { "pushes", COLUMN_NUMBER }, { "bytes", COLUMN_BYTES },
	{ "max_size", COLUMN_BYTES }, { "oldest_received_at", COLUMN_TIME }, { "oldest_age_seconds", COLUMN_SECONDS },
};

static const struct column received_columns[] = {
	{ "period", COLUMN_TEXT }, { "since", COLUMN_TIME }, { "pushes", COLUMN_NUMBER }, { "spooled", COLUMN_NUMBER },
	{ "records", COLUMN_NUMBER }, { "inserted", COLUMN_NUMBER }, { "updated", COLUMN_NUMBER },
	{ "duplicates", COLUMN_NUMBER }, { "quarantined", COLUMN_NUMBER },
};

static const struct column quarantine_columns[] = {
	{ "reason", COLUMN_TEXT }, { "open", COLUMN_NUMBER }, { "seen", COLUMN_NUMBER },
	{ "oldest_received_at", COLUMN_TIME },
};

static const struct column replica_columns[] = {
	{ "name", COLUMN_TEXT }, { "state", COLUMN_TEXT }, { "sync", COLUMN_TEXT }, { "lag_bytes", COLUMN_NUMBER },
	{ "lag_seconds", COLUMN_NUMBER },
};

struct status {
	struct ctl *ctl;
	struct db  *db;
	bool        reachable;
	bool        takes_writes;
	bool        spool_usable;
	enum probe  probe;
	char       *metrics;    /* the worker's; NULL: it was not asked, or did not answer */
	bool        wrong;      /* something is wrong, or could not be read: the exit status */
};

/* A figure of the worker's; 0 when it does not give one. */
static double
figure(const struct status *status, const char *series)
{
	double value;

	return worker_value(status->metrics, series, &value) ? value : 0;
}

/* --- the verdict ------------------------------------------------------------------------------------------- */

enum { VERDICT_SIZE = 512 };

#define LOST "the platform may not push them again"

/* The verdict on a worker that answers, and what becomes of its pushes. */
static void
judge_worker(const struct status *status, char verdict[VERDICT_SIZE], char pushes[VERDICT_SIZE])
{
	bool database = figure(status, "callresultd_database_up") > 0,
	    spool = figure(status, "callresultd_spool_up") > 0;
	double waiting = figure(status, "callresultd_spool_pushes");
	char older[128] = "";

	if (database) {
		snprintf(verdict, VERDICT_SIZE, "callresultd is serving and connected to its database%s", spool ? "" :
		    ", but its spool accepts nothing: in a database outage it would refuse pushes");
		if (waiting > 0)
			snprintf(older, sizeof older, "; older ones in the spool are being stored: %.0f", waiting);
		snprintf(pushes, VERDICT_SIZE, "are stored in the database and answered 200%s", older);
	} else if (spool) {
		snprintf(verdict, VERDICT_SIZE, "callresultd is serving, but its database is unavailable");
		snprintf(pushes, VERDICT_SIZE, "are kept in the spool and answered 200; callresultd stores them when"
		    " the database is back");
	} else {
		snprintf(verdict, VERDICT_SIZE, "callresultd is serving, but neither its database nor its spool"
		    " accepts pushes");
		snprintf(pushes, VERDICT_SIZE, "are refused with 503, and " LOST);
	}
}

static struct table *
verdict_table(struct status *status)
{
	struct table *table = table_new("now", TABLE_RECORD, verdict_columns, ELEMENTS(verdict_columns));
	char verdict[VERDICT_SIZE] = "", pushes[VERDICT_SIZE] = "";

	if (status->metrics != NULL) {
		judge_worker(status, verdict, pushes);
	} else if (status->probe == PROBE_NOBODY) {
		snprintf(verdict, sizeof verdict, "callresultd is not running: nothing listens on %s",
		    status->ctl->settings.listen);
		snprintf(pushes, sizeof pushes, "are answered 502 by the web server, and " LOST);
	} else if (status->probe == PROBE_WAITING) {
		snprintf(verdict, sizeof verdict, "callresultd is not running, but its socket accepts connections");
		snprintf(pushes, sizeof pushes, "wait at the socket until callresultd starts or the web server gives"
		    " up");
	} else {
		snprintf(verdict, sizeof verdict, "a process listens on %s, but this user cannot ask whether"
		    " callresultd is serving", status->ctl->settings.listen);
		snprintf(pushes, sizeof pushes, "%s", status->takes_writes ? "are stored in the database if"
		    " callresultd is serving" :
		    status->spool_usable ? "are kept in the spool if callresultd is serving" : "are refused with 503");
	}
	status->wrong |= status->metrics == NULL || figure(status, "callresultd_database_up") == 0;
	table_add(table, verdict);
	table_mark(table, status->wrong ? TABLE_BAD : TABLE_GOOD);
	table_add(table, pushes);
	return table;
}

/* --- what it stands on ------------------------------------------------------------------------------------- */

/* Whether the role may read a table; the worker's own may not. */
static bool
may_read(struct status *status, const char *table)
{
	struct db_rows *rows = status->reachable ? ctl_query(status->db,
	    "SELECT coalesce(has_table_privilege(to_regclass($1), 'select'), true)", &table, 1) : NULL;
	bool may = rows != NULL && *db_rows_text(rows, 0, 0) == 't';

	db_rows_free(rows);
	return may;
}

/* Adds the rows that answer a query; none when it fails. */
static struct table *
ask(struct status *status, struct table *table, const char *text)
{
	struct db_rows *rows = status->reachable ? ctl_query(status->db, text, NULL, 0) : NULL;

	if (rows == NULL) {
		status->wrong = true;
		return table;
	}
	ctl_add_rows(table, rows);
	db_rows_free(rows);
	return table;
}

/* What the database says of itself. */
static struct table *
database_table(struct status *status)
{
	struct table *table = table_new("database", TABLE_RECORD, database_columns, ELEMENTS(database_columns));
	const char *problem = NULL, *const nothing[] = { "no", NULL, NULL };
	struct db_rows *rows = NULL, *steps = NULL;
	int step = 0;

	status->reachable = db_attach(status->db);
	if (status->reachable)
		rows = ctl_query(status->db, "SELECT CASE current_setting('transaction_read_only') WHEN 'on' THEN 'no'"
		    " ELSE 'yes' END, current_user, current_setting('server_version')", NULL, 0);
	if (rows != NULL)
		steps = db_query(status->db, "SELECT coalesce(max(step), 0) FROM callresult.schema_version", NULL, 0,
		    clock_ms() + CTL_QUERY_TIME);
	if (steps == NULL)
		problem = db_problem(status->db);
	else if (!db_schema_step_fits(step = atoi(db_rows_text(steps, 0, 0))))
		problem = "the schema does not fit this version: run sql/install.sql, or upgrade callresultd";
	table_add_flag(table, rows != NULL);
	for (int i = 0; i < ELEMENTS(nothing); i++)
		table_add(table, rows != NULL ? db_rows_text(rows, 0, i) : nothing[i]);
	table_add(table, steps != NULL ? db_rows_text(steps, 0, 0) : NULL);
	table_add_number(table, db_schema_step());
	table_add(table, problem);
	status->takes_writes = problem == NULL && rows != NULL && *db_rows_text(rows, 0, 0) == 'y';
	status->wrong |= !status->takes_writes;
	db_rows_free(rows);
	db_rows_free(steps);
	return table;
}

/* When the last push arrived, from the worker's figures, or else from callresult.push; an import is not a push. */
static int64_t
last_push(struct status *status)
{
	int64_t latest = 1000000 *
	    (int64_t)worker_greatest(status->metrics, "callresultd_source_last_push_timestamp_seconds");
	struct db_rows *rows = NULL;

	if (latest == 0 && may_read(status, "callresult.push"))
		rows = ctl_query(status->db, "SELECT (extract(epoch FROM max(received_at)) * 1000000)::bigint FROM"
		    " callresult.push"
		    " WHERE remote_addr IS NOT NULL", NULL, 0);
	if (rows != NULL && db_rows_text(rows, 0, 0) != NULL)
		latest = atoll(db_rows_text(rows, 0, 0));
	db_rows_free(rows);
	return latest;
}

static struct table *
worker_table(struct status *status)
{
	struct table *table = table_new("worker", TABLE_RECORD, worker_columns, ELEMENTS(worker_columns));
	int64_t latest = last_push(status);

	table_add(table, status->probe == PROBE_UNKNOWN ? NULL : status->probe == PROBE_SERVING ? "yes" : "no");
	table_add_flag(table, status->probe != PROBE_NOBODY);
	table_add(table, status->ctl->settings.listen);
	table_add_time(table, latest);
	table_add_number_if(table, latest != 0, (clock_timestamp() - latest) / 1000000);
	return table;
}

/* Asks the worker, which knows whether the spool accepts a push; where none runs, reads the file. */
static bool
ask_spool(struct status *status, struct spool_summary *summary)
{
	char problem[SPOOL_PROBLEM_SIZE];

	if (status->metrics != NULL) {
		double age = figure(status, "callresultd_spool_oldest_age_seconds");

		summary->depth.pushes = (int64_t)figure(status, "callresultd_spool_pushes");
		summary->depth.bytes = (int64_t)figure(status, "callresultd_spool_bytes");
		summary->oldest = summary->depth.pushes > 0 ? clock_timestamp() - (int64_t)(age * 1e6) : 0;
		return figure(status, "callresultd_spool_up") > 0;
	}
	if (!ctl_open_spool(status->ctl))
		return false;
	if (spool_summarize(status->ctl->spool, summary, problem))
		return true;
	log_error("spool %s: cannot read it: %s", status->ctl->settings.spool_path, problem);
	return false;
}

static struct table *
spool_table(struct status *status)
{
	const struct settings *settings = &status->ctl->settings;
	struct table *table = table_new("spool", TABLE_RECORD, spool_columns, ELEMENTS(spool_columns));
	struct spool_summary summary = { 0 };
	bool known;

	status->spool_usable = ask_spool(status, &summary);
	known = status->spool_usable || status->metrics != NULL;
	table_add_flag(table, status->spool_usable);
	table_add(table, settings->spool_path);
	table_add_number_if(table, known, summary.depth.pushes);
	table_add_number_if(table, known, summary.depth.bytes);
	table_add_number(table, settings->spool_max_size);
	table_add_time(table, summary.oldest);
	table_add_number_if(table, summary.oldest != 0, (clock_timestamp() - summary.oldest) / 1000000);
	status->wrong |= !status->spool_usable;
	return table;
}

/* --- what came --------------------------------------------------------------------------------------------- */

#define PERIOD(name, since) "SELECT '" name "', " CTL_TIME(since) ", count(*), count(*) FILTER (WHERE spooled)," \
	" coalesce(sum(records), 0), coalesce(sum(inserted), 0), coalesce(sum(updated), 0)," \
	" coalesce(sum(duplicates), 0), coalesce(sum(quarantined), 0) FROM callresult.push WHERE received_at >= " since

/* The worker's own figures, which need no role that may read tables. */
static void
add_since_start(struct status *status, struct table *table)
{
	static const char *const series[] = { "callresultd_stored_pushes_total", "callresultd_spooled_pushes_total",
		"callresultd_records_received_total", "callresultd_records_total{fate=\"inserted\"}",
		"callresultd_records_total{fate=\"updated\"}", "callresultd_records_total{fate=\"duplicate\"}",
		"callresultd_records_total{fate=\"quarantined\"}" };

	if (status->metrics == NULL)
		return;
	table_add(table, "since its start");
	table_add_time(table, (int64_t)figure(status, "process_start_time_seconds") * 1000000);
	for (int i = 0; i < ELEMENTS(series); i++)
		table_add_number(table, (int64_t)figure(status, series[i]));
}

static struct table *
received_table(struct status *status)
{
	struct table *table = table_new("received", TABLE_ROWS, received_columns, ELEMENTS(received_columns));

	if (may_read(status, "callresult.push"))
		ask(status, table, PERIOD("today", "date_trunc('day', now())") " UNION ALL "
		    PERIOD("last hour", "now() - interval '1 hour'"));
	add_since_start(status, table);
	return table;
}

static struct table *
quarantine_table(struct status *status)
{
	struct table *table = table_new("quarantine", TABLE_ROWS, quarantine_columns, ELEMENTS(quarantine_columns));
	double entries;

	if (may_read(status, "callresult.quarantine"))
		return ask(status, table, "SELECT reason, count(*), sum(seen), " CTL_TIME("min(received_at)") " FROM"
		    " callresult.quarantine WHERE resolved_at IS NULL GROUP BY reason ORDER BY count(*) DESC, reason");
	if (worker_value(status->metrics, "callresultd_quarantine_entries", &entries) && entries > 0) {
		table_add(table, "(this role may not read the reasons)");
		table_add_number(table, (int64_t)entries);
		table_add(table, NULL);
		table_add(table, NULL);
	}
	return table;
}

/*
 * The replicas of this server, and how far behind they are; a standby reports on itself.  A slot that nobody reads
 * belongs to a replica that is away, for which the server keeps its log.  A standby that has applied everything it
 * received is level only while it receives.
 */
static struct table *
replica_table(struct status *status)
{
	static const char *const questions[] = {
		"SELECT coalesce(application_name, 'unknown'), state, sync_state, lag, CASE WHEN lag = 0 THEN 0 ELSE"
		" seconds END"
		" FROM (SELECT *, pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint AS lag,"
		"  extract(epoch FROM replay_lag)::bigint AS seconds FROM pg_stat_replication) r"
		" UNION ALL SELECT slot_name, 'away', NULL,"
		"  pg_wal_lsn_diff(pg_current_wal_lsn(), coalesce(confirmed_flush_lsn, restart_lsn))::bigint, NULL"
		" FROM pg_replication_slots WHERE NOT active ORDER BY 1",
		"SELECT 'this standby', CASE WHEN receives THEN 'receiving' ELSE 'receives nothing' END, NULL, lag,"
		" CASE WHEN lag = 0 AND receives THEN 0 ELSE extract(epoch FROM now() -"
		" pg_last_xact_replay_timestamp())::bigint END"
		" FROM (SELECT pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::bigint AS lag,"
		"  EXISTS (SELECT FROM pg_stat_wal_receiver) AS receives) r",
	};
	struct table *table = table_new("replicas", TABLE_ROWS, replica_columns, ELEMENTS(replica_columns));
	struct db_rows *rows = status->reachable ? ctl_query(status->db, "SELECT pg_is_in_recovery()", NULL, 0) : NULL;

	if (rows == NULL)
		return table;
	ask(status, table, questions[*db_rows_text(rows, 0, 0) == 't']);
	db_rows_free(rows);
	return table;
}

int
cmd_status(struct ctl *ctl)
{
	struct status status = { .ctl = ctl, .db = db_new(ctl_conninfo(ctl), ctl->settings.call_timezone) };
	const char *problem = NULL;
	struct table *tables[7];

	status.probe = probe_listens(ctl->settings.listen);
	if (status.probe == PROBE_SERVING)
		status.metrics = worker_metrics(ctl->settings.listen, &problem);
	if (problem != NULL && status.metrics == NULL)
		log_error("cannot query callresultd on %s: %s", ctl->settings.listen, problem);
	tables[2] = database_table(&status);    /* connects */
	tables[1] = worker_table(&status);
	tables[3] = spool_table(&status);
	tables[4] = received_table(&status);
	tables[5] = quarantine_table(&status);
	tables[6] = replica_table(&status);
	tables[0] = verdict_table(&status);     /* on all of these */
	db_free(status.db);
	memory_free(status.metrics);
	ctl_print(ctl, tables, ELEMENTS(tables));
	return status.wrong ? CTL_WRONG : CTL_FINE;
}
