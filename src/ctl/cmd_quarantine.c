/* callresultctl quarantine: lists what could not be stored, stores it after all, or settles it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "ctl/commands.h"
#include "ctl/intake.h"
#include "ctl/progress.h"
#include "push/json_text.h"
#include "push/outcome.h"
#include "push/record_list.h"

enum { TEXT_MAX = 64 * 1024 * 1024, PROBLEM_SIZE = 200 };

/* --- list, show -------------------------------------------------------------------------------------------- */

int
cmd_quarantine_list(struct ctl *ctl)
{
	static const struct column columns[] = { { "id", COLUMN_NUMBER }, { "received_at", COLUMN_TIME },
		{ "bytes", COLUMN_BYTES }, { "seen", COLUMN_NUMBER }, { "resolved_at", COLUMN_TIME },
		{ "reason", COLUMN_TEXT } };
	char limit[24];
	const char *parameters[] = { ctl_option(ctl, "all") != NULL ? "t" : "f", limit };
	struct db_rows *rows;
	struct table *table;
	int64_t count;

	if (!ctl_number_option(ctl, "limit", INT64_MAX, 1, INT64_MAX, &count))
		return CTL_USAGE;
	snprintf(limit, sizeof limit, "%" PRId64, count);
	rows = ctl_query(ctl->db, "SELECT * FROM (SELECT id, " CTL_TIME("received_at") ", octet_length(raw), seen, "
	    CTL_TIME("resolved_at") ", reason FROM callresult.quarantine WHERE resolved_at IS NULL OR $1::boolean"
	    " ORDER BY id DESC LIMIT $2::bigint) AS newest ORDER BY id", parameters, 2);
	if (rows == NULL)
		return CTL_WRONG;
	table = table_new("quarantine", TABLE_ROWS, columns, ELEMENTS(columns));
	ctl_add_rows(table, rows);
	db_rows_free(rows);
	ctl_print(ctl, &table, 1);
	return CTL_FINE;
}

static bool
is_id(const char *text)
{
	size_t length = strspn(text, "0123456789");

	return length > 0 && length < 19 && *text != '0' && text[length] == '\0';
}

static bool
check_ids(const struct ctl *ctl)
{
	for (int i = 0; i < ctl->argc; i++)
		if (!is_id(ctl->argv[i])) {
			ctl_usage_error(ctl, "ID must be a number that quarantine list shows");
			return false;
		}
	return true;
}

/* Reads a bytea as PostgreSQL writes it: \x, then two digits a byte.  The caller frees the bytes. */
static struct slice
read_bytea(const char *text)
{
	size_t length = strlen(text) / 2 - 1;
	char *bytes = memory_alloc(length);

	for (size_t i = 0; i < length; i++) {
		char digits[] = { text[2 * i + 2], text[2 * i + 3], '\0' };

		bytes[i] = (char)strtol(digits, NULL, 16);
	}
	return (struct slice){ bytes, length };
}

struct entry {
	int64_t      received_at;
	char         seen[24];      /* how often it was refused, as SQL writes it */
	bool         resolved;
	struct slice raw;           /* to be freed by whoever read the entry */
};

/* False, with *problem, when there is no such entry, or it cannot be read. */
static bool
read_entry(struct ctl *ctl, const char *id, struct entry *entry, const char **problem)
{
	struct db_rows *rows = ctl_query(ctl->db, "SELECT (extract(epoch FROM received_at) * 1000000)::bigint,"
	    " resolved_at IS NOT NULL, '\\x' || encode(raw, 'hex'), seen FROM callresult.quarantine WHERE id ="
	    " $1::bigint", &id, 1);
	bool found = rows != NULL && db_rows_count(rows) == 1;

	*problem = found ? NULL : rows != NULL ? "there is no such entry" : "it could not be read";
	if (found) {
		entry->received_at = atoll(db_rows_text(rows, 0, 0));
		entry->resolved = *db_rows_text(rows, 0, 1) == 't';
		entry->raw = read_bytea(db_rows_text(rows, 0, 2));
		snprintf(entry->seen, sizeof entry->seen, "%s", db_rows_text(rows, 0, 3));
	}
	db_rows_free(rows);
	return found;
}

int
cmd_quarantine_show(struct ctl *ctl)
{
	const char *problem;
	struct entry entry;

	if (!check_ids(ctl))
		return CTL_USAGE;
	if (!read_entry(ctl, ctl->argv[0], &entry, &problem)) {
		log_error("%s: %s", ctl->argv[0], problem);
		return CTL_WRONG;
	}
	if (isatty(STDOUT_FILENO) == 1)
		table_print_raw(stdout, entry.raw.bytes, entry.raw.length);
	else
		fwrite(entry.raw.bytes, 1, entry.raw.length, stdout);
	memory_free(entry.raw.bytes);
	return CTL_FINE;
}

/* --- retry ------------------------------------------------------------------------------------------------- */

/* What became of one entry. */
struct retried {
	struct db_counts counts;
	bool             settled;
	const char      *problem;               /* NULL: none */
	char             text[PROBLEM_SIZE];    /* room for a problem that outlives its push */
};

/* Puts a single record into a list of its own, and frees raw. */
static struct slice
wrap_record(struct slice raw)
{
	char *bytes = memory_alloc(raw.length + 2);

	bytes[0] = '[';
	memcpy(bytes + 1, raw.bytes, raw.length);
	bytes[raw.length + 1] = ']';
	memory_free(raw.bytes);
	return (struct slice){ bytes, raw.length + 2 };
}

static bool
is_object(struct slice raw)
{
	struct json_text text = { .at = raw.bytes, .end = raw.bytes + raw.length };

	return json_text_next(&text) == '{';
}

/* A push of raw, a body or a record, which it owns.  NULL, with retried->problem, when it has no good record. */
static struct push *
read_text(struct slice raw, int64_t received_at, struct retried *retried)
{
	struct push *push = intake_push(raw, received_at);
	enum outcome outcome = record_list_parse(&push->list, push->body);

	if (outcome == OUTCOME_BODY_NOT_LIST && is_object(raw)) {
		push->body = (struct slice){ NULL, 0 };
		push_unref(push);
		push = intake_push(wrap_record(raw), received_at);
		outcome = record_list_parse(&push->list, push->body);
	}
	if (outcome == OUTCOME_OK && push->list.record_count > 0)
		return push;
	snprintf(retried->text, sizeof retried->text, "%s", outcome != OUTCOME_OK ? outcome_sentence(outcome) :
	    push->list.reject_count > 0 ? push->list.rejects[0].reason : "it contains no record");
	retried->problem = retried->text;
	push_unref(push);
	return NULL;
}

/*
 * seen: how often the entry had been refused when it was read; if it was refused since, it stays open.  NULL: settles
 * it in any case.
 */
static bool
set_resolved(struct ctl *ctl, const char *id, const char *seen, const char **problem)
{
	const char *parameters[] = { id, seen };
	struct db_rows *rows = ctl_query(ctl->db, "UPDATE callresult.quarantine SET resolved_at = now()"
	    " WHERE id = $1::bigint AND resolved_at IS NULL AND seen = coalesce($2::bigint, seen) RETURNING id",
	    parameters, 2);
	bool done = rows != NULL && db_rows_count(rows) == 1;

	*problem = done ? NULL : rows == NULL ? "it could not be changed" :
	    seen != NULL ? "it was refused again, or settled, in the meantime" :
	    "there is no such entry, or it is already settled";
	db_rows_free(rows);
	return done;
}

/*
 * Stores raw, and settles the entry when a record of it was stored.  Records that are still bad become entries of their
 * own, or count for this one if they are its very text, which then stays open.
 */
static bool
store_text(struct ctl *ctl, const char *id, struct slice raw, const struct entry *entry, struct retried *retried)
{
	struct push *push = read_text(raw, entry->received_at, retried);
	bool stored;

	if (push == NULL)
		return false;
	stored = intake_store(ctl->db, push, &retried->counts, &retried->problem);
	if (stored && push->list.record_count == 0) {
		retried->problem = "the database still refuses it";
		stored = false;
	}
	push_unref(push);
	return stored && set_resolved(ctl, id, entry->seen, &retried->problem);
}

/* Counts as received when the entry first came, so that newer content stands. */
static void
retry(struct ctl *ctl, const char *id, struct retried *retried)
{
	const char *with = ctl_option(ctl, "with");
	struct entry entry;

	if (!read_entry(ctl, id, &entry, &retried->problem))
		return;
	if (entry.resolved)
		retried->problem = "it is already settled";
	if (with != NULL || entry.resolved) {
		memory_free(entry.raw.bytes);
		entry.raw = (struct slice){ NULL, 0 };
	}
	if (entry.resolved || (with != NULL && !intake_read_file(with, TEXT_MAX, &entry.raw, &retried->problem)))
		return;
	retried->settled = store_text(ctl, id, entry.raw, &entry, retried);
}

static void
add_retried(struct table *table, const char *id, const struct retried *retried)
{
	table_add(table, id);
	table_add_flag(table, retried->settled);
	table_add_number(table, retried->counts.inserted);
	table_add_number(table, retried->counts.updated);
	table_add_number(table, retried->counts.duplicates);
	table_add_number(table, retried->counts.quarantined);
	table_add(table, retried->problem);
}

/* Returns the exit status. */
static int
retry_all(struct ctl *ctl, int count, const char *const *ids)
{
	static const struct column columns[] = { { "id", COLUMN_NUMBER }, { "settled", COLUMN_FLAG },
		{ "inserted", COLUMN_NUMBER }, { "updated", COLUMN_NUMBER }, { "duplicates", COLUMN_NUMBER },
		{ "quarantined", COLUMN_NUMBER }, { "problem", COLUMN_TEXT } };
	struct table *table = table_new("retried", TABLE_ROWS, columns, ELEMENTS(columns));
	struct progress *progress = progress_start("retry", "entries", count);
	int status = CTL_FINE;
	bool stored = false;

	for (int i = 0; i < count; i++) {
		struct retried retried = { 0 };

		retry(ctl, ids[i], &retried);
		add_retried(table, ids[i], &retried);
		if (!retried.settled)
			status = CTL_WRONG;
		stored |= retried.counts.pushes > 0;
		progress_set(progress, i + 1);
	}
	progress_end(progress);
	if (stored)
		intake_keep_house(ctl->db);
	ctl_print(ctl, &table, 1);
	return status;
}

static int
retry_open(struct ctl *ctl)
{
	struct db_rows *rows = ctl_query(ctl->db, "SELECT id FROM callresult.quarantine WHERE resolved_at IS NULL"
	    " ORDER BY id", NULL, 0);
	const char **ids;
	int status, count;

	if (rows == NULL)
		return CTL_WRONG;
	count = db_rows_count(rows);
	ids = memory_alloc((size_t)count * sizeof *ids);
	for (int i = 0; i < count; i++)
		ids[i] = db_rows_text(rows, i, 0);
	status = retry_all(ctl, count, ids);
	memory_free(ids);
	db_rows_free(rows);
	return status;
}

int
cmd_quarantine_retry(struct ctl *ctl)
{
	bool all = ctl_option(ctl, "all") != NULL;

	if (all ? ctl->argc > 0 : ctl->argc == 0)
		return ctl_usage_error(ctl, "give either IDs or --all");
	if (ctl_option(ctl, "with") != NULL && ctl->argc != 1)
		return ctl_usage_error(ctl, "--with takes exactly one ID");
	if (!check_ids(ctl))
		return CTL_USAGE;
	return all ? retry_open(ctl) : retry_all(ctl, ctl->argc, (const char *const *)ctl->argv);
}

/* --- resolve ----------------------------------------------------------------------------------------------- */

int
cmd_quarantine_resolve(struct ctl *ctl)
{
	static const struct column columns[] = { { "id", COLUMN_NUMBER }, { "settled", COLUMN_FLAG },
		{ "problem", COLUMN_TEXT } };
	int status = CTL_FINE;
	struct table *table;

	if (!check_ids(ctl))
		return CTL_USAGE;
	table = table_new("resolved", TABLE_ROWS, columns, ELEMENTS(columns));
	for (int i = 0; i < ctl->argc; i++) {
		const char *problem;
		bool settled = set_resolved(ctl, ctl->argv[i], NULL, &problem);

		table_add(table, ctl->argv[i]);
		table_add_flag(table, settled);
		table_add(table, problem);
		if (!settled)
			status = CTL_WRONG;
	}
	ctl_print(ctl, &table, 1);
	return status;
}
