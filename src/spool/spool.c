/* What keeps a push while the database cannot: the queue in the spool's file, and an administrator's look at it. */
#include "spool/spool.h"

#include <pthread.h>
#include <sqlite3.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "metrics/metrics.h"
#include "spool/spool_file.h"

struct spool {
	pthread_mutex_t   mutex;        /* of all that follows: writers put while the replay reads */
	struct spool_file file;
	bool              full_said;    /* that it is full has been said, and it has not had room since */
	bool              failing;      /* the last pushes could not be put there */
};

/* Runs a statement that gives no row. */
static bool
run(sqlite3_stmt *statement)
{
	bool done = sqlite3_step(statement) == SQLITE_DONE;

	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return done;
}

/* What a failed fsync has covered is never counted on: the transaction goes as a whole. */
static void
roll_back(struct spool *spool)
{
	if (spool->file.usable && sqlite3_get_autocommit(spool->file.database) == 0)
		spool_file_execute(&spool->file, "ROLLBACK");
}

/* --- opening ----------------------------------------------------------------------------------------------- */

static struct spool *
spool_new(void)
{
	struct spool *spool = memory_zalloc(sizeof *spool);

	pthread_mutex_init(&spool->mutex, NULL);
	return spool;
}

struct spool *
spool_open(const char *path, int64_t max_size)
{
	struct spool *spool = spool_new();

	if (!spool_file_open(&spool->file, path, max_size)) {
		spool_close(spool);
		return NULL;
	}
	if (spool->file.depth.pushes > 0)
		log_info("spool %s: pushes wait in it pushes=%lld", path, (long long)spool->file.depth.pushes);
	return spool;
}

struct spool *
spool_open_existing(const char *path, int64_t max_size)
{
	struct spool *spool = spool_new();

	if (spool_file_open_existing(&spool->file, path, max_size))
		return spool;
	spool_close(spool);
	return NULL;
}

void
spool_close(struct spool *spool)
{
	if (spool == NULL)
		return;
	spool_file_close(&spool->file);
	pthread_mutex_destroy(&spool->mutex);
	memory_free(spool);
}

/* --- putting ----------------------------------------------------------------------------------------------- */

static void
bind_bytes(sqlite3_stmt *statement, int place, const void *bytes, size_t length)
{
	if (bytes != NULL)
		sqlite3_bind_blob64(statement, place, bytes, length, SQLITE_STATIC);
}

static bool
put_one(struct spool *spool, const struct push *push)
{
	sqlite3_stmt *statement = spool->file.statements[SPOOL_PUT];

	bind_bytes(statement, 1, push->id.bytes, PUSH_ID_SIZE);
	sqlite3_bind_int64(statement, 2, push->received_at);
	sqlite3_bind_text(statement, 3, push->remote_addr, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 4, (sqlite3_int64)push->bytes);
	bind_bytes(statement, 5, push->body.bytes != NULL ? push->sha256 : NULL, PUSH_SHA256_SIZE);
	if (push->fault != NULL)
		sqlite3_bind_text(statement, 6, push->fault, -1, SQLITE_STATIC);
	bind_bytes(statement, 7, push->body.bytes, push->body.length);
	return run(statement);
}

static bool
put_all(struct spool *spool, struct push *const *pushes, int count)
{
	if (!spool_file_follow(&spool->file) || !spool_file_execute(&spool->file, "BEGIN IMMEDIATE"))
		return false;
	for (int i = 0; i < count; i++)
		if (!put_one(spool, pushes[i]))
			return false;
	return spool_file_execute(&spool->file, "COMMIT");
}

static void
note_put(struct spool *spool, struct push *const *pushes, int count)
{
	spool->full_said = false;
	spool->file.depth.pushes += count;
	for (int i = 0; i < count; i++)
		spool->file.depth.bytes += (int64_t)pushes[i]->body.length;
}

/* Once until there is room again. */
static void
say_full(struct spool *spool)
{
	if (!spool->full_said)
		log_error("spool %s: is full, or its disk is: pushes are refused", spool->file.path);
	spool->full_said = true;
}

/* Damaged while it is in use: a new file takes what the old one cannot. */
static bool
put_anew(struct spool *spool, struct push *const *pushes, int count)
{
	return spool_file_replace_damaged(&spool->file) && put_all(spool, pushes, count);
}

bool
spool_put(struct spool *spool, struct push *const *pushes, int count)
{
	bool put = false;

	pthread_mutex_lock(&spool->mutex);
	if (!spool_file_has_room(&spool->file)) {
		say_full(spool);
	} else if ((put = put_all(spool, pushes, count) || put_anew(spool, pushes, count))) {
		note_put(spool, pushes, count);
	} else {
		if (sqlite3_errcode(spool->file.database) == SQLITE_FULL)
			say_full(spool);
		else
			spool_file_say(&spool->file, SPOOL_WRITING);
		roll_back(spool);
	}
	spool->failing = !put;
	pthread_mutex_unlock(&spool->mutex);
	return put;
}

/* --- taking ------------------------------------------------------------------------------------------------ */

static void
copy_column(sqlite3_stmt *statement, int column, void *to, size_t size)
{
	size_t length = (size_t)sqlite3_column_bytes(statement, column);
	const void *bytes = sqlite3_column_blob(statement, column);

	if (bytes != NULL)
		memcpy(to, bytes, length < size ? length : size);
}

static struct push *
read_push(sqlite3_stmt *statement)
{
	struct push *push = push_new((const char *)sqlite3_column_text(statement, 2));
	const void *body = sqlite3_column_blob(statement, 6);
	const unsigned char *fault = sqlite3_column_text(statement, 5);

	copy_column(statement, 0, push->id.bytes, PUSH_ID_SIZE);
	push->received_at = sqlite3_column_int64(statement, 1);
	push->bytes = (size_t)sqlite3_column_int64(statement, 3);
	copy_column(statement, 4, push->sha256, PUSH_SHA256_SIZE);
	push->spooled = true;
	if (sqlite3_column_type(statement, 6) != SQLITE_NULL) {
		size_t length = (size_t)sqlite3_column_bytes(statement, 6);
		char *copy = memory_alloc(length);

		if (length > 0)
			memcpy(copy, body, length);
		push->body = (struct slice){ copy, length };
	}
	if (fault != NULL)
		push_refuse(push, (const char *)fault);
	return push;
}

int
spool_oldest(struct spool *spool, struct push **pushes, int room, size_t bytes)
{
	sqlite3_stmt *statement;
	int count = 0, code;

	pthread_mutex_lock(&spool->mutex);
	statement = spool->file.statements[SPOOL_OLDEST];       /* another thread may have opened the file anew */
	sqlite3_bind_int(statement, 1, room);
	for (size_t read = 0; (code = sqlite3_step(statement)) == SQLITE_ROW && read <= bytes;) {
		pushes[count] = read_push(statement);
		read += pushes[count++]->body.length;
	}
	if (code != SQLITE_ROW && code != SQLITE_DONE) {
		spool_file_say(&spool->file, SPOOL_READING);
		while (count > 0)
			push_unref(pushes[--count]);
		count = -1;
	}
	sqlite3_reset(statement);
	pthread_mutex_unlock(&spool->mutex);
	return count;
}

static bool
remove_all(struct spool *spool, struct push *const *pushes, int count)
{
	if (!spool->file.usable || !spool_file_execute(&spool->file, "BEGIN IMMEDIATE"))
		return false;
	for (int i = 0; i < count; i++) {
		bind_bytes(spool->file.statements[SPOOL_REMOVE], 1, pushes[i]->id.bytes, PUSH_ID_SIZE);
		if (!run(spool->file.statements[SPOOL_REMOVE]))
			return false;
	}
	return spool_file_execute(&spool->file, "COMMIT");
}

bool
spool_remove(struct spool *spool, struct push *const *pushes, int count)
{
	bool removed;

	pthread_mutex_lock(&spool->mutex);
	removed = remove_all(spool, pushes, count);
	if (removed) {
		spool->file.depth.pushes -= count;
		for (int i = 0; i < count; i++)
			spool->file.depth.bytes -= (int64_t)pushes[i]->body.length;
		if (spool->file.depth.pushes <= 0)   /* others put pushes there too */
			spool_file_count(&spool->file);
	} else {
		spool_file_say(&spool->file, SPOOL_REMOVING);
		roll_back(spool);
	}
	pthread_mutex_unlock(&spool->mutex);
	return removed;
}

bool
spool_postpone(struct spool *spool, const struct push *push)
{
	bool done = false;

	pthread_mutex_lock(&spool->mutex);
	if (spool->file.usable) {
		bind_bytes(spool->file.statements[SPOOL_POSTPONE], 1, push->id.bytes, PUSH_ID_SIZE);
		done = run(spool->file.statements[SPOOL_POSTPONE]);
	}
	if (!done)
		spool_file_say(&spool->file, SPOOL_POSTPONING);
	pthread_mutex_unlock(&spool->mutex);
	return done;
}

bool
spool_is_well(struct spool *spool)
{
	bool well;

	pthread_mutex_lock(&spool->mutex);
	well = !spool->failing && spool_file_has_room(&spool->file);
	pthread_mutex_unlock(&spool->mutex);
	return well;
}

int64_t
spool_oldest_stamp(struct spool *spool)
{
	int64_t stamp = 0;

	pthread_mutex_lock(&spool->mutex);
	if (spool->file.usable && sqlite3_step(spool->file.statements[SPOOL_HEAD]) == SQLITE_ROW)
		stamp = sqlite3_column_int64(spool->file.statements[SPOOL_HEAD], 0);
	if (spool->file.usable)
		sqlite3_reset(spool->file.statements[SPOOL_HEAD]);
	pthread_mutex_unlock(&spool->mutex);
	return stamp;
}

void
spool_collect(void *context)
{
	struct spool *spool = context;
	struct spool_depth depth = spool_depth(spool);
	int64_t oldest = spool_oldest_stamp(spool), now = clock_stamp();

	metrics_set(METRIC_SPOOL_UP, spool_is_well(spool));
	metrics_set(METRIC_SPOOL_PUSHES, depth.pushes);
	metrics_set(METRIC_SPOOL_BYTES, depth.bytes);
	metrics_set(METRIC_SPOOL_MAX_BYTES, spool->file.max_size);
	metrics_set(METRIC_SPOOL_OLDEST_AGE, oldest != 0 && now > oldest ? now - oldest : 0);
}

struct spool_depth
spool_count(struct spool *spool)
{
	pthread_mutex_lock(&spool->mutex);
	spool_file_count(&spool->file);
	pthread_mutex_unlock(&spool->mutex);
	return spool_depth(spool);
}

struct spool_depth
spool_depth(struct spool *spool)
{
	struct spool_depth depth;

	pthread_mutex_lock(&spool->mutex);
	depth = spool->file.depth;
	pthread_mutex_unlock(&spool->mutex);
	return depth;
}

/* --- an administrator's look --------------------------------------------------------------------------------- */

/* A statement that is asked now and then only; NULL, said, when the file cannot be read. */
static sqlite3_stmt *
prepare(struct spool *spool, const char *text)
{
	sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v2(spool->file.database, text, -1, &statement, NULL) != SQLITE_OK)
		spool_file_say(&spool->file, SPOOL_READING);
	return statement;
}

bool
spool_summarize(struct spool *spool, struct spool_summary *summary)
{
	sqlite3_stmt *statement;
	bool read;

	pthread_mutex_lock(&spool->mutex);
	statement = prepare(spool, "SELECT count(*), coalesce(sum(length(body)), 0), coalesce(min(received_at), 0) FROM push");
	read = statement != NULL && sqlite3_step(statement) == SQLITE_ROW;
	if (read) {
		summary->depth.pushes = sqlite3_column_int64(statement, 0);
		summary->depth.bytes = sqlite3_column_int64(statement, 1);
		summary->oldest = sqlite3_column_int64(statement, 2);
	} else if (statement != NULL) {
		spool_file_say(&spool->file, SPOOL_READING);
	}
	sqlite3_finalize(statement);
	pthread_mutex_unlock(&spool->mutex);
	return read;
}

/* The one push a statement gives, with its place in the eighth column. */
static struct push *
read_one(struct spool *spool, sqlite3_stmt *statement, int64_t *place, bool *failed)
{
	struct push *push = NULL;
	int code = statement != NULL ? sqlite3_step(statement) : SQLITE_ERROR;

	if (code == SQLITE_ROW) {
		push = read_push(statement);
		*place = sqlite3_column_int64(statement, 7);
	} else if (code != SQLITE_DONE && statement != NULL) {
		spool_file_say(&spool->file, SPOOL_READING);
	}
	*failed = code != SQLITE_ROW && code != SQLITE_DONE;
	sqlite3_finalize(statement);
	return push;
}

struct push *
spool_next(struct spool *spool, int64_t *place, bool with_body, bool *failed)
{
	sqlite3_stmt *statement;
	struct push *push;

	pthread_mutex_lock(&spool->mutex);
	statement = prepare(spool, "SELECT id, received_at, remote_addr, bytes, sha256, fault,"
	    " CASE WHEN ?2 THEN body END, seq FROM push WHERE seq > ?1 ORDER BY seq LIMIT 1");
	if (statement != NULL) {
		sqlite3_bind_int64(statement, 1, *place);
		sqlite3_bind_int(statement, 2, with_body);
	}
	push = read_one(spool, statement, place, failed);
	pthread_mutex_unlock(&spool->mutex);
	return push;
}

struct push *
spool_find(struct spool *spool, const struct push_id *id, bool *failed)
{
	sqlite3_stmt *statement;
	struct push *push;
	int64_t place;

	pthread_mutex_lock(&spool->mutex);
	statement = prepare(spool, "SELECT id, received_at, remote_addr, bytes, sha256, fault, body, seq FROM push WHERE id = ?");
	if (statement != NULL)
		bind_bytes(statement, 1, id->bytes, PUSH_ID_SIZE);
	push = read_one(spool, statement, &place, failed);
	pthread_mutex_unlock(&spool->mutex);
	return push;
}
