/*
 * The spool's file, for this room alone: opens it, upgrades it, holds it to its size, follows it when it is moved, and
 * replaces it when it is damaged.  SQLite has no mutex of its own here: the caller holds the spool's file_mutex.
 */
#ifndef SPOOL_FILE_H
#define SPOOL_FILE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "base/log.h"
#include "spool/spool.h"
#include "spool/spool_turn.h"

/* Statements that are prepared whenever the file is opened, with their parameters. */
enum spool_statement {
	STATEMENT_PUT,          /* enum spool_column */
	STATEMENT_OLDEST,       /* how many; gives enum spool_column of what is not remembered */
	STATEMENT_HEAD,         /* gives received_at of the first of these */
	STATEMENT_REMOVE,       /* id, seq */
	STATEMENT_POSTPONE,     /* id, seq */
	STATEMENT_SET_ID,       /* id, seq: gives the row of that seq that id */
	STATEMENT_REMEMBER,     /* id */
	STATEMENT_DEPTH,        /* gives the pushes and their bytes */
	STATEMENTS,
};

/* What may go wrong with it, each logged by itself. */
enum spool_trouble {
	TROUBLE_OPENING,
	TROUBLE_WRITING,
	TROUBLE_READING,
	TROUBLE_REMOVING,
	TROUBLE_POSTPONING,
	TROUBLES,
};

/* What becomes of a try to write. */
enum spool_result {
	SPOOL_DONE,
	SPOOL_NO_ROOM,      /* the file or its disk is full */
	SPOOL_BUSY,         /* another process is in the way: to be tried again */
	SPOOL_DAMAGED,      /* see spool_file_replace_damaged */
	SPOOL_FAILED,       /* whatever else: to be tried again with the file opened anew */
};

enum { SPOOL_PAGE_SIZE = 4096, SPOOL_BESIDE = 2 };

/* A file whose pushes the spool is still to take over. */
struct spool_aside {
	char    *path;
	int64_t  expected;      /* how many it says it has, 0 for a copy; -1: it does not say */
	STAILQ_ENTRY(spool_aside) link;
};

struct spool_file {
	char              *path;
	int64_t            max_size;    /* bytes */
	sqlite3           *database;    /* NULL: not open */
	bool               usable;      /* database is open and set up: statements are there */
	sqlite3_stmt      *statements[STATEMENTS];
	struct spool_turn  turn;
	ino_t              beside[SPOOL_BESIDE];   /* inodes of -wal and -shm when it was opened; 0: none */
	STAILQ_HEAD(, spool_aside) asides;      /* whose rescue could not be ordered yet */
	int64_t            remembered;  /* stored pushes that could not be removed yet */
	enum spool_result  noted;       /* what the last failure was, */
	char               problem[SPOOL_PROBLEM_SIZE];   /* and why it came */
	struct log_limit   limits[TROUBLES];
};

/* Names the file; nothing is opened yet. */
void spool_file_init(struct spool_file *file, const char *path, int64_t max_size);

/* Logs each file aside whose rescue could not be ordered. */
void spool_file_close(struct spool_file *file);

/* Opens a file that is there; nothing is made.  False, noted, when it cannot. */
bool spool_file_open_existing(struct spool_file *file) __attribute__((warn_unused_result));

/*
 * Closes the file after trouble, so that the next use opens it anew.  Not if it was removed or replaced: then only this
 * process can still read its pushes.
 */
void spool_file_drop_if_found(struct spool_file *file);

/*
 * Opens the file unless it is open.  If the file in use was removed or replaced, nobody would find the pushes that it
 * takes: begins a new one at the path, and orders the waiting pushes to be copied into it.  False, noted, when that
 * fails; a file that cannot be copied stays open, and can be read.
 */
bool spool_file_follow(struct spool_file *file) __attribute__((warn_unused_result));

/* Whether the path of the file, or of one that SQLite has beside it, now leads to another file, or to none. */
bool spool_file_has_moved(const struct spool_file *file);

/* Follows, takes the turn until deadline (clock_ms(), ms), and begins a transaction. */
enum spool_result spool_file_begin(struct spool_file *file, int64_t deadline) __attribute__((warn_unused_result));

/* Commits when result is SPOOL_DONE, else rolls back; leaves the turn.  Returns what became of it. */
enum spool_result spool_file_end(struct spool_file *file, enum spool_result result) __attribute__((warn_unused_result));

/* Renames a spool and SQLite's files beside it.  False when it cannot, or another file has the new name. */
bool spool_file_rename(const char *from, const char *to) __attribute__((warn_unused_result));

/*
 * When the last failure was damage: sets the file aside under another name, and begins a new one or uses that of a
 * process that was first.  False when there was no damage, or, noted, when it cannot.
 */
bool spool_file_replace_damaged(struct spool_file *file);

/* Orders what could not be ordered when the file was opened, if the turn comes and SQLite can write it now. */
void spool_file_order_rescues(struct spool_file *file);

/* --- what SQLite is asked, and what failed (spool_sqlite.c) ------------------------------------------------- */

/* Counts the pushes in the file without the remembered ones.  False when it cannot be read. */
bool spool_file_count(struct spool_file *file, struct spool_depth *depth) __attribute__((warn_unused_result));

/* Runs a statement that gives no row, or SQL in a format of sqlite3_mprintf.  False when SQLite fails. */
bool spool_file_run(sqlite3_stmt *statement) __attribute__((warn_unused_result));
bool spool_file_execute(struct spool_file *file, const char *format, ...);

/* The number that a statement gives; otherwise when it gives none. */
int64_t spool_file_number(const struct spool_file *file, const char *text, int64_t otherwise);

/* Notes why the last call of SQLite failed, before the next one overwrites it; returns the result that this means. */
enum spool_result spool_file_note(struct spool_file *file);

/* Notes what SQLite does not see; returns result. */
enum spool_result spool_file_note_problem(struct spool_file *file, enum spool_result result, const char *problem);

/* Logs what was noted last, each trouble once in a while. */
void spool_file_log(struct spool_file *file, enum spool_trouble trouble);

/* --- its tables (spool_schema.c) ---------------------------------------------------------------------------- */

/* Makes the tables where there are none, and upgrades those of the first version.  False: the file is to be closed. */
bool spool_schema_upgrade(struct spool_file *file) __attribute__((warn_unused_result));

/* --- the files set aside (spool_aside.c) -------------------------------------------------------------------- */

/* Remembers that a file was set aside; the rescue of its pushes is ordered as soon as the spool is open. */
void spool_aside_add(struct spool_file *file, const char *path, int64_t expected);

/* Remembers the files that are beside the spool, as after a process was killed before it could order their rescue. */
void spool_aside_find(struct spool_file *file);

/* Orders the rescues that are not ordered yet, in the open spool.  What cannot be written, logged, stays for later. */
void spool_aside_order(struct spool_file *file);

/* Forgets what could not be ordered, and logs each. */
void spool_aside_give_up(struct spool_file *file);

/* --- a copy of it (spool_copy.c) ---------------------------------------------------------------------------- */

/*
 * Copies the file in use, which is not at its path any more, into a file beside that path, which joins file->asides;
 * not when it has no pushes, or none can be read.  False, noted, when the copy cannot be written.
 */
bool spool_copy_moved(struct spool_file *file) __attribute__((warn_unused_result));

#endif
