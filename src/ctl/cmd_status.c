/* callresultctl status: what callresultd, its database and its spool are doing. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "ctl/commands.h"
#include "ctl/probe.h"

#define TIME(value) "to_char((" value ") AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"

static const struct column worker_columns[] = {
	{ "serving", COLUMN_FLAG }, { "listening", COLUMN_FLAG }, { "listen", COLUMN_TEXT }, { "last_push_at", COLUMN_TEXT },
	{ "last_push_age_seconds", COLUMN_NUMBER },
};

static const struct column database_columns[] = {
	{ "reachable", COLUMN_FLAG }, { "takes_writes", COLUMN_FLAG }, { "user", COLUMN_TEXT }, { "version", COLUMN_TEXT },
	{ "schema_step", COLUMN_NUMBER }, { "expected_step", COLUMN_NUMBER }, { "problem", COLUMN_TEXT },
};

static const struct column spool_columns[] = {
	{ "usable", COLUMN_FLAG }, { "path", COLUMN_TEXT }, { "pushes", COLUMN_NUMBER }, { "bytes", COLUMN_NUMBER },
	{ "max_size", COLUMN_NUMBER }, { "oldest_received_at", COLUMN_TEXT }, { "oldest_age_seconds", COLUMN_NUMBER },
};

static const struct column received_columns[] = {
	{ "period", COLUMN_TEXT }, { "since", COLUMN_TEXT }, { "pushes", COLUMN_NUMBER }, { "spooled", COLUMN_NUMBER },
	{ "records", COLUMN_NUMBER }, { "inserted", COLUMN_NUMBER }, { "updated", COLUMN_NUMBER },
	{ "duplicates", COLUMN_NUMBER }, { "quarantined", COLUMN_NUMBER },
};

static const struct column quarantine_columns[] = {
	{ "reason", COLUMN_TEXT }, { "open", COLUMN_NUMBER }, { "seen", COLUMN_NUMBER }, { "oldest_received_at", COLUMN_TEXT },
};

#define COUNT(array) ((int)(sizeof (array) / sizeof *(array)))

struct status {
	struct ctl *ctl;
	struct db  *db;
	bool        reachable;
	bool        wrong;      /* something is not as it should be, or could not be read */
};

/* The rows of a question as a table's; cells of NULL where it is a record and cannot be had. */
static struct table *
ask(struct status *status, struct table *table, int columns, const char *text)
{
	struct db_rows *rows = status->reachable ? ctl_query(status->db, text, NULL, 0) : NULL;

	if (rows == NULL) {
		status->wrong = true;
		return table;
	}
	for (int i = 0; i < db_rows_count(rows) * columns; i++)
		table_add(table, db_rows_text(rows, i / columns, i % columns));
	db_rows_free(rows);
	return table;
}

/* What the database says of itself. */
static struct table *
database_table(struct status *status)
{
	struct table *table = table_new("database", TABLE_RECORD, database_columns, COUNT(database_columns));
	const char *problem = NULL, *const nothing[] = { "no", NULL, NULL };
	struct db_rows *rows = NULL, *steps = NULL;
	int step = 0;

	status->reachable = db_attach(status->db);
	if (status->reachable)
		rows = ctl_query(status->db, "SELECT CASE current_setting('transaction_read_only') WHEN 'on' THEN 'no' ELSE 'yes' END,"
		    " current_user, current_setting('server_version')", NULL, 0);
	if (rows != NULL)
		steps = db_query(status->db, "SELECT coalesce(max(step), 0) FROM callresult.schema_version", NULL, 0,
		    clock_monotonic() + CTL_QUERY_TIME);
	if (steps == NULL)
		problem = db_problem(status->db);
	else if (abs((step = atoi(db_rows_text(steps, 0, 0))) - db_schema_step()) > 1)
		problem = "the schema does not fit this version: run sql/install.sql, or upgrade callresultd";
	table_add_flag(table, rows != NULL);
	for (int i = 0; i < COUNT(nothing); i++)
		table_add(table, rows != NULL ? db_rows_text(rows, 0, i) : nothing[i]);
	table_add(table, steps != NULL ? db_rows_text(steps, 0, 0) : NULL);
	table_add_number(table, db_schema_step());
	table_add(table, problem);
	status->wrong |= problem != NULL || rows == NULL || *db_rows_text(rows, 0, 0) == 'n';
	if (rows != NULL)
		db_rows_free(rows);
	if (steps != NULL)
		db_rows_free(steps);
	return table;
}

static struct table *
worker_table(struct status *status)
{
	struct table *table = table_new("worker", TABLE_RECORD, worker_columns, COUNT(worker_columns));
	struct db_rows *rows = NULL;
	enum probe probe = probe_listens(status->ctl->settings.listen);

	if (status->reachable)
		rows = ctl_query(status->db, "SELECT " TIME("max(received_at)") ","
		    " floor(extract(epoch FROM now() - max(received_at)))::bigint FROM callresult.push", NULL, 0);
	table_add(table, probe == PROBE_UNKNOWN ? NULL : probe == PROBE_SERVING ? "yes" : "no");
	table_add_flag(table, probe != PROBE_NOBODY);
	table_add(table, status->ctl->settings.listen);
	table_add(table, rows != NULL ? db_rows_text(rows, 0, 0) : NULL);
	table_add(table, rows != NULL ? db_rows_text(rows, 0, 1) : NULL);
	if (probe == PROBE_UNKNOWN)
		log_error("whether callresultd serves is hidden from this user");
	status->wrong |= probe != PROBE_SERVING || rows == NULL;
	if (rows != NULL)
		db_rows_free(rows);
	return table;
}

static void
add_number_if(struct table *table, bool known, int64_t number)
{
	if (known)
		table_add_number(table, number);
	else
		table_add(table, NULL);
}

/* A spool that is not there yet is made when callresultd starts. */
static struct table *
spool_table(struct status *status)
{
	const struct settings *settings = &status->ctl->settings;
	struct table *table = table_new("spool", TABLE_RECORD, spool_columns, COUNT(spool_columns));
	struct spool *spool = spool_open_existing(settings->spool_path, settings->spool_max_size);
	struct spool_summary summary = { 0 };
	bool read = spool != NULL && spool_summarize(spool, &summary);

	table_add_flag(table, read);
	table_add(table, settings->spool_path);
	add_number_if(table, read, summary.depth.pushes);
	add_number_if(table, read, summary.depth.bytes);
	table_add_number(table, settings->spool_max_size);
	if (summary.oldest != 0)
		table_add_time(table, summary.oldest);
	else
		table_add(table, NULL);
	add_number_if(table, summary.oldest != 0, (clock_stamp() - summary.oldest) / 1000000);
	spool_close(spool);
	status->wrong |= !read;
	return table;
}

#define PERIOD(name, since) "SELECT '" name "', " TIME(since) ", count(*), count(*) FILTER (WHERE spooled)," \
	" coalesce(sum(records), 0), coalesce(sum(inserted), 0), coalesce(sum(updated), 0), coalesce(sum(duplicates), 0)," \
	" coalesce(sum(quarantined), 0) FROM callresult.push WHERE received_at >= " since

static struct table *
received_table(struct status *status)
{
	struct table *table = table_new("received", TABLE_ROWS, received_columns, COUNT(received_columns));

	return ask(status, table, COUNT(received_columns),
	    PERIOD("today", "date_trunc('day', now())") " UNION ALL " PERIOD("last hour", "now() - interval '1 hour'"));
}

static struct table *
quarantine_table(struct status *status)
{
	struct table *table = table_new("quarantine", TABLE_ROWS, quarantine_columns, COUNT(quarantine_columns));

	return ask(status, table, COUNT(quarantine_columns), "SELECT reason, count(*), sum(seen), " TIME("min(received_at)")
	    " FROM callresult.quarantine WHERE resolved_at IS NULL GROUP BY reason ORDER BY count(*) DESC, reason");
}

int
status_run(struct ctl *ctl, int argc, char **argv)
{
	struct status status = { .ctl = ctl, .db = db_new(ctl_conninfo(ctl), ctl->settings.call_timezone) };
	struct table *tables[5];

	(void)argc, (void)argv;
	tables[1] = database_table(&status);    /* connects */
	tables[0] = worker_table(&status);
	tables[2] = spool_table(&status);
	tables[3] = received_table(&status);
	tables[4] = quarantine_table(&status);
	db_free(status.db);
	ctl_print(ctl, tables, COUNT(tables));
	return status.wrong ? CTL_WRONG : CTL_FINE;
}
