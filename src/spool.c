/*
 * What keeps a push while the database cannot.
 *
 * The file: table push (seq, id, received_at, remote_addr, bytes, sha256, fault, body).  seq is the order of arrival;
 * fault is why the body is no list of records, NULL when it is still to be parsed; body is as it was sent, NULL when it
 * was not kept.
 */
#include "spool.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "memory.h"

enum {
	PAGE_SIZE = 4096,
	BUSY_TIME = 400,                        /* milliseconds to wait for another process: less than a push has for the spool */
	SAY_PAUSE = 10 * 1000,                  /* milliseconds between two complaints of one kind */
	FREE_FLOOR = 64 * 1024 * 1024,          /* bytes of the disk that are left to others */
};

enum { OPEN_OR_MAKE = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE };

enum statement { PUT, OLDEST, HEAD, REMOVE, POSTPONE, DEPTH, STATEMENTS };

static const char *const statement_texts[STATEMENTS] = {
	[PUT] = "INSERT INTO push (id, received_at, remote_addr, bytes, sha256, fault, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
	[OLDEST] = "SELECT id, received_at, remote_addr, bytes, sha256, fault, body FROM push ORDER BY seq LIMIT ?",
	[HEAD] = "SELECT received_at FROM push ORDER BY seq LIMIT 1",
	[REMOVE] = "DELETE FROM push WHERE id = ?",
	[POSTPONE] = "UPDATE push SET seq = (SELECT max(seq) + 1 FROM push) WHERE id = ?",
	[DEPTH] = "SELECT count(*), coalesce(sum(length(body)), 0) FROM push",
};

enum trouble { WRITING, READING, REMOVING, POSTPONING, TROUBLES };

static const char *const trouble_texts[TROUBLES] = {
	[WRITING] = "write to it",
	[READING] = "read it",
	[REMOVING] = "take stored pushes out of it",
	[POSTPONING] = "put a push behind the others",
};

struct spool {
	pthread_mutex_t    mutex;       /* of all that follows: writers put while the replay reads */
	char              *path;
	int64_t            max_size;
	sqlite3           *file;
	bool               usable;      /* file is open and set up */
	sqlite3_stmt      *statements[STATEMENTS];
	struct spool_depth depth;
	int64_t            say_next[TROUBLES];   /* clock_monotonic() from which each may be said again */
	bool               full_said;   /* that it is full has been said, and it has not had room since */
	bool               failing;     /* the last pushes could not be put there */
};

static const char setup[] =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "CREATE TABLE IF NOT EXISTS push ("
    " seq INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, received_at INTEGER NOT NULL, remote_addr TEXT NOT NULL,"
    " bytes INTEGER NOT NULL, sha256 BLOB, fault TEXT, body BLOB);";

/* --- SQLite's side ----------------------------------------------------------------------------------------- */

/* Now and then: an outage's log is read by people. */
static void
say_trouble(struct spool *spool, enum trouble trouble)
{
	int64_t now = clock_monotonic();

	if (now < spool->say_next[trouble])
		return;
	spool->say_next[trouble] = now + SAY_PAUSE;
	log_error("spool %s: cannot %s: %s", spool->path, trouble_texts[trouble], sqlite3_errmsg(spool->file));
}

static bool
execute(struct spool *spool, const char *text)
{
	return sqlite3_exec(spool->file, text, NULL, NULL, NULL) == SQLITE_OK;
}

/* Runs a statement that gives no row. */
static bool
run(sqlite3_stmt *statement)
{
	bool done = sqlite3_step(statement) == SQLITE_DONE;

	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return done;
}

/* --- opening ----------------------------------------------------------------------------------------------- */

const char *
spool_file_system_risk(const char *path)
{
	struct statfs found;

	if (statfs(path, &found) != 0)
		return NULL;
	if (found.f_type == TMPFS_MAGIC || found.f_type == RAMFS_MAGIC)
		return "is on tmpfs: what is in it does not survive a restart of the machine";
	if (found.f_type == NFS_SUPER_MAGIC || found.f_type == SMB_SUPER_MAGIC || found.f_type == (long)SMB2_SUPER_MAGIC)
		return "is on a network file system, which SQLite's locks cannot be trusted on";
	return NULL;
}

static void
warn_of_file_system(const char *path)
{
	const char *risk = spool_file_system_risk(path);

	if (risk != NULL)
		log_warning("spool %s: %s", path, risk);
}

static bool
set_up(struct spool *spool)
{
	char limit[64];

	snprintf(limit, sizeof limit, "PRAGMA max_page_count = %lld", (long long)(spool->max_size / PAGE_SIZE));
	if (!execute(spool, setup) || !execute(spool, limit))
		return false;
	for (int i = 0; i < STATEMENTS; i++)
		if (sqlite3_prepare_v3(spool->file, statement_texts[i], -1, SQLITE_PREPARE_PERSISTENT, &spool->statements[i],
		    NULL) != SQLITE_OK)
			return false;
	return true;
}

static bool
read_depth(struct spool *spool)
{
	sqlite3_stmt *statement = spool->statements[DEPTH];
	bool read = sqlite3_step(statement) == SQLITE_ROW;

	if (read) {
		spool->depth.pushes = sqlite3_column_int64(statement, 0);
		spool->depth.bytes = sqlite3_column_int64(statement, 1);
	}
	sqlite3_reset(statement);
	return read;
}

static void
close_file(struct spool *spool)
{
	for (int i = 0; i < STATEMENTS; i++) {
		sqlite3_finalize(spool->statements[i]);
		spool->statements[i] = NULL;
	}
	sqlite3_close(spool->file);
	spool->file = NULL;
}

/*
 * Made by SQLite it would be as open as the umask leaves it, and phone numbers wait in it.  The files beside it take after
 * it.  One that is there is not even opened: to close it would drop the locks that this process has on it.
 */
static void
make_private(const char *path)
{
	int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (descriptor >= 0)
		close(descriptor);
}

static bool
open_file(struct spool *spool, int how)
{
	if (how & SQLITE_OPEN_CREATE)
		make_private(spool->path);
	spool->usable = sqlite3_open_v2(spool->path, &spool->file, how | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
	    sqlite3_busy_timeout(spool->file, BUSY_TIME) == SQLITE_OK && set_up(spool) && read_depth(spool);
	return spool->usable;
}

/* What is damaged is kept for people to look at, and pushes are taken again.  False when it is not damaged. */
static bool
put_aside_damaged(struct spool *spool)
{
	static const char *const endings[] = { "", "-wal", "-shm" };
	char from[PATH_MAX], to[PATH_MAX];
	int code = sqlite3_errcode(spool->file) & 0xff;
	long long now = (long long)time(NULL);

	if (code != SQLITE_NOTADB && code != SQLITE_CORRUPT)
		return false;
	log_error("spool %s: is damaged; it is put aside as %s.damaged-%lld, and a new one is begun", spool->path,
	    spool->path, now);
	close_file(spool);
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		snprintf(from, sizeof from, "%s%s", spool->path, endings[i]);
		snprintf(to, sizeof to, "%s.damaged-%lld%s", spool->path, now, endings[i]);
		if (rename(from, to) != 0 && i == 0)
			return false;
	}
	return true;
}

static struct spool *
spool_new(const char *path, int64_t max_size)
{
	struct spool *spool = memory_zalloc(sizeof *spool);

	spool->path = memory_strdup(path);
	spool->max_size = max_size;
	pthread_mutex_init(&spool->mutex, NULL);
	return spool;
}

static void
say_no_spool(struct spool *spool)
{
	log_error("spool %s: cannot open it: %s", spool->path, sqlite3_errmsg(spool->file));
}

struct spool *
spool_open(const char *path, int64_t max_size)
{
	struct spool *spool = spool_new(path, max_size);

	if (!open_file(spool, OPEN_OR_MAKE) && !(put_aside_damaged(spool) && open_file(spool, OPEN_OR_MAKE))) {
		say_no_spool(spool);
		spool_close(spool);
		return NULL;
	}
	warn_of_file_system(path);
	if (spool->depth.pushes > 0)
		log_info("spool %s: %lld pushes wait in it", path, (long long)spool->depth.pushes);
	return spool;
}

void
spool_close(struct spool *spool)
{
	if (spool == NULL)
		return;
	close_file(spool);
	pthread_mutex_destroy(&spool->mutex);
	memory_free(spool->path);
	memory_free(spool);
}

/* --- putting ----------------------------------------------------------------------------------------------- */

static bool
disk_has_room(struct spool *spool)
{
	struct statvfs disk;

	return statvfs(spool->path, &disk) != 0 || (uint64_t)disk.f_bavail * disk.f_frsize >= FREE_FLOOR;
}

static void
bind_bytes(sqlite3_stmt *statement, int place, const void *bytes, size_t length)
{
	if (bytes != NULL)
		sqlite3_bind_blob64(statement, place, bytes, length, SQLITE_STATIC);
}

static bool
put_one(struct spool *spool, const struct push *push)
{
	sqlite3_stmt *statement = spool->statements[PUT];

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

/* A file that somebody has removed or replaced still takes what nobody will find again. */
static bool
follow_path(struct spool *spool)
{
	int moved = 0;

	sqlite3_file_control(spool->file, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
	if (spool->usable && !moved)
		return true;
	if (moved)
		log_error("spool %s: has been removed or replaced; a new one is begun", spool->path);
	close_file(spool);
	return open_file(spool, OPEN_OR_MAKE);
}

static bool
put_all(struct spool *spool, struct push *const *pushes, int count)
{
	if (!follow_path(spool) || !execute(spool, "BEGIN IMMEDIATE"))
		return false;
	for (int i = 0; i < count; i++)
		if (!put_one(spool, pushes[i]))
			return false;
	return execute(spool, "COMMIT");
}

static void
note_put(struct spool *spool, struct push *const *pushes, int count)
{
	spool->full_said = false;
	spool->depth.pushes += count;
	for (int i = 0; i < count; i++)
		spool->depth.bytes += (int64_t)pushes[i]->body.length;
}

/* Once until there is room again. */
static void
say_full(struct spool *spool)
{
	if (!spool->full_said)
		log_error("spool %s: is full, or its disk is: pushes are refused", spool->path);
	spool->full_said = true;
}

/* Damaged while it is in use: a new file takes what the old one cannot. */
static bool
put_anew(struct spool *spool, struct push *const *pushes, int count)
{
	return put_aside_damaged(spool) && open_file(spool, OPEN_OR_MAKE) && put_all(spool, pushes, count);
}

bool
spool_put(struct spool *spool, struct push *const *pushes, int count)
{
	bool put = false;

	pthread_mutex_lock(&spool->mutex);
	if (!disk_has_room(spool)) {
		say_full(spool);
	} else if ((put = put_all(spool, pushes, count) || put_anew(spool, pushes, count))) {
		note_put(spool, pushes, count);
	} else {
		if (sqlite3_errcode(spool->file) == SQLITE_FULL)
			say_full(spool);
		else
			say_trouble(spool, WRITING);
		/* what a failed fsync has covered is never counted on: the transaction goes as a whole */
		if (sqlite3_get_autocommit(spool->file) == 0)
			execute(spool, "ROLLBACK");
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
	sqlite3_stmt *statement = spool->statements[OLDEST];
	int count = 0, code;

	pthread_mutex_lock(&spool->mutex);
	sqlite3_bind_int(statement, 1, room);
	for (size_t read = 0; (code = sqlite3_step(statement)) == SQLITE_ROW && read <= bytes;) {
		pushes[count] = read_push(statement);
		read += pushes[count++]->body.length;
	}
	if (code != SQLITE_ROW && code != SQLITE_DONE) {
		say_trouble(spool, READING);
		while (count > 0)
			push_release(pushes[--count]);
		count = -1;
	}
	sqlite3_reset(statement);
	pthread_mutex_unlock(&spool->mutex);
	return count;
}

static bool
remove_all(struct spool *spool, struct push *const *pushes, int count)
{
	if (!execute(spool, "BEGIN IMMEDIATE"))
		return false;
	for (int i = 0; i < count; i++) {
		bind_bytes(spool->statements[REMOVE], 1, pushes[i]->id.bytes, PUSH_ID_SIZE);
		if (!run(spool->statements[REMOVE]))
			return false;
	}
	return execute(spool, "COMMIT");
}

bool
spool_remove(struct spool *spool, struct push *const *pushes, int count)
{
	bool removed;

	pthread_mutex_lock(&spool->mutex);
	removed = remove_all(spool, pushes, count);
	if (removed) {
		spool->depth.pushes -= count;
		for (int i = 0; i < count; i++)
			spool->depth.bytes -= (int64_t)pushes[i]->body.length;
		if (spool->depth.pushes <= 0)   /* others put pushes there too */
			read_depth(spool);
	} else {
		say_trouble(spool, REMOVING);
		if (sqlite3_get_autocommit(spool->file) == 0)
			execute(spool, "ROLLBACK");
	}
	pthread_mutex_unlock(&spool->mutex);
	return removed;
}

bool
spool_postpone(struct spool *spool, const struct push *push)
{
	bool done;

	pthread_mutex_lock(&spool->mutex);
	bind_bytes(spool->statements[POSTPONE], 1, push->id.bytes, PUSH_ID_SIZE);
	done = run(spool->statements[POSTPONE]);
	if (!done)
		say_trouble(spool, POSTPONING);
	pthread_mutex_unlock(&spool->mutex);
	return done;
}

bool
spool_is_well(struct spool *spool)
{
	bool well;

	pthread_mutex_lock(&spool->mutex);
	well = !spool->failing && disk_has_room(spool);
	pthread_mutex_unlock(&spool->mutex);
	return well;
}

int64_t
spool_oldest_stamp(struct spool *spool)
{
	int64_t stamp = 0;

	pthread_mutex_lock(&spool->mutex);
	if (spool->usable && sqlite3_step(spool->statements[HEAD]) == SQLITE_ROW)
		stamp = sqlite3_column_int64(spool->statements[HEAD], 0);
	if (spool->usable)
		sqlite3_reset(spool->statements[HEAD]);
	pthread_mutex_unlock(&spool->mutex);
	return stamp;
}

struct spool_depth
spool_count(struct spool *spool)
{
	pthread_mutex_lock(&spool->mutex);
	read_depth(spool);
	pthread_mutex_unlock(&spool->mutex);
	return spool_depth(spool);
}

struct spool_depth
spool_depth(struct spool *spool)
{
	struct spool_depth depth;

	pthread_mutex_lock(&spool->mutex);
	depth = spool->depth;
	pthread_mutex_unlock(&spool->mutex);
	return depth;
}

/* --- an administrator's look --------------------------------------------------------------------------------- */

struct spool *
spool_open_existing(const char *path, int64_t max_size)
{
	struct spool *spool = spool_new(path, max_size);

	if (open_file(spool, SQLITE_OPEN_READWRITE))
		return spool;
	say_no_spool(spool);
	spool_close(spool);
	return NULL;
}

/* A statement that is asked now and then only; NULL, said, when the file cannot be read. */
static sqlite3_stmt *
prepare(struct spool *spool, const char *text)
{
	sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v2(spool->file, text, -1, &statement, NULL) != SQLITE_OK)
		say_trouble(spool, READING);
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
		say_trouble(spool, READING);
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
		say_trouble(spool, READING);
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
