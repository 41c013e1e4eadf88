/* An administrator's look at a spool, and a damaged file that he has taken over into it. */
#include <errno.h>
#include <sqlite3.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "spool/spool.h"
#include "spool/spool_internal.h"
#include "spool/spool_row.h"

enum { TURN_TIME = 10 * 1000 };     /* milliseconds to wait for the turn to take pushes over */

#define ALL_BUT_BODY "id, received_at, remote_addr, bytes, sha256, fault, source, clock_ahead, "

static void
log_unread(struct spool *spool)
{
	spool_file_note(&spool->file);
	spool_file_log(&spool->file, SPOOL_READING);
}

/* A statement that is asked now and then only; NULL, logged, when the file cannot be read. */
static sqlite3_stmt *
prepare(struct spool *spool, const char *text)
{
	sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v2(spool->file.database, text, -1, &statement, NULL) != SQLITE_OK)
		log_unread(spool);
	return statement;
}

bool
spool_summarize(struct spool *spool, struct spool_summary *summary)
{
	sqlite3_stmt *statement;
	bool read;

	if (!spool_lock(spool))
		return false;
	statement = prepare(spool, "SELECT pushes, bytes, coalesce((SELECT min(received_at) FROM push), 0) FROM depth");
	read = statement != NULL && sqlite3_step(statement) == SQLITE_ROW;
	if (read) {
		summary->depth.pushes = sqlite3_column_int64(statement, 0);
		summary->depth.bytes = sqlite3_column_int64(statement, 1);
		summary->oldest = sqlite3_column_int64(statement, 2);
	} else if (statement != NULL) {
		log_unread(spool);
	}
	sqlite3_finalize(statement);
	spool_unlock(spool);
	return read;
}

/* The one push a statement gives. */
static struct push *
read_one(struct spool *spool, sqlite3_stmt *statement, int64_t *cursor, bool *failed)
{
	struct push *push = NULL;
	int code = statement != NULL ? sqlite3_step(statement) : SQLITE_ERROR;

	if (code == SQLITE_ROW) {
		push = spool_row_read(statement);
		*cursor = sqlite3_column_int64(statement, SPOOL_SEQ);
	} else if (code != SQLITE_DONE && statement != NULL) {
		log_unread(spool);
	}
	*failed = code != SQLITE_ROW && code != SQLITE_DONE;
	sqlite3_finalize(statement);
	return push;
}

struct push *
spool_next(struct spool *spool, int64_t *cursor, bool with_body, bool *failed)
{
	sqlite3_stmt *statement;
	struct push *push;

	*failed = true;
	if (!spool_lock(spool))
		return NULL;
	statement = prepare(spool, "SELECT " ALL_BUT_BODY
	    "CASE WHEN ?2 THEN body END, seq FROM push WHERE seq > ?1 ORDER BY seq LIMIT 1");
	if (statement != NULL) {
		sqlite3_bind_int64(statement, 1, *cursor);
		sqlite3_bind_int(statement, 2, with_body);
	}
	push = read_one(spool, statement, cursor, failed);
	spool_unlock(spool);
	return push;
}

struct push *
spool_find(struct spool *spool, const struct push_id *id, bool *failed)
{
	sqlite3_stmt *statement;
	struct push *push;
	int64_t cursor;

	*failed = true;
	if (!spool_lock(spool))
		return NULL;
	statement = prepare(spool, "SELECT " ALL_BUT_BODY "body, seq FROM push WHERE id = ?");
	if (statement != NULL)
		spool_row_bind_id(statement, 1, id);
	push = read_one(spool, statement, &cursor, failed);
	spool_unlock(spool);
	return push;
}

/* --- a damaged file ------------------------------------------------------------------------------------------ */

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
		spool_file_log(&spool->file, SPOOL_WRITING);
	*rescued = (struct spool_rescued){ .is_due = done && spool_rescue_is_due(spool->rescue),
		.page = spool->rescue->page - 1, .pages = spool_rescue_pages(spool->rescue),
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
	spool_observe(spool);
	spool_unlock(spool);
	return done;
}
