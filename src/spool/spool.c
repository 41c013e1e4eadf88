/* What keeps a push while the database cannot: opening, and taking pushes out. */
#include "spool/spool.h"

#include <sqlite3.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/thread.h"
#include "spool/spool_disk.h"
#include "spool/spool_file.h"
#include "spool/spool_internal.h"
#include "spool/spool_row.h"

enum { TURN_TIME = 1000 };      /* milliseconds to wait for the turn to take pushes out */

/* --- opening ------------------------------------------------------------------------------------------------- */

static struct spool *
spool_new(const char *path, int64_t max_size)
{
	struct spool *spool = memory_zalloc(sizeof *spool);

	spool_file_init(&spool->file, path, max_size);
	pthread_mutex_init(&spool->file_mutex, NULL);
	pthread_mutex_init(&spool->mutex, NULL);
	thread_cond_init(&spool->work);
	thread_cond_init(&spool->done);
	spool->last = &spool->first;
	spool->checked = SPOOL_FIRST;
	return spool;
}

struct spool *
spool_open(const char *path, int64_t max_size)
{
	struct spool *spool = spool_new(path, max_size);

	spool_keeper_start(spool);
	return spool;
}

struct spool *
spool_open_existing(const char *path, int64_t max_size)
{
	struct spool *spool = spool_new(path, max_size);

	if (spool_file_open_existing(&spool->file)) {
		spool_observe(spool);
		return spool;
	}
	spool_close(spool);
	return NULL;
}

void
spool_close(struct spool *spool)
{
	if (spool == NULL || !spool_keeper_stop(spool))
		return;
	spool_rescue_close(spool->rescue);
	memory_free(spool->given);
	spool_file_close(&spool->file);
	pthread_cond_destroy(&spool->done);
	pthread_cond_destroy(&spool->work);
	pthread_mutex_destroy(&spool->mutex);
	pthread_mutex_destroy(&spool->file_mutex);
	memory_free(spool);
}

/* --- taking ------------------------------------------------------------------------------------------------- */

/*
 * What is damaged is replaced, and what can be read of it comes back; an administrator's look leaves that to the
 * worker.
 */
static void
handle_trouble(struct spool *spool, enum spool_trouble trouble)
{
	spool_file_log(&spool->file, trouble);
	if (spool->has_keeper)
		spool_replace_damaged(spool);
}

/*
 * A row without an id could not be taken out again: it gets the one that its push has.  What is read in its turn and
 * not found by its place is in a damaged file, and would come again for ever.
 */
static enum spool_result
name_row(struct spool *spool, sqlite3_int64 seq, const struct push *push)
{
	struct spool_file *file = &spool->file;

	sqlite3_bind_int64(file->statements[SPOOL_NAME], 1, seq);
	spool_row_bind_id(file->statements[SPOOL_NAME], 2, &push->id);
	if (!spool_file_run(file->statements[SPOOL_NAME]))
		return spool_file_note(file);
	if (sqlite3_changes(file->database) == 0)
		return spool_file_note_problem(file, SPOOL_DAMAGED, "a row is not where it was read");
	return SPOOL_DONE;
}

static void
drop(struct push **pushes, int *count)
{
	while (*count > 0)
		push_unref(pushes[--*count]);
	*count = -1;
}

static void
name_rows(struct spool *spool, struct push **pushes, const bool *named, int *count)
{
	for (int i = 0; i < *count; i++) {
		enum spool_result result = named[i] ? SPOOL_DONE : name_row(spool, spool->given[i].seq, pushes[i]);

		if (result != SPOOL_DONE)
			handle_trouble(spool, SPOOL_WRITING);
		if (result == SPOOL_DAMAGED)
			drop(pushes, count);
	}
}

/* Returns the last code of SQLite. */
static int
read_oldest(struct spool *spool, struct push **pushes, bool *named, int capacity, size_t bytes, int *count)
{
	sqlite3_stmt *statement = spool->file.statements[SPOOL_OLDEST];
	int code;

	sqlite3_bind_int(statement, 1, capacity);
	for (size_t read = 0; (code = sqlite3_step(statement)) == SQLITE_ROW && read <= bytes; ++*count) {
		struct push *push = pushes[*count] = spool_row_read(statement);

		spool->given[*count] = (struct spool_given){ push->id, sqlite3_column_int64(statement, SPOOL_SEQ) };
		named[*count] = spool_row_has_id(statement);
		read += push->body.length;
	}
	return code;
}

static int
oldest(struct spool *spool, struct push **pushes, int capacity, size_t bytes)
{
	bool *named = memory_resize(NULL, (size_t)capacity, sizeof *named);
	int count = 0, code = SQLITE_ERROR;

	spool->given = memory_resize(spool->given, (size_t)capacity, sizeof *spool->given);
	if (spool->file.usable)
		code = read_oldest(spool, pushes, named, capacity, bytes, &count);
	if (code != SQLITE_ROW && code != SQLITE_DONE) {
		if (spool->file.usable)
			spool_file_note(&spool->file);
		handle_trouble(spool, SPOOL_READING);
		drop(pushes, &count);
	}
	if (spool->file.usable)
		sqlite3_reset(spool->file.statements[SPOOL_OLDEST]);
	name_rows(spool, pushes, named, &count);
	spool->given_count = count > 0 ? count : 0;
	memory_free(named);
	return count;
}

int
spool_oldest(struct spool *spool, struct push **pushes, int capacity, size_t bytes)
{
	int count = -1;

	if (!spool_lock(spool))
		return -1;
	count = oldest(spool, pushes, capacity, bytes);
	spool_observe(spool);
	spool_unlock(spool);
	return count;
}

/* Whether a push is where it was when it was given, although nothing was found by its id. */
static bool
is_still_there(struct spool *spool, const struct push *push)
{
	sqlite3_stmt *statement = spool->file.statements[SPOOL_IS_THERE];
	bool found = false;

	for (int i = 0; i < spool->given_count && !found; i++)
		if (memcmp(&spool->given[i].id, &push->id, sizeof push->id) == 0) {
			sqlite3_bind_int64(statement, 1, spool->given[i].seq);
			spool_row_bind_id(statement, 2, &push->id);
			found = sqlite3_step(statement) == SQLITE_ROW;
			sqlite3_reset(statement);
		}
	return found;
}

/* What is not found by its id another process has taken out, or the index of the ids is damaged. */
static enum spool_result
remove_one(struct spool *spool, const struct push *push)
{
	struct spool_file *file = &spool->file;

	spool_row_bind_id(file->statements[SPOOL_REMOVE], 1, &push->id);
	if (!spool_file_run(file->statements[SPOOL_REMOVE]))
		return spool_file_note(file);
	if (sqlite3_changes(file->database) == 0 && is_still_there(spool, push))
		return spool_file_note_problem(file, SPOOL_DAMAGED, "its index is damaged");
	return SPOOL_DONE;
}

/* One transaction. */
static enum spool_result
remove_all(struct spool *spool, struct push *const *pushes, int count)
{
	struct spool_file *file = &spool->file;
	enum spool_result result = spool_file_begin(file, clock_ms() + TURN_TIME);

	if (result != SPOOL_DONE)
		return result;
	for (int i = 0; result == SPOOL_DONE && i < count; i++)
		result = remove_one(spool, pushes[i]);
	return spool_file_end(file, result);
}

/* In memory, so that it needs no room. */
static bool
remember(struct spool *spool, struct push *const *pushes, int count)
{
	struct spool_file *file = &spool->file;

	for (int i = 0; i < count; i++) {
		if (!file->usable)
			return false;
		spool_row_bind_id(file->statements[SPOOL_REMEMBER], 1, &pushes[i]->id);
		if (!spool_file_run(file->statements[SPOOL_REMEMBER]))
			return false;
		file->remembered += sqlite3_changes(file->database);
	}
	return true;
}

bool
spool_remove(struct spool *spool, struct push *const *pushes, int count)
{
	enum spool_result result;
	bool done;

	if (!spool_lock(spool))
		return false;
	result = remove_all(spool, pushes, count);
	if (result == SPOOL_NO_ROOM && spool_disk_give_up_reserve(&spool->file))
		result = remove_all(spool, pushes, count);
	if (result != SPOOL_DONE)
		handle_trouble(spool, SPOOL_REMOVING);
	done = result == SPOOL_DONE || remember(spool, pushes, count);
	spool_observe(spool);
	spool_unlock(spool);
	return done;
}

static enum spool_result
postpone(struct spool *spool, const struct push *push)
{
	struct spool_file *file = &spool->file;
	enum spool_result result = spool_file_begin(file, clock_ms() + TURN_TIME);

	if (result != SPOOL_DONE)
		return result;
	spool_row_bind_id(file->statements[SPOOL_POSTPONE], 1, &push->id);
	if (!spool_file_run(file->statements[SPOOL_POSTPONE]))
		result = spool_file_note(file);
	return spool_file_end(file, result);
}

bool
spool_postpone(struct spool *spool, const struct push *push)
{
	bool done;

	if (!spool_lock(spool))
		return false;
	done = postpone(spool, push) == SPOOL_DONE;
	if (!done)
		handle_trouble(spool, SPOOL_POSTPONING);
	spool_unlock(spool);
	return done;
}
