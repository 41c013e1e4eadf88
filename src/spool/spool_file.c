/*
 * The spool's file: opened, held to its size, followed when it is moved, put aside and replaced when it is damaged.
 *
 * Its table is push (seq, id, received_at, remote_addr, bytes, sha256, fault, body).  seq is the order of arrival; fault
 * is why the body is no list of records, NULL when it is still to be parsed; body is as it was sent, NULL when it was not
 * kept.
 */
#include "spool/spool_file.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/path.h"

enum {
	PAGE_SIZE = 4096,
	BUSY_TIME = 400,                        /* milliseconds to wait for another process: less than a push has for the spool */
	LOCK_PAUSE = 5,                         /* milliseconds between two tries to get the lock of its folder */
	SAY_PAUSE = 10 * 1000,                  /* milliseconds between two complaints of one kind */
	FREE_FLOOR = 64 * 1024 * 1024,          /* bytes of the disk that are left to others */
};

enum { OPEN_OR_MAKE = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE };

static const char *const statement_texts[SPOOL_STATEMENTS] = {
	[SPOOL_PUT] = "INSERT INTO push (id, received_at, remote_addr, bytes, sha256, fault, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
	[SPOOL_OLDEST] = "SELECT id, received_at, remote_addr, bytes, sha256, fault, body FROM push ORDER BY seq LIMIT ?",
	[SPOOL_HEAD] = "SELECT received_at FROM push ORDER BY seq LIMIT 1",
	[SPOOL_REMOVE] = "DELETE FROM push WHERE id = ?",
	[SPOOL_POSTPONE] = "UPDATE push SET seq = (SELECT max(seq) + 1 FROM push) WHERE id = ?",
	[SPOOL_DEPTH] = "SELECT count(*), coalesce(sum(length(body)), 0) FROM push",
};

static const char *const trouble_texts[SPOOL_TROUBLES] = {
	[SPOOL_WRITING] = "write to it",
	[SPOOL_READING] = "read it",
	[SPOOL_REMOVING] = "take stored pushes out of it",
	[SPOOL_POSTPONING] = "put a push behind the others",
};

static const char setup[] =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "CREATE TABLE IF NOT EXISTS push ("
    " seq INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, received_at INTEGER NOT NULL, remote_addr TEXT NOT NULL,"
    " bytes INTEGER NOT NULL, sha256 BLOB, fault TEXT, body BLOB);";

/* --- SQLite's side ----------------------------------------------------------------------------------------- */

/* Nothing is open only where a damaged file could not be renamed. */
static const char *
problem(const struct spool_file *file)
{
	return file->database != NULL ? sqlite3_errmsg(file->database) : "it is damaged, and cannot be put aside";
}

void
spool_file_say(struct spool_file *file, enum spool_trouble trouble)
{
	int64_t now = clock_monotonic();

	if (now < file->say_next[trouble])
		return;
	file->say_next[trouble] = now + SAY_PAUSE;
	log_error("spool %s: cannot %s: %s", file->path, trouble_texts[trouble], problem(file));
}

bool
spool_file_execute(struct spool_file *file, const char *text)
{
	return sqlite3_exec(file->database, text, NULL, NULL, NULL) == SQLITE_OK;
}

bool
spool_file_count(struct spool_file *file)
{
	sqlite3_stmt *statement = file->statements[SPOOL_DEPTH];
	bool read = sqlite3_step(statement) == SQLITE_ROW;

	if (read) {
		file->depth.pushes = sqlite3_column_int64(statement, 0);
		file->depth.bytes = sqlite3_column_int64(statement, 1);
	}
	sqlite3_reset(statement);
	return read;
}

/* --- its disk ---------------------------------------------------------------------------------------------- */

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

bool
spool_file_has_room(const struct spool_file *file)
{
	struct statvfs disk;

	return statvfs(file->path, &disk) != 0 || (uint64_t)disk.f_bavail * disk.f_frsize >= FREE_FLOOR;
}

/* --- opening ----------------------------------------------------------------------------------------------- */

static bool
set_up(struct spool_file *file)
{
	char limit[64];

	snprintf(limit, sizeof limit, "PRAGMA max_page_count = %lld", (long long)(file->max_size / PAGE_SIZE));
	if (!spool_file_execute(file, setup) || !spool_file_execute(file, limit))
		return false;
	for (int i = 0; i < SPOOL_STATEMENTS; i++)
		if (sqlite3_prepare_v3(file->database, statement_texts[i], -1, SQLITE_PREPARE_PERSISTENT, &file->statements[i],
		    NULL) != SQLITE_OK)
			return false;
	return true;
}

static void
close_database(struct spool_file *file)
{
	for (int i = 0; i < SPOOL_STATEMENTS; i++) {
		sqlite3_finalize(file->statements[i]);
		file->statements[i] = NULL;
	}
	sqlite3_close(file->database);
	file->database = NULL;
	file->usable = false;
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
open_database(struct spool_file *file, int how)
{
	if (how & SQLITE_OPEN_CREATE)
		make_private(file->path);
	file->usable = sqlite3_open_v2(file->path, &file->database, how | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
	    sqlite3_busy_timeout(file->database, BUSY_TIME) == SQLITE_OK && set_up(file) && spool_file_count(file);
	return file->usable;
}

/* Whether its path leads to another file by now, or to none. */
static bool
has_moved(const struct spool_file *file)
{
	int moved = 0;

	if (file->database != NULL)
		sqlite3_file_control(file->database, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
	return moved != 0;
}

/* Processes that share the file make it and put it aside one at a time. */
static int
lock_folder(const struct spool_file *file)
{
	return path_lock_folder(file->path, BUSY_TIME);
}

static void
unlock_folder(int descriptor)
{
	if (descriptor != -1)
		close(descriptor);
}

/* Without the lock too: SQLite has its own, and only a file that is made at this moment is refused by them at once. */
static bool
open_or_make(struct spool_file *file)
{
	int lock = lock_folder(file);
	bool opened = open_database(file, OPEN_OR_MAKE);

	unlock_folder(lock);
	return opened;
}

/* What is damaged is kept for people to look at; another file put aside in this second is not written over. */
static bool
put_aside(struct spool_file *file)
{
	static const char *const endings[] = { "", "-wal", "-shm" };
	char from[PATH_MAX], to[PATH_MAX];
	long long now = (long long)time(NULL);

	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		snprintf(from, sizeof from, "%s%s", file->path, endings[i]);
		snprintf(to, sizeof to, "%s.damaged-%lld%s", file->path, now, endings[i]);
		if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) != 0 && i == 0)
			return false;
	}
	log_error("spool %s: is damaged; it is put aside as %s.damaged-%lld, and a new one is begun", file->path,
	    file->path, now);
	return true;
}

bool
spool_file_replace_damaged(struct spool_file *file)
{
	int code = sqlite3_errcode(file->database) & 0xff;
	bool replaced, moved;
	int lock;

	if (code != SQLITE_NOTADB && code != SQLITE_CORRUPT)
		return false;
	lock = lock_folder(file);
	if (lock == -1)
		return false;
	/* another process may have been first: what is at the path then is its new file, with pushes in it */
	moved = has_moved(file);
	close_database(file);
	replaced = (moved || put_aside(file)) && open_database(file, OPEN_OR_MAKE);
	unlock_folder(lock);
	return replaced;
}

bool
spool_file_follow(struct spool_file *file)
{
	bool moved = has_moved(file);

	if (file->usable && !moved)
		return true;
	if (moved)
		log_error("spool %s: has been removed or replaced; a new one is begun", file->path);
	close_database(file);
	return open_or_make(file);
}

static void
name_file(struct spool_file *file, const char *path, int64_t max_size)
{
	file->path = memory_strdup(path);
	file->max_size = max_size;
}

static void
say_no_spool(const struct spool_file *file)
{
	log_error("spool %s: cannot open it: %s", file->path, problem(file));
}

bool
spool_file_open(struct spool_file *file, const char *path, int64_t max_size)
{
	bool opened;

	name_file(file, path, max_size);
	opened = open_or_make(file) || spool_file_replace_damaged(file);
	if (opened)
		warn_of_file_system(path);
	else
		say_no_spool(file);
	return opened;
}

bool
spool_file_open_existing(struct spool_file *file, const char *path, int64_t max_size)
{
	bool opened;

	name_file(file, path, max_size);
	opened = open_database(file, SQLITE_OPEN_READWRITE);
	if (!opened)
		say_no_spool(file);
	return opened;
}

void
spool_file_close(struct spool_file *file)
{
	close_database(file);
	memory_free(file->path);
}
