/* An administrator's look at a spool, and the rescue of a damaged one by hand. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "spool/spool.h"
#include "spool/spool_internal.h"
#include "spool/spool_row.h"

enum { TURN_TIME = 10 * 1000 };     /* milliseconds to wait for the turn to take over pushes */

#define READ "SELECT id, received_at, remote_addr, bytes, sha256, fault, source, clock_ahead," \
	    " CASE WHEN ?1 THEN body END, seq FROM push WHERE "

bool
spool_summarize(struct spool *spool, struct spool_summary *summary, char problem[SPOOL_PROBLEM_SIZE])
{
	static const char text[] = "SELECT pushes, bytes, coalesce((SELECT min(received_at) FROM push), 0) FROM depth";
	sqlite3_stmt *statement = NULL;
	bool read;

	if (!spool_lock(spool)) {
		snprintf(problem, SPOOL_PROBLEM_SIZE, "its disk hangs");
		return false;
	}
	read = sqlite3_prepare_v2(spool->file.database, text, -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW;
	if (read) {
		summary->depth.pushes = sqlite3_column_int64(statement, 0);
		summary->depth.bytes = sqlite3_column_int64(statement, 1);
		summary->oldest = sqlite3_column_int64(statement, 2);
	} else {
		spool_file_note(&spool->file);
		memcpy(problem, spool->file.problem, SPOOL_PROBLEM_SIZE);
	}
	sqlite3_finalize(statement);
	spool_unlock(spool);
	return read;
}

/* The push behind the cursor, or the one of that id. */
static struct push *
read_one(struct spool *spool, int64_t cursor, const struct push_id *id, bool with_body, bool *failed)
{
	sqlite3_stmt *statement = NULL;
	struct push *push = NULL;
	int code;

	*failed = true;
	if (!spool_lock(spool))
		return NULL;
	code = sqlite3_prepare_v2(spool->file.database, id != NULL ? READ "id = ?2" :
	    READ "seq > ?2 ORDER BY seq LIMIT 1", -1, &statement, NULL);
	if (code == SQLITE_OK) {
		sqlite3_bind_int(statement, 1, with_body);
		if (id != NULL)
			spool_row_bind_id(statement, 2, id);
		else
			sqlite3_bind_int64(statement, 2, cursor);
		code = sqlite3_step(statement);
	}
	if (code == SQLITE_ROW)
		push = spool_row_read(statement);
	*failed = code != SQLITE_ROW && code != SQLITE_DONE;
	if (*failed) {
		spool_file_note(&spool->file);
		spool_file_log(&spool->file, TROUBLE_READING);
	}
	sqlite3_finalize(statement);
	spool_unlock(spool);
	return push;
}

struct push *
spool_next(struct spool *spool, int64_t *cursor, bool with_body, bool *failed)
{
	struct push *push = read_one(spool, *cursor, NULL, with_body, failed);

	if (push != NULL)
		*cursor = push->spool_seq;
	return push;
}

struct push *
spool_find(struct spool *spool, const struct push_id *id, bool *failed)
{
	return read_one(spool, 0, id, true, failed);
}

/* --- a damaged file ------------------------------------------------------------------------------------------ */

bool
spool_is_to_rescue(struct spool *spool, const char *path)
{
	static const char text[] = "SELECT 1 FROM rescue WHERE ? IN (file, file || '-wal', file || '-shm')";
	sqlite3_stmt *statement = NULL;
	bool found;

	if (!spool_lock(spool))
		return false;
	found = sqlite3_prepare_v2(spool->file.database, text, -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_bind_text(statement, 1, path, -1, SQLITE_STATIC) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW;
	sqlite3_finalize(statement);
	spool_unlock(spool);
	return found;
}

static enum spool_result
rescue_part(struct spool *spool)
{
	enum spool_result result = spool_file_begin(&spool->file, clock_ms() + TURN_TIME);

	return result == SPOOL_DONE ? spool_file_end(&spool->file, spool_rescue_part(spool->rescue)) : result;
}

static bool
rescue(struct spool *spool, const char *path, struct spool_rescued *rescued)
{
	bool done;

	if (spool->rescue == NULL)
		spool->rescue = spool_rescue_open(&spool->file, path, 1);
	if (spool->rescue == NULL) {
		log_error("%s: %s", path, strerror(errno));
		return false;
	}
	done = rescue_part(spool) == SPOOL_DONE;
	if (!done)
		spool_file_log(&spool->file, TROUBLE_WRITING);
	*rescued = (struct spool_rescued){ .is_due = done && spool_rescue_is_due(spool->rescue),
		.page = spool->rescue->page - 1, .pages = spool->rescue->count,
		.found = spool->rescue->found, .taken = spool->rescue->taken };
	if (!rescued->is_due) {
		spool_rescue_close(spool->rescue);
		spool->rescue = NULL;
	}
	return done;
}

bool
spool_rescue(struct spool *spool, const char *path, struct spool_rescued *rescued)
{
	bool done;

	if (!spool_lock(spool))
		return false;
	done = rescue(spool, path, rescued);
	spool_unlock(spool);
	return done;
}
