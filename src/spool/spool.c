/* The spool's opening and end, and how pushes are taken out of it. */
#include "spool/spool.h"

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
spool_open_existing(const char *path, int64_t max_size, char problem[SPOOL_PROBLEM_SIZE])
{
	struct spool *spool = spool_new(path, max_size);

	if (spool_file_open_existing(&spool->file)) {
		spool_observe(spool);
		return spool;
	}
	memcpy(problem, spool->file.problem, SPOOL_PROBLEM_SIZE);
	spool_close(spool);
	return NULL;
}

void
spool_close(struct spool *spool)
{
	if (spool == NULL || !spool_keeper_stop(spool))
		return;
	spool_rescue_close(spool->rescue);
	spool_file_close(&spool->file);
	pthread_cond_destroy(&spool->done);
	pthread_cond_destroy(&spool->work);
	pthread_mutex_destroy(&spool->mutex);
	pthread_mutex_destroy(&spool->file_mutex);
	memory_free(spool);
}

/* --- taking ------------------------------------------------------------------------------------------------- */

/* A damaged file is replaced by the worker, which has a keeper, and never by an administrator's look. */
static void
handle_trouble(struct spool *spool, enum spool_trouble trouble)
{
	spool_file_log(&spool->file, trouble);
	if (spool->has_keeper)
		spool_replace_damaged(spool);
}

/*
 * Gives a row without an id the id of its push; without one it could not be removed.  If the row is not where it was
 * just read, the file is damaged, and the row would come again for ever.
 */
static bool
name_row(struct spool *spool, const struct push *push)
{
	struct spool_file *file = &spool->file;
	sqlite3_stmt *statement = file->statements[STATEMENT_SET_ID];

	spool_row_bind_seq(statement, push);
	if (!spool_file_run(statement))
		spool_file_note(file);
	else if (sqlite3_changes(file->database) == 0)
		spool_file_note_problem(file, SPOOL_DAMAGED, "a row is not where it was read");
	else
		return true;
	handle_trouble(spool, TROUBLE_WRITING);
	return false;
}

/* Stops after a row without an id, and then sets *named to false.  False, noted, when the file cannot be read. */
static bool
read_oldest(struct spool *spool, struct push **pushes, int capacity, size_t bytes, int *count, bool *named)
{
	sqlite3_stmt *statement = spool->file.statements[STATEMENT_OLDEST];
	int code = SQLITE_ROW;

	sqlite3_bind_int(statement, 1, capacity);
	for (size_t read = 0; *named && read <= bytes && (code = sqlite3_step(statement)) == SQLITE_ROW; ++*count) {
		pushes[*count] = spool_row_read(statement);
		*named = spool_row_has_id(statement);
		read += pushes[*count]->body.length;
	}
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		spool_file_note(&spool->file);
	sqlite3_reset(statement);
	return code == SQLITE_ROW || code == SQLITE_DONE;
}

static int
oldest(struct spool *spool, struct push **pushes, int capacity, size_t bytes)
{
	bool named = true;
	int count = 0;

	if (!spool->file.usable || !read_oldest(spool, pushes, capacity, bytes, &count, &named)) {
		handle_trouble(spool, TROUBLE_READING);
		while (count > 0)
			push_unref(pushes[--count]);
		return -1;
	}
	if (!named && !name_row(spool, pushes[count - 1]))
		push_unref(pushes[--count]);
	return count;
}

int
spool_oldest(struct spool *spool, struct push **pushes, int capacity, size_t bytes)
{
	int count;

	if (!spool_lock(spool))
		return -1;
	count = oldest(spool, pushes, capacity, bytes);
	spool_unlock(spool);
	return count;
}

/* Runs the statement for each push, in one transaction.  What another process has taken out is not found. */
static enum spool_result
change(struct spool_file *file, enum spool_statement what, struct push *const *pushes, int count)
{
	enum spool_result result = spool_file_begin(file, clock_ms() + TURN_TIME);

	if (result != SPOOL_DONE)
		return result;
	for (int i = 0; result == SPOOL_DONE && i < count; i++) {
		spool_row_bind_seq(file->statements[what], pushes[i]);
		if (!spool_file_run(file->statements[what]))
			result = spool_file_note(file);
	}
	return spool_file_end(file, result);
}

/* Remembers, in a table in memory that needs no room on the disk, that these pushes are to be removed. */
static bool
remember(struct spool *spool, struct push *const *pushes, int count)
{
	struct spool_file *file = &spool->file;

	for (int i = 0; i < count; i++) {
		if (!file->usable)
			return false;
		spool_row_bind_id(file->statements[STATEMENT_REMEMBER], 1, &pushes[i]->id);
		if (!spool_file_run(file->statements[STATEMENT_REMEMBER]))
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
	result = change(&spool->file, STATEMENT_REMOVE, pushes, count);
	if (result == SPOOL_NO_ROOM && spool_disk_give_up_reserve(&spool->file))
		result = change(&spool->file, STATEMENT_REMOVE, pushes, count);
	if (result != SPOOL_DONE)
		handle_trouble(spool, TROUBLE_REMOVING);
	done = result == SPOOL_DONE || remember(spool, pushes, count);
	spool_unlock(spool);
	return done;
}

bool
spool_postpone(struct spool *spool, struct push *push)
{
	bool done;

	if (!spool_lock(spool))
		return false;
	done = change(&spool->file, STATEMENT_POSTPONE, &push, 1) == SPOOL_DONE;
	if (!done)
		handle_trouble(spool, TROUBLE_POSTPONING);
	spool_unlock(spool);
	return done;
}
