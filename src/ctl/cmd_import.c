/*
 * callresultctl import: stores files of records as if each had been pushed.  A file larger than a push may be is parsed
 * as a whole first, so that nothing of a bad one is stored, and then stored in parts.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "ctl/commands.h"
#include "ctl/files.h"
#include "ctl/intake.h"
#include "ctl/progress.h"
#include "ctl/time_text.h"
#include "push/outcome.h"
#include "push/record.h"

enum { FILE_MAX = 1024 * 1024 * 1024, KIBIBYTE = 1024 };

struct import {
	struct ctl         *ctl;
	struct files        files;
	int64_t             done;           /* bytes of the files */
	bool                dry_run;
	struct progress    *progress;
	int64_t             as_of;          /* received_at of the next push; 0: now */
	bool                by_file;        /* as_of is the time of each file */
	struct db_counts    total;
	int64_t             failed;         /* files that were not stored */
	struct totals       totals;
	char                problem[200];   /* room for a problem with a figure in it */
};

static const struct column columns[] = {
	{ "file", COLUMN_TEXT }, { "records", COLUMN_NUMBER }, { "inserted", COLUMN_NUMBER },
	{ "updated", COLUMN_NUMBER }, { "duplicates", COLUMN_NUMBER }, { "quarantined", COLUMN_NUMBER },
	{ "total_count", COLUMN_NUMBER }, { "problem", COLUMN_TEXT },
};

static const struct column total_columns[] = {
	{ "files", COLUMN_NUMBER }, { "failed", COLUMN_NUMBER }, { "records", COLUMN_NUMBER },
	{ "inserted", COLUMN_NUMBER }, { "updated", COLUMN_NUMBER }, { "duplicates", COLUMN_NUMBER },
	{ "quarantined", COLUMN_NUMBER },
};

/* --- one file ---------------------------------------------------------------------------------------------- */

static int64_t
next_timestamp(struct import *import)
{
	return import->as_of != 0 ? import->as_of++ : 0;
}

/* What became of a file. */
struct file_result {
	size_t           size;
	int64_t          total_count;   /* as it says itself; 0: it does not */
	struct db_counts counts;
	const char      *problem;       /* NULL: none */
};

/* The next records and rejects that go into one part, both in the order of the file; moves the indexes behind them. */
static struct push *
cut_part(struct import *import, const struct record_list *list, size_t *record, size_t *reject)
{
	size_t room = (size_t)import->ctl->settings.batch_records, left = list->record_count - *record;
	struct push *part = intake_part(list->records + *record, left < room ? left : room, next_timestamp(import));

	*record += part->list.record_count;
	for (; *reject < list->reject_count && part->list.reject_count < room; ++*reject) {
		const struct reject *bad = &list->rejects[*reject];

		if (*record < list->record_count && bad->raw.bytes > list->records[*record].raw.bytes)
			break;
		record_list_reject(&part->list, bad->raw, bad->reason);
		part->list.bad_count++;
		part->bytes += bad->raw.length;
	}
	return part;
}

/* How far into the file the first records and rejects reach. */
static int64_t
reached(const struct push *whole, size_t records, size_t rejects)
{
	const char *at = whole->body.bytes, *record = at, *reject = at;

	if (records > 0)
		record = whole->list.records[records - 1].raw.bytes + whole->list.records[records - 1].raw.length;
	if (rejects > 0)
		reject = whole->list.rejects[rejects - 1].raw.bytes + whole->list.rejects[rejects - 1].raw.length;
	return (record > reject ? record : reject) - at;
}

static bool
store_parts(struct import *import, const struct push *whole, struct db_counts *counts, const char **problem)
{
	const struct record_list *list = &whole->list;
	size_t record = 0, reject = 0;
	bool stored = true;

	_Static_assert(REJECTS_MAX == 10000, "the text says so");
	if (list->bad_count > REJECTS_MAX) {
		*problem = "more than 10000 elements of the list are bad: split the file";
		return false;
	}
	while (stored && (record < list->record_count || reject < list->reject_count)) {
		struct push *part = cut_part(import, list, &record, &reject);

		stored = intake_store(import->ctl->db, part, counts, problem);
		progress_set(import->progress, (import->done + reached(whole, record, reject)) / KIBIBYTE);
		push_unref(part);
	}
	return stored;
}

static void
take_time_of_file(struct import *import, const char *path)
{
	struct stat found;

	if (!import->by_file)
		return;
	import->as_of = 0;
	if (stat(path, &found) == 0)
		import->as_of = (int64_t)found.st_mtim.tv_sec * 1000000 + found.st_mtim.tv_nsec / 1000;
	if (import->as_of > clock_timestamp())
		import->as_of = 0;
}

/* A dry run: what would become of the file, as far as its text tells, and in *problem what is wrong with it first. */
static bool
look_only(struct import *import, const struct record_list *list, struct db_counts *counts, const char **problem)
{
	counts->inserted = (int64_t)list->record_count;    /* shown only in the sum of records */
	counts->quarantined = (int64_t)list->bad_count;
	*problem = NULL;
	if (list->bad_count > 0) {
		snprintf(import->problem, sizeof import->problem, "bad records: %zu; the first: %s", list->bad_count,
		    list->rejects[0].reason);
		*problem = import->problem;
	}
	return true;
}

/* False, with *problem, when it was not stored, or not all of it. */
static bool
store_file(struct import *import, struct push *push, struct db_counts *counts, const char **problem)
{
	if (import->dry_run)
		return look_only(import, &push->list, counts, problem);
	if (push->body.length > (size_t)import->ctl->settings.max_body)
		return store_parts(import, push, counts, problem);
	return intake_store(import->ctl->db, push, counts, problem);
}

/* Reads and stores a file.  False, with result->problem, when it was not stored, or not all of it. */
static bool
import_file(struct import *import, const char *path, struct file_result *result)
{
	struct slice body;
	struct push *push;
	enum outcome outcome;
	bool stored;

	if (!intake_read_file(path, FILE_MAX, &body, &result->problem))
		return false;
	take_time_of_file(import, path);
	result->size = body.length;
	push = intake_push(body, next_timestamp(import));
	outcome = record_list_parse_answer(&push->list, push->body);
	result->problem = outcome == OUTCOME_BODY_NOT_LIST ? INTAKE_NO_LIST : outcome_sentence(outcome);
	result->total_count = push->list.total_count;
	if (outcome == OUTCOME_OK)
		totals_add(&import->totals, result->total_count,
		    (int64_t)(push->list.record_count + push->list.bad_count));
	stored = outcome == OUTCOME_OK && store_file(import, push, &result->counts, &result->problem);
	push_unref(push);
	return stored;
}

/* A dry run asks the database nothing. */
static void
add_numbers(struct table *table, const struct import *import, const struct db_counts *counts)
{
	const int64_t numbers[] = { counts->inserted, counts->updated, counts->duplicates };

	table_add_number(table, counts->inserted + counts->updated + counts->duplicates + counts->quarantined);
	for (int i = 0; i < ELEMENTS(numbers); i++)
		table_add_number_if(table, !import->dry_run, numbers[i]);
	table_add_number(table, counts->quarantined);
}

static void
import_path(struct import *import, const char *path, struct table *table)
{
	struct file_result result = { 0 };
	bool stored = import_file(import, path, &result);

	import->failed += !stored;
	import->done += (int64_t)result.size;
	progress_set(import->progress, import->done / KIBIBYTE);
	intake_add(&import->total, &result.counts);
	table_add(table, path);
	add_numbers(table, import, &result.counts);
	table_add_number_if(table, result.total_count != 0, result.total_count);
	table_add(table, stored && !import->dry_run ? NULL : result.problem);
}

/* --- the command ------------------------------------------------------------------------------------------- */

static void
import_all(struct import *import)
{
	struct table *tables[] = { table_new("files", TABLE_ROWS, columns, ELEMENTS(columns)),
		table_new("total", TABLE_RECORD, total_columns, ELEMENTS(total_columns)) };

	import->progress = progress_start("import", "KiB", import->files.bytes / KIBIBYTE);
	for (size_t i = 0; i < import->files.count; i++)
		import_path(import, import->files.paths[i], tables[0]);
	progress_end(import->progress);
	if (!import->dry_run && import->total.pushes > 0)
		intake_keep_house(import->ctl->db);
	table_add_number(tables[1], (int64_t)import->files.count);
	table_add_number(tables[1], import->failed);
	add_numbers(tables[1], import, &import->total);
	ctl_print(import->ctl, tables, 2);
}

/* Refuses a time in the future: content received then would stand against every push until then. */
static bool
read_as_of(struct import *import)
{
	const char *text = ctl_option(import->ctl, "as-of");

	import->by_file = text != NULL && strcmp(text, "file") == 0;
	if (text == NULL || import->by_file)
		return true;
	if (!time_text_parse(text, &import->as_of)) {
		ctl_usage_error(import->ctl, "--as-of needs \"file\" or a time with its zone, such as"
		    " 2026-11-22T08:00:00+08:00");
		return false;
	}
	if (import->as_of > clock_timestamp()) {
		ctl_usage_error(import->ctl, "--as-of is in the future");
		return false;
	}
	return true;
}

int
cmd_import(struct ctl *ctl)
{
	struct import import = { .ctl = ctl, .dry_run = ctl_option(ctl, "dry-run") != NULL };
	bool listed;

	if (!read_as_of(&import))
		return CTL_USAGE;
	listed = files_add(&import.files, ctl->argc, ctl->argv);
	import_all(&import);
	(void)totals_warn(&import.totals);    /* what is there is stored */
	files_free(&import.files);
	return listed && import.failed == 0 ? CTL_FINE : CTL_WRONG;
}
