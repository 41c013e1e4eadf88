/*
 * callresultctl import: files of records into the database, as if each had been pushed.  A file that is larger than a push
 * may be is read as a whole, so that nothing of it is stored when it is bad, and stored in parts.
 */
#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "ctl/commands.h"
#include "ctl/intake.h"
#include "ctl/progress.h"
#include "ctl/time_text.h"
#include "push/outcome.h"
#include "push/record.h"

enum { FILE_MAX = 1024 * 1024 * 1024, PART_BYTES = 16 * 1024 * 1024, KIBIBYTE = 1024 };

struct import {
	struct ctl         *ctl;
	char              **paths;
	size_t              path_count;
	int64_t             bytes;          /* of all files, as far as known */
	int64_t             done;           /* bytes of them */
	struct progress    *progress;
	int64_t             as_of;          /* received_at of the next push; 0: now */
	bool                by_file;        /* the time of the file instead */
	struct intake_fates total;
	int64_t             failed;         /* files that are not stored */
};

static const struct column columns[] = {
	{ "file", COLUMN_TEXT }, { "records", COLUMN_NUMBER }, { "inserted", COLUMN_NUMBER }, { "updated", COLUMN_NUMBER },
	{ "duplicates", COLUMN_NUMBER }, { "quarantined", COLUMN_NUMBER }, { "problem", COLUMN_TEXT },
};

static const struct column total_columns[] = {
	{ "files", COLUMN_NUMBER }, { "failed", COLUMN_NUMBER }, { "records", COLUMN_NUMBER }, { "inserted", COLUMN_NUMBER },
	{ "updated", COLUMN_NUMBER }, { "duplicates", COLUMN_NUMBER }, { "quarantined", COLUMN_NUMBER },
};

/* --- which files ------------------------------------------------------------------------------------------- */

static void
add_path(struct import *import, const char *path, int64_t size)
{
	import->paths = memory_resize(import->paths, import->path_count + 1, sizeof *import->paths);
	import->paths[import->path_count++] = memory_strdup(path);
	import->bytes += size;
}

static int
compare_names(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/*
 * In a folder, all files in the order of their names, but for hidden ones, sockets and the like; what is named itself is
 * always taken.
 */
static bool
add_tree(struct import *import, char *path)
{
	char *const roots[] = { path, NULL };
	FTS *tree = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, compare_names);
	FTSENT *entry;

	if (tree == NULL) {
		log_error("%s: %s", path, strerror(errno));
		return false;
	}
	while ((entry = fts_read(tree)) != NULL) {
		bool hidden = entry->fts_level > 0 && entry->fts_name[0] == '.';

		if (entry->fts_info == FTS_D && hidden)
			fts_set(tree, entry, FTS_SKIP);
		else if (entry->fts_info != FTS_D && entry->fts_info != FTS_DP && !hidden &&
		    (entry->fts_level == 0 || entry->fts_info != FTS_DEFAULT))
			add_path(import, entry->fts_path, entry->fts_info == FTS_F ? (int64_t)entry->fts_statp->st_size : 0);
	}
	fts_close(tree);
	return true;
}

/* --- one file ---------------------------------------------------------------------------------------------- */

static int64_t
next_stamp(struct import *import)
{
	return import->as_of != 0 ? import->as_of++ : 0;
}

/* Of records and rejects, those from the indexes on that go into one part; both are in the order of the file. */
static struct push *
cut_part(struct import *import, const struct record_list *list, size_t *record, size_t *reject)
{
	struct push *part = intake_push((struct slice){ NULL, 0 }, next_stamp(import));
	size_t room = (size_t)import->ctl->settings.batch_records, count = 0;
	size_t left = list->record_count - *record;

	while (count < left && count < room && part->bytes < PART_BYTES)
		part->bytes += list->records[*record + count++].raw.length;
	part->list.record_count = count;
	part->list.records = memory_resize(NULL, count > 0 ? count : 1, sizeof *part->list.records);
	if (count > 0)
		memcpy(part->list.records, list->records + *record, count * sizeof *part->list.records);
	*record += count;
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
store_parts(struct import *import, const struct push *whole, struct intake_fates *fates, const char **problem)
{
	const struct record_list *list = &whole->list;
	size_t record = 0, reject = 0;
	bool stored = true;

	if (list->bad_count > REJECTS_MAX) {
		*problem = "more than 10000 elements of the list are bad: cut the file into several";
		return false;
	}
	while (stored && (record < list->record_count || reject < list->reject_count)) {
		struct push *part = cut_part(import, list, &record, &reject);

		stored = intake_store(import->ctl->db, part, fates, problem);
		progress_set(import->progress, (import->done + reached(whole, record, reject)) / KIBIBYTE);
		push_unref(part);
	}
	return stored;
}

static const char *
problem_of(enum outcome outcome)
{
	if (outcome == OUTCOME_BODY_NOT_LIST)
		return "The file is neither a list nor an object with a callResultList or data.";
	return outcome_sentence(outcome);
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

/* False, with *problem, when it is not stored, or not all of it. */
static bool
import_file(struct import *import, const char *path, size_t *size, struct intake_fates *fates, const char **problem)
{
	struct slice body;
	struct push *push;
	enum outcome outcome;
	bool stored;

	if (!intake_read_file(path, FILE_MAX, &body, problem))
		return false;
	take_time_of_file(import, path);
	*size = body.length;
	push = intake_push(body, next_stamp(import));
	outcome = record_list_parse_answer(&push->list, push->body);
	*problem = problem_of(outcome);
	stored = outcome == OUTCOME_OK;
	if (stored && body.length > (size_t)import->ctl->settings.max_body)
		stored = store_parts(import, push, fates, problem);
	else if (stored)
		stored = intake_store(import->ctl->db, push, fates, problem);
	push_unref(push);
	return stored;
}

static void
add_numbers(struct table *table, const struct intake_fates *fates)
{
	table_add_number(table, fates->records);
	table_add_number(table, fates->inserted);
	table_add_number(table, fates->updated);
	table_add_number(table, fates->duplicates);
	table_add_number(table, fates->quarantined);
}

static void
add_total(struct intake_fates *total, const struct intake_fates *fates)
{
	total->records += fates->records;
	total->inserted += fates->inserted;
	total->updated += fates->updated;
	total->duplicates += fates->duplicates;
	total->quarantined += fates->quarantined;
}

static void
import_path(struct import *import, const char *path, struct table *table)
{
	struct intake_fates fates = { 0 };
	const char *problem = NULL;
	size_t size = 0;
	bool stored = import_file(import, path, &size, &fates, &problem);

	import->failed += !stored;
	import->done += (int64_t)size;
	progress_set(import->progress, import->done / KIBIBYTE);
	add_total(&import->total, &fates);
	table_add(table, path);
	add_numbers(table, &fates);
	table_add(table, stored ? NULL : problem);
}

/* --- the command ------------------------------------------------------------------------------------------- */

static void
import_all(struct import *import)
{
	struct table *tables[] = { table_new("files", TABLE_ROWS, columns, sizeof columns / sizeof *columns),
		table_new("total", TABLE_RECORD, total_columns, sizeof total_columns / sizeof *total_columns) };

	import->progress = progress_start("import", "KiB", import->bytes / KIBIBYTE);
	for (size_t i = 0; i < import->path_count; i++)
		import_path(import, import->paths[i], tables[0]);
	progress_end(import->progress);
	table_add_number(tables[1], (int64_t)import->path_count);
	table_add_number(tables[1], import->failed);
	add_numbers(tables[1], &import->total);
	ctl_print(import->ctl, tables, 2);
}

/* What will have been received in the future would beat every push until then. */
static bool
read_as_of(struct import *import)
{
	const char *text = ctl_option(import->ctl, "as-of");

	import->by_file = text != NULL && strcmp(text, "file") == 0;
	if (text == NULL || import->by_file)
		return true;
	if (!time_text_parse(text, &import->as_of)) {
		ctl_usage_error(import->ctl, "--as-of takes \"file\" or a time with its zone, as in 2026-11-22T08:00:00+08:00");
		return false;
	}
	if (import->as_of > clock_timestamp()) {
		ctl_usage_error(import->ctl, "--as-of is in the future");
		return false;
	}
	return true;
}

int
import_run(struct ctl *ctl, int argc, char **argv)
{
	struct import import = { .ctl = ctl };
	bool listed = true;

	if (!read_as_of(&import))
		return CTL_USAGE;
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "-") == 0)
			add_path(&import, argv[i], 0);
		else
			listed &= add_tree(&import, argv[i]);
	}
	import_all(&import);
	for (size_t i = 0; i < import.path_count; i++)
		memory_free(import.paths[i]);
	memory_free(import.paths);
	return listed && import.failed == 0 ? CTL_FINE : CTL_WRONG;
}
