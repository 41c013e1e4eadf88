/*
 * callresultctl reconcile: compares saved answers of the platform's query interface with the database.  Lists are
 * compared call by call, by the identity of results; counts by campaign, in all or of a day.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "ctl/commands.h"
#include "ctl/files.h"
#include "ctl/intake.h"
#include "push/outcome.h"
#include "push/record_list.h"

/* PostgreSQL takes no parameter of a GiB */
enum { BYTES_MAX = 512 * 1024 * 1024 };

static const struct column file_columns[] = { { "file", COLUMN_TEXT }, { "records", COLUMN_NUMBER },
	{ "bad", COLUMN_NUMBER }, { "total_count", COLUMN_NUMBER }, { "problem", COLUMN_TEXT } };

static const struct column campaign_columns[] = { { "campaign_id", COLUMN_TEXT }, { "day", COLUMN_TEXT },
	{ "platform", COLUMN_NUMBER }, { "here", COLUMN_NUMBER }, { "missing", COLUMN_NUMBER } };

static const struct column missing_columns[] = { { "campaign_id", COLUMN_TEXT }, { "call_time_local", COLUMN_TEXT },
	{ "call_id", COLUMN_TEXT }, { "session_id", COLUMN_TEXT }, { "file", COLUMN_TEXT } };

static const struct column total_columns[] = { { "files", COLUMN_NUMBER }, { "failed", COLUMN_NUMBER },
	{ "bad", COLUMN_NUMBER }, { "missing", COLUMN_NUMBER }, { "imported", COLUMN_NUMBER } };

struct reconcile {
	struct ctl    *ctl;
	struct table  *files, *campaigns, *missing;
	struct push  **answers;         /* kept to the end: the records point into them */
	size_t         answer_count;
	struct record *records;         /* of all answers */
	const char   **paths;           /* the file of each */
	size_t         record_count;
	int64_t        bytes;           /* of all files read */
	struct totals  totals;
	int64_t        failed, bad;     /* files; records and counts: those that could not be compared */
	int64_t        missing_count;
};

/* --- counts ------------------------------------------------------------------------------------------------ */

/*
 * Compares the counts of an answer ($1) with those here, by campaign: since the campaign began, or on the day $2, which
 * no answer names.  Where an answer counts a campaign by batches only, their sum is the campaign's.  A count may be
 * written as a string.  One that is no number leaves platform NULL.
 */
#define COUNTS_QUESTION(count, here) "SELECT campaign_id, $2::date, made, coalesce(calls, 0)," \
	"  greatest(made - coalesce(calls, 0), 0)" \
	" FROM (SELECT campaign_id, CASE WHEN bool_and(whole)" \
	"   THEN coalesce(max(made) FILTER (WHERE batch IS NULL), sum(made)) END AS made FROM (" \
	"  SELECT campaign_id, batch, max(made) AS made, count(made) = count(*) AS whole FROM (" \
	"   SELECT e ->> 'campaignId' COLLATE \"C\", e ->> 'customField'," \
	"    CASE WHEN e ->> '" count "' ~ '^[0-9]{1,18}$' THEN (e ->> '" count "')::bigint END" \
	"    FROM jsonb_path_query($1::jsonb, 'strict $.**{0 to 3} ? (@." count " != null" \
	"     && exists (@.campaignId))') AS e) g (campaign_id, batch, made) GROUP BY 1, 2) b GROUP BY 1) c" \
	" LEFT JOIN (SELECT campaign_id, sum(calls)::bigint AS calls FROM " here " GROUP BY 1) s" \
	"  USING (campaign_id) ORDER BY 1"

static const char totals_question[] = COUNTS_QUESTION("totalCalledCount", "callresult.campaign_summary");
static const char day_question[] = COUNTS_QUESTION("dailyCalledCount",
    "callresult.campaign_daily WHERE day = $2::date");

/* Adds the campaigns, and what is missing of them in all.  Returns how many counts are no numbers. */
static size_t
add_counts(struct reconcile *reconcile, const struct db_rows *rows)
{
	enum { PLATFORM = 2, MISSING = 4 };
	size_t bad = 0;

	ctl_add_rows(reconcile->campaigns, rows);
	for (int i = 0; i < db_rows_count(rows); i++) {
		reconcile->missing_count += atoll(db_rows_text(rows, i, MISSING));
		bad += db_rows_text(rows, i, PLATFORM) == NULL;
	}
	return bad;
}

/* False, with *problem, when the answer, which is JSON, contains no counts. */
static bool
compare_counts(struct reconcile *reconcile, struct push *answer, const char **problem)
{
	char *text = memory_alloc(answer->body.length + 1);
	const char *day = ctl_option(reconcile->ctl, "day"), *parameters[] = { text, day };
	struct db_rows *rows;
	bool found;

	memcpy(text, answer->body.bytes, answer->body.length);
	text[answer->body.length] = '\0';
	record_list_free(&answer->list);
	rows = db_query(reconcile->ctl->db, day != NULL ? day_question : totals_question, parameters, 2,
	    clock_ms() + CTL_QUERY_TIME);
	memory_free(text);
	found = rows != NULL && db_rows_count(rows) > 0;
	if (found)
		answer->list.bad_count = add_counts(reconcile, rows);
	*problem = answer->list.bad_count > 0 ? "counts that are no numbers were not compared" :
	    found ? NULL : rows == NULL ? db_problem(reconcile->ctl->db) :
	    day == NULL ? "it contains neither records nor counts (campaignId with totalCalledCount)" :
	    "it contains neither records nor counts of a day (campaignId with dailyCalledCount)";
	db_rows_free(rows);
	return found;
}

/* --- files ------------------------------------------------------------------------------------------------- */

static void
keep(struct reconcile *reconcile, struct push *answer, const char *path)
{
	const struct record_list *list = &answer->list;
	size_t count = reconcile->record_count + list->record_count;

	reconcile->answers = memory_resize(reconcile->answers, reconcile->answer_count + 1, sizeof *reconcile->answers);
	reconcile->answers[reconcile->answer_count++] = push_ref(answer);
	if (list->record_count == 0)
		return;
	reconcile->records = memory_resize(reconcile->records, count, sizeof *reconcile->records);
	reconcile->paths = memory_resize(reconcile->paths, count, sizeof *reconcile->paths);
	memcpy(reconcile->records + reconcile->record_count, list->records, list->record_count * sizeof *list->records);
	while (reconcile->record_count < count)
		reconcile->paths[reconcile->record_count++] = path;
}

static bool
read_answer(struct reconcile *reconcile, struct push *answer, const char *path, const char **problem)
{
	const struct record_list *list = &answer->list;
	enum outcome outcome = record_list_parse_answer(&answer->list, answer->body);

	*problem = outcome_sentence(outcome);
	if (outcome == OUTCOME_BODY_NOT_LIST || (outcome == OUTCOME_OK && list->record_count == 0 &&
	    list->bad_count > 0))
		return compare_counts(reconcile, answer, problem);
	if (outcome != OUTCOME_OK)
		return false;
	*problem = list->bad_count > 0 ? "bad records were not compared" : NULL;
	totals_add(&reconcile->totals, list->total_count, (int64_t)(list->record_count + list->bad_count));
	keep(reconcile, answer, path);
	return true;
}

static void
read_file(struct reconcile *reconcile, const char *path)
{
	struct slice body;
	struct push *answer = NULL;
	const char *problem;
	bool read = intake_read_file(path, (size_t)(BYTES_MAX - reconcile->bytes), &body, &problem);
	struct record_list list = { 0 };

	if (read) {
		reconcile->bytes += (int64_t)body.length;
		answer = intake_push(body, 0);
		read = read_answer(reconcile, answer, path, &problem);
		list = answer->list;
	}
	reconcile->failed += !read;
	reconcile->bad += (int64_t)list.bad_count;
	table_add(reconcile->files, path);
	table_add_number(reconcile->files, (int64_t)list.record_count);
	table_add_number(reconcile->files, (int64_t)list.bad_count);
	table_add_number_if(reconcile->files, list.total_count != 0, list.total_count);
	table_add(reconcile->files, problem);
	push_unref(answer);
}

/* --- lists ------------------------------------------------------------------------------------------------- */

/* The calls of the answers, which have a number n, and those here, which have none; GROUP BY takes NULLs for equal. */
#define CALLS \
	"WITH given AS MATERIALIZED (SELECT n, c, 'epoch'::timestamp + t * interval '1 microsecond' AS t, d, s, i, v" \
	" FROM json_to_recordset($1::json) AS g (n bigint, c text COLLATE \"C\", t bigint, d text COLLATE \"C\"," \
	"  s text COLLATE \"C\", i text COLLATE \"C\", v integer))," \
	" calls AS MATERIALIZED (SELECT c, t, i, s, max(n) AS n, bool_or(n IS NULL) AS here FROM (" \
	"  SELECT n, c, t, d, s, i, v FROM given UNION ALL" \
	"  SELECT NULL, campaign_id, call_time_local, called, session_id, call_id, vdn_id" \
	"  FROM callresult.calls WHERE campaign_id IN (SELECT c FROM given) AND (call_time_local IS NULL OR" \
	"   call_time_local >= (SELECT date_trunc('day', min(t)) FROM given) AND" \
	"   call_time_local < (SELECT date_trunc('day', max(t)) + interval '1 day' FROM given)))" \
	"  e GROUP BY c, t, d, s, i, v) "

static void
print_member(FILE *file, const char *name, const struct record_value *value)
{
	if (value->bytes == NULL)
		return;
	fprintf(file, ",\"%s\":", name);
	table_print_json_text(file, value->bytes, value->length);
}

/* The identities of all records, as CALLS reads them. */
static char *
write_given(const struct reconcile *reconcile)
{
	size_t length;
	char *text;
	FILE *file = open_memstream(&text, &length);

	if (file == NULL)
		log_fatal("out of memory");
	for (size_t i = 0; i < reconcile->record_count; i++) {
		const struct record_value *value = reconcile->records[i].value;

		fprintf(file, "%s{\"n\":%zu", i > 0 ? "," : "[", i);
		print_member(file, "c", &value[RECORD_CAMPAIGN_ID]);
		print_member(file, "d", &value[RECORD_CALLED]);
		print_member(file, "s", &value[RECORD_SESSION_ID]);
		print_member(file, "i", &value[RECORD_CALL_ID]);
		if (value[RECORD_CALL_TIME].bytes != NULL)
			fprintf(file, ",\"t\":%" PRId64, value[RECORD_CALL_TIME].number);
		if (value[RECORD_VDN_ID].bytes != NULL)
			fprintf(file, ",\"v\":%" PRId64, value[RECORD_VDN_ID].number);
		putc('}', file);
	}
	fputs(reconcile->record_count > 0 ? "]" : "[]", file);
	if (fclose(file) != 0)
		log_fatal("out of memory");
	return text;
}

/* The missing calls, with the number of the record in the last column; NULL when the database could not tell. */
static struct db_rows *
compare_lists(struct reconcile *reconcile)
{
	char *given = write_given(reconcile);
	const char *parameter = given;
	struct db_rows *missing = NULL, *campaigns = ctl_query(reconcile->ctl->db, CALLS
	    "SELECT c, t::date, count(n), count(*) FILTER (WHERE here), count(*) FILTER (WHERE NOT here)"
	    " FROM calls GROUP BY 1, 2 HAVING count(n) > 0 ORDER BY 1, 2", &parameter, 1);

	if (campaigns != NULL) {
		missing = ctl_query(reconcile->ctl->db, CALLS
		    "SELECT c, to_char(t, 'YYYY-MM-DD HH24:MI:SS'), i, s, n FROM calls"
		    " WHERE NOT here ORDER BY n", &parameter, 1);
		if (missing != NULL)
			ctl_add_rows(reconcile->campaigns, campaigns);
		db_rows_free(campaigns);
	}
	free(given);
	return missing;
}

static size_t
number_of(const struct db_rows *missing, int row)
{
	return (size_t)strtoull(db_rows_text(missing, row, ELEMENTS(missing_columns) - 1), NULL, 10);
}

static void
name_missing(struct reconcile *reconcile, const struct db_rows *missing)
{
	for (int i = 0; i < db_rows_count(missing); i++) {
		for (int j = 0; j < ELEMENTS(missing_columns) - 1; j++)
			table_add(reconcile->missing, db_rows_text(missing, i, j));
		table_add(reconcile->missing, reconcile->paths[number_of(missing, i)]);
	}
	reconcile->missing_count += db_rows_count(missing);
}

/* Returns how many were stored. */
static int64_t
import_missing(struct reconcile *reconcile, const struct db_rows *missing)
{
	size_t count = (size_t)db_rows_count(missing), room = (size_t)reconcile->ctl->settings.batch_records, done = 0;
	struct record *records = memory_resize(NULL, count, sizeof *records);
	struct db_counts counts = { 0 };
	const char *problem = NULL;
	bool stored = true;

	for (size_t i = 0; i < count; i++)
		records[i] = reconcile->records[number_of(missing, (int)i)];
	while (done < count && stored) {
		struct push *part = intake_part(records + done, count - done < room ? count - done : room, 0);

		done += part->list.record_count;
		stored = intake_store(reconcile->ctl->db, part, &counts, &problem);
		push_unref(part);
	}
	memory_free(records);
	if (!stored)
		log_error("import: %s", problem);
	if (counts.pushes > 0)
		intake_keep_house(reconcile->ctl->db);
	if (counts.quarantined > 0)
		log_warning("import: the database refused %lld records, which are now in quarantine",
		    (long long)counts.quarantined);
	return counts.inserted + counts.updated + counts.duplicates;
}

/* --- the command ------------------------------------------------------------------------------------------- */

static void
print(struct reconcile *reconcile, size_t files, int64_t imported)
{
	struct table *tables[] = { reconcile->files, reconcile->campaigns, reconcile->missing,
		table_new("total", TABLE_RECORD, total_columns, ELEMENTS(total_columns)) };

	table_add_number(tables[3], (int64_t)files);
	table_add_number(tables[3], reconcile->failed);
	table_add_number(tables[3], reconcile->bad);
	table_add_number(tables[3], reconcile->missing_count);
	table_add_number(tables[3], imported);
	ctl_print(reconcile->ctl, tables, ELEMENTS(tables));
}

static void
release(struct reconcile *reconcile, struct files *files)
{
	for (size_t i = 0; i < reconcile->answer_count; i++)
		push_unref(reconcile->answers[i]);
	memory_free(reconcile->answers);
	memory_free(reconcile->records);
	memory_free(reconcile->paths);
	files_free(files);
}

int
cmd_reconcile(struct ctl *ctl)
{
	struct reconcile reconcile = { .ctl = ctl };
	struct files files = { 0 };
	bool whole;
	struct db_rows *missing;
	int64_t imported = 0;

	if (!ctl_is_day_option(ctl, "day"))
		return CTL_USAGE;
	reconcile.files = table_new("files", TABLE_ROWS, file_columns, ELEMENTS(file_columns));
	reconcile.campaigns = table_new("campaigns", TABLE_ROWS, campaign_columns, ELEMENTS(campaign_columns));
	reconcile.missing = table_new("missing", TABLE_ROWS, missing_columns, ELEMENTS(missing_columns));
	whole = files_add(&files, ctl->argc, ctl->argv);
	for (size_t i = 0; i < files.count; i++)
		read_file(&reconcile, files.paths[i]);
	missing = compare_lists(&reconcile);
	whole &= missing != NULL && reconcile.failed + reconcile.bad == 0;
	if (missing != NULL) {
		name_missing(&reconcile, missing);
		if (ctl_option(ctl, "import") != NULL)
			imported = import_missing(&reconcile, missing);
		db_rows_free(missing);
	}
	print(&reconcile, files.count, imported);
	whole &= totals_warn(&reconcile.totals);
	whole &= reconcile.missing_count == imported;
	release(&reconcile, &files);
	return whole ? CTL_FINE : CTL_WRONG;
}
