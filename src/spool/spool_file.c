/* The spool's file: its opening, its transactions, and a new one where it is gone or damaged. */
#include "spool/spool_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/path.h"

enum {                          /* milliseconds */
	BUSY_TIME = 200,        /* that SQLite waits for a process that takes no turns */
	LOCK_TIME = 400,        /* to wait for the turn to make the file, or to put it aside */
};

/* The log, and the index of it that all processes share. */
#define BESIDE "-wal", "-shm"

/* In the order of enum spool_column.  seq is read as rowid, which is there even when the schema's text is damaged. */
#define COLUMNS "id, received_at, remote_addr, bytes, sha256, fault, source, clock_ahead, body, rowid"

#define OF_WAITING " FROM push WHERE id NOT IN (SELECT id FROM temp.remembered)"

/*
 * Looks for a push at its seq too: if the index of the ids is damaged, a push that is looked for there alone is not
 * found, and comes again for ever.  SQLite notices the damage when it changes the row.
 */
#define OF_PUSH " WHERE +id = ?1 AND rowid IN (?2, (SELECT rowid FROM push WHERE id = ?1))"

static const char *const statement_texts[STATEMENTS] = {
	[STATEMENT_PUT] = "INSERT INTO push (" COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	    " ON CONFLICT (id) DO NOTHING",
	[STATEMENT_OLDEST] = "SELECT " COLUMNS OF_WAITING " ORDER BY seq LIMIT ?",
	[STATEMENT_HEAD] = "SELECT received_at" OF_WAITING " ORDER BY seq LIMIT 1",
	[STATEMENT_REMOVE] = "DELETE FROM push" OF_PUSH,
	[STATEMENT_POSTPONE] = "UPDATE push SET seq = (SELECT max(seq) + 1 FROM push)" OF_PUSH,
	[STATEMENT_SET_ID] = "UPDATE push SET id = ?1 WHERE rowid = ?2",
	[STATEMENT_REMEMBER] = "INSERT INTO temp.remembered (id) VALUES (?) ON CONFLICT DO NOTHING",
	[STATEMENT_DEPTH] = "SELECT pushes, bytes FROM depth",
};

/*
 * secure_delete: overwriting freed pages would double the writes of a drain, and need room on a full disk.
 * journal_size_limit: a large transaction must not leave a large log behind.
 */
static const char setup[] =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA secure_delete = FAST;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA journal_size_limit = 4194304;"
    "CREATE TEMP TABLE IF NOT EXISTS remembered (id BLOB NOT NULL PRIMARY KEY) WITHOUT ROWID;";

/* --- opening ----------------------------------------------------------------------------------------------- */

static bool
prepare_statements(struct spool_file *file)
{
	for (int i = 0; i < STATEMENTS; i++)
		if (sqlite3_prepare_v3(file->database, statement_texts[i], -1, SQLITE_PREPARE_PERSISTENT,
		    &file->statements[i], NULL) != SQLITE_OK)
			return false;
	return true;
}

static bool
set_up(struct spool_file *file)
{
	return spool_file_execute(file, setup) &&
	    spool_file_execute(file, "PRAGMA max_page_count = %lld", (long long)(file->max_size / SPOOL_PAGE_SIZE)) &&
	    spool_schema_upgrade(file) && prepare_statements(file);
}

static void
drop(struct spool_file *file)
{
	for (int i = 0; i < STATEMENTS; i++) {
		sqlite3_finalize(file->statements[i]);
		file->statements[i] = NULL;
	}
	sqlite3_close(file->database);
	file->database = NULL;
	file->usable = false;
	file->remembered = 0;
}

/*
 * Creates the file with mode 0600, which the files beside it take over: it holds phone numbers, and SQLite would apply
 * the umask.  Does not even open a file that exists: closing it would drop the locks that this process has on it.
 * Fsyncs the folder, or a crash may take the new file along.
 */
static void
make_private(const char *path)
{
	int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	char folder[PATH_MAX];

	if (descriptor < 0)
		return;
	close(descriptor);
	descriptor = path_folder(folder, path) ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (descriptor >= 0) {
		fsync(descriptor);
		close(descriptor);
	}
}

/* 0: it is not there. */
static ino_t
inode_beside(const struct spool_file *file, size_t i)
{
	static const char *const endings[SPOOL_BESIDE] = { BESIDE };
	char path[PATH_MAX];
	struct stat found;

	snprintf(path, sizeof path, "%s%s", file->path, endings[i]);
	return stat(path, &found) == 0 ? found.st_ino : 0;
}

/* If SQLite may not write to a file, it opens it for reading and reports no error: that is not usable. */
static bool
open_database(struct spool_file *file, int how)
{
	bool opened;

	if (how & SQLITE_OPEN_CREATE)
		make_private(file->path);
	opened = sqlite3_open_v2(file->path, &file->database, how | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
	    sqlite3_busy_timeout(file->database, BUSY_TIME) == SQLITE_OK && set_up(file);
	file->usable = opened && sqlite3_db_readonly(file->database, "main") == 0;
	for (size_t i = 0; i < SPOOL_BESIDE; i++)
		file->beside[i] = inode_beside(file, i);
	if (file->usable)
		spool_aside_order(file);
	else if (opened)
		spool_file_note_problem(file, SPOOL_FAILED, "it can be read and not written");
	else
		spool_file_note(file);
	return file->usable;
}

static bool
open_turn(struct spool_file *file)
{
	char problem[SPOOL_PROBLEM_SIZE];

	if (spool_turn_open(&file->turn, file->path))
		return true;
	snprintf(problem, sizeof problem, "%s%s", errno != ENOENT ? "the .lock file beside it: " : "",
	    strerror(errno));
	spool_file_note_problem(file, SPOOL_FAILED, problem);
	return false;
}

/*
 * Opens the file even without the turn: SQLite's own locks protect it, and refuse only a file that another process is
 * just making.
 */
static bool
open_file(struct spool_file *file)
{
	bool has_turn, opened;

	drop(file);
	if (!open_turn(file))
		return false;
	has_turn = spool_turn_take(&file->turn, clock_ms() + LOCK_TIME);
	opened = open_database(file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
	if (has_turn)
		spool_turn_leave(&file->turn);
	return opened;
}

bool
spool_file_open_existing(struct spool_file *file)
{
	return open_database(file, SQLITE_OPEN_READWRITE) && open_turn(file);
}

void
spool_file_init(struct spool_file *file, const char *path, int64_t max_size)
{
	*file = (struct spool_file){ .path = memory_strdup(path), .max_size = max_size, .turn = { -1 } };
	STAILQ_INIT(&file->asides);
}

void
spool_file_close(struct spool_file *file)
{
	drop(file);
	spool_turn_close(&file->turn);
	spool_aside_give_up(file);
	memory_free(file->path);
}

/* --- using ------------------------------------------------------------------------------------------------- */

static bool
is_elsewhere(const struct spool_file *file)
{
	int moved = 0;

	if (file->database != NULL)
		sqlite3_file_control(file->database, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
	return moved != 0;
}

/* The log counts too: SQLite puts pushes there first, and if it was removed they are gone with this process. */
bool
spool_file_has_moved(const struct spool_file *file)
{
	bool moved = is_elsewhere(file);

	for (size_t i = 0; i < SPOOL_BESIDE && file->usable && !moved; i++)
		moved = file->beside[i] != 0 && inode_beside(file, i) != file->beside[i];
	return moved;
}

void
spool_file_drop_if_found(struct spool_file *file)
{
	if (!spool_file_has_moved(file))
		drop(file);
}

bool
spool_file_rename(const char *from, const char *to)
{
	static const char *const endings[] = { "", BESIDE };
	char old[PATH_MAX], new[PATH_MAX];

	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		snprintf(old, sizeof old, "%s%s", from, endings[i]);
		snprintf(new, sizeof new, "%s%s", to, endings[i]);
		if (renameat2(AT_FDCWD, old, AT_FDCWD, new, RENAME_NOREPLACE) != 0 && i == 0)
			return false;
	}
	return true;
}

static bool
put_aside(struct spool_file *file, char aside[PATH_MAX])
{
	snprintf(aside, PATH_MAX, "%s" SPOOL_DAMAGED_MARK "%lld", file->path, (long long)time(NULL));
	if (!spool_file_rename(file->path, aside))
		return false;
	log_error("spool %s: the file is damaged; keeping it as %s and rescuing its pushes into a new one", file->path,
	    aside);
	return true;
}

/* Sets aside the file at the path after the files beside it were removed: alone it is not whole. */
static bool
put_rest_aside(struct spool_file *file)
{
	char aside[PATH_MAX];
	bool done;

	spool_file_note_problem(file, SPOOL_FAILED, "files beside it were removed, and it cannot be renamed");
	if (!spool_turn_open(&file->turn, file->path) || !spool_turn_take(&file->turn, clock_ms() + LOCK_TIME))
		return false;
	done = is_elsewhere(file) || put_aside(file, aside);
	spool_turn_leave(&file->turn);
	return done;
}

bool
spool_file_follow(struct spool_file *file)
{
	bool moved = spool_file_has_moved(file);

	if (file->usable && !moved)
		return true;
	if (moved && !is_elsewhere(file) && !put_rest_aside(file))
		return false;
	if (moved && file->usable && !spool_copy_moved(file))
		return false;
	if (moved)
		log_error("spool %s: the file was removed or replaced; starting a new one", file->path);
	return open_file(file);
}

enum spool_result
spool_file_begin(struct spool_file *file, int64_t deadline)
{
	if (!spool_file_follow(file))
		return file->noted;
	if (!spool_turn_take(&file->turn, deadline))
		return spool_file_note_problem(file, SPOOL_BUSY, "another process does not let go of it");
	/* a process needs the turn to put the file aside, so from here on it cannot move */
	if (!spool_file_has_moved(file) && spool_file_execute(file, "BEGIN IMMEDIATE"))
		return SPOOL_DONE;
	spool_file_note(file);
	spool_turn_leave(&file->turn);
	return spool_file_has_moved(file) ? SPOOL_BUSY : file->noted;
}

/* What a failed fsync covered is never counted on: the whole transaction is rolled back. */
enum spool_result
spool_file_end(struct spool_file *file, enum spool_result result)
{
	if (result == SPOOL_DONE && !spool_file_execute(file, "COMMIT"))
		result = spool_file_note(file);
	if (sqlite3_get_autocommit(file->database) == 0)
		spool_file_execute(file, "ROLLBACK");
	spool_turn_leave(&file->turn);
	return result;
}

/* A process needs the turn to put the file aside: with it, an order cannot end up in a file that is just set aside. */
void
spool_file_order_rescues(struct spool_file *file)
{
	if (STAILQ_EMPTY(&file->asides) || !spool_turn_take(&file->turn, clock_ms() + LOCK_TIME))
		return;
	if (!spool_file_has_moved(file))
		spool_aside_order(file);
	spool_turn_leave(&file->turn);
}

/* --- damaged ----------------------------------------------------------------------------------------------- */

bool
spool_file_replace_damaged(struct spool_file *file)
{
	char aside[PATH_MAX];
	int64_t expected;
	bool replaced;

	if (file->database == NULL || file->noted != SPOOL_DAMAGED ||
	    !spool_turn_open(&file->turn, file->path) || !spool_turn_take(&file->turn, clock_ms() + LOCK_TIME))
		return false;
	expected = spool_file_number(file, "SELECT pushes FROM depth", -1);
	/* another process may have been first: what is at the path then is its new file, with pushes in it */
	replaced = is_elsewhere(file);
	drop(file);
	spool_file_note_problem(file, SPOOL_FAILED, "it is damaged and cannot be renamed");
	if (!replaced && put_aside(file, aside)) {
		spool_aside_add(file, aside, expected);
		replaced = true;
	}
	replaced = replaced && open_database(file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
	spool_turn_leave(&file->turn);
	return replaced;
}
