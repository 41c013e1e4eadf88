/*
 * Takes over the pushes of a damaged file, a part at a time.  The spool itself records how far that is (table rescue),
 * in the transaction that takes over a part, so that any process can go on where the last one stopped.
 */
#include "spool/spool_rescue.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "spool/spool_disk.h"
#include "spool/spool_pages.h"
#include "spool/spool_row.h"

enum {
	PART_PAGES = 256,
	PART_BYTES = 1024 * 1024,
	PART_LEAST = 64 * 1024,
	TURN_TIME = 200,        /* milliseconds to wait for the turn */
};

/* Subtracted from the seq of a rescued push, so that it comes before all that was put since, in its old order. */
static const int64_t earlier = INT64_C(1) << 62;

/* --- a part ---------------------------------------------------------------------------------------------------- */

struct spool_rescue *
spool_rescue_open(struct spool_file *file, const char *path, int64_t page)
{
	struct spool_pages *pages = spool_pages_open(path);
	struct spool_rescue *rescue;

	if (pages == NULL)
		return NULL;
	rescue = memory_zalloc(sizeof *rescue);
	*rescue = (struct spool_rescue){ .file = file, .pages = pages, .path = memory_strdup(path), .page = page,
		.count = spool_pages_count(pages) };
	return rescue;
}

void
spool_rescue_close(struct spool_rescue *rescue)
{
	if (rescue == NULL)
		return;
	spool_pages_close(rescue->pages);
	memory_free(rescue->path);
	memory_free(rescue);
}

bool
spool_rescue_is_due(const struct spool_rescue *rescue)
{
	return rescue->page <= rescue->count;
}

static void
bind_value(sqlite3_stmt *statement, int parameter, const struct spool_value *value)
{
	if (value->type == VALUE_INTEGER)
		sqlite3_bind_int64(statement, parameter, value->integer);
	else if (value->type == VALUE_TEXT)
		sqlite3_bind_text(statement, parameter, (const char *)value->bytes, value->length, SQLITE_STATIC);
	else if (value->type == VALUE_BLOB)
		sqlite3_bind_blob(statement, parameter, value->bytes, value->length, SQLITE_STATIC);
}

/* With a seq that keeps its order, or, where that is taken, with a new one behind the others. */
static bool
insert(sqlite3_stmt *statement, const struct spool_found *found, bool own_seq)
{
	for (int i = 0; i < ROW_VALUES; i++)
		bind_value(statement, i + 1, &found->values[i]);
	if (own_seq)
		sqlite3_bind_int64(statement, ROW_SEQ + 1, found->seq > 0 ? found->seq - earlier : found->seq);
	return spool_file_run(statement);
}

static void
take(void *context, const struct spool_found *found)
{
	struct spool_rescue *rescue = context;
	struct spool_file *file = rescue->file;
	sqlite3_stmt *statement = file->statements[STATEMENT_PUT];

	if (rescue->result != SPOOL_DONE)
		return;
	rescue->found++;
	rescue->bytes += found->values[ROW_BODY].length;
	if (insert(statement, found, true) || (sqlite3_errcode(file->database) == SQLITE_CONSTRAINT &&
	    insert(statement, found, false)))
		rescue->taken += sqlite3_changes(file->database);
	else if (sqlite3_errcode(file->database) != SQLITE_CONSTRAINT)
		rescue->result = spool_file_note(file);
}

/* How many bytes there is room for in a part; 0: it is not worth one. */
static int64_t
part_size(const struct spool_file *file)
{
	int64_t size = PART_BYTES;

	while (size >= PART_LEAST && !spool_disk_has_room(file, size))
		size /= 4;
	return size >= PART_LEAST ? size : 0;
}

enum spool_result
spool_rescue_part(struct spool_rescue *rescue)
{
	int64_t size = part_size(rescue->file);

	rescue->result = SPOOL_DONE;
	rescue->bytes = 0;
	for (int i = 0; i < PART_PAGES && rescue->bytes <= size && spool_rescue_is_due(rescue); i++)
		spool_pages_read(rescue->pages, rescue->page++, take, rescue);
	return rescue->result;
}

/* --- the keeper's ---------------------------------------------------------------------------------------------- */

/* So that nobody takes it for a file whose pushes are still to be rescued. */
static void
rename_rescued(const char *path, char renamed[PATH_MAX])
{
	static const char mark[] = SPOOL_DAMAGED_MARK;
	const char *damaged = strstr(path, mark);

	if (damaged != NULL)
		snprintf(renamed, PATH_MAX, "%.*s.rescued-%s", (int)(damaged - path), path, damaged + strlen(mark));
	if (damaged == NULL || !spool_file_rename(path, renamed))
		snprintf(renamed, PATH_MAX, "%s", path);
}

static void
log_rescued(const struct spool_file *file, const char *path, int64_t taken, int64_t expected)
{
	char renamed[PATH_MAX];

	if (strstr(path, SPOOL_COPY_MARK) != NULL && expected >= 0) {
		unlink(path);
		log_warning("spool %s: rescued all pushes of the file that was removed or replaced rescued=%lld",
		    file->path, (long long)taken);
		return;
	}
	rename_rescued(path, renamed);
	if (expected < 0)
		log_error("spool %s: rescued what could be read of the damaged file, kept as %s; how many pushes it"
		    " held is unknown rescued=%lld", file->path, renamed, (long long)taken);
	else if (taken < expected)
		log_error("spool %s: rescued what could be read of the damaged file, kept as %s; ask the platform for "
		    "the lost pushes rescued=%lld lost=%lld", file->path, renamed, (long long)taken,
		    (long long)(expected - taken));
	else
		log_warning("spool %s: rescued all pushes of the damaged file, kept as %s rescued=%lld", file->path,
		    renamed, (long long)taken);
}

/* Another process may have gone on meanwhile; this one goes on from there. */
static enum spool_result
part(struct spool_file *file, struct spool_rescue *rescue)
{
	int64_t page = spool_file_number(file, "SELECT page FROM rescue ORDER BY rowid LIMIT 1", 0);
	int64_t taken = rescue->taken;
	enum spool_result result;

	if (page > rescue->page)
		rescue->page = page;
	result = spool_rescue_part(rescue);
	if (result == SPOOL_DONE && !spool_file_execute(file,
	    "UPDATE rescue SET page = %lld, rescued = rescued + %lld WHERE file = %Q", (long long)rescue->page,
	    (long long)(rescue->taken - taken), rescue->path))
		result = spool_file_note(file);
	return result;
}

static bool
forget(struct spool_file *file, const char *path)
{
	enum spool_result result = spool_file_begin(file, clock_ms() + TURN_TIME);

	if (result == SPOOL_DONE)
		result = spool_file_end(file, spool_file_execute(file, "DELETE FROM rescue WHERE file = %Q", path) &&
		    sqlite3_changes(file->database) == 1 ? SPOOL_DONE : SPOOL_FAILED);
	return result == SPOOL_DONE;
}

/* The rescue that is due first; false when there is none. */
static bool
find_due(struct spool_file *file, char path[PATH_MAX], int64_t *page, int64_t *taken, int64_t *expected)
{
	sqlite3_stmt *statement = NULL;
	static const char text[] = "SELECT file, page, rescued, expected FROM rescue ORDER BY rowid LIMIT 1";
	bool found = sqlite3_prepare_v2(file->database, text, -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW;

	if (found) {
		snprintf(path, PATH_MAX, "%s", (const char *)sqlite3_column_text(statement, 0));
		*page = sqlite3_column_int64(statement, 1);
		*taken = sqlite3_column_int64(statement, 2);
		*expected = sqlite3_column_int64(statement, 3);
	}
	sqlite3_finalize(statement);
	return found;
}

bool
spool_rescue_go_on(struct spool_file *file, struct spool_rescue **rescue)
{
	int64_t page, taken, expected;
	char path[PATH_MAX];
	bool due = find_due(file, path, &page, &taken, &expected);

	if (*rescue != NULL && (!due || strcmp((*rescue)->path, path) != 0)) {
		spool_rescue_close(*rescue);
		*rescue = NULL;
	}
	if (!due)
		return false;
	if (*rescue == NULL && (*rescue = spool_rescue_open(file, path, page)) == NULL) {
		log_error("spool %s: cannot rescue the pushes in %s; run callresultctl spool rescue: %s", file->path,
		    path, strerror(errno));
		(void)forget(file, path);
		return false;
	}
	if (!spool_rescue_is_due(*rescue)) {
		if (forget(file, path))
			log_rescued(file, path, taken, expected);
		return false;
	}
	if (part_size(file) == 0 || spool_file_begin(file, clock_ms() + TURN_TIME) != SPOOL_DONE)
		return false;
	if (spool_file_end(file, part(file, *rescue)) == SPOOL_DONE)
		return true;
	/* it is begun again where the spool says that it stands */
	spool_rescue_close(*rescue);
	*rescue = NULL;
	return false;
}
