/*
 * The spool's file, for spool.c alone: opened, held to its size, followed when it is moved, put aside and replaced when it
 * is damaged.  The two are the only users of SQLite, which has no mutex of its own here: the caller holds the spool's.
 */
#ifndef SPOOL_FILE_H
#define SPOOL_FILE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "spool/spool.h"

/* Statements that are prepared whenever the file is opened. */
enum spool_statement {
	SPOOL_PUT,          /* id, received_at, remote_addr, bytes, sha256, fault, body */
	SPOOL_OLDEST,       /* how many; gives the columns of SPOOL_PUT */
	SPOOL_HEAD,         /* gives received_at */
	SPOOL_REMOVE,       /* id */
	SPOOL_POSTPONE,     /* id */
	SPOOL_DEPTH,        /* gives the pushes and their bytes */
	SPOOL_STATEMENTS,
};

/* What may go wrong with it, each said by itself. */
enum spool_trouble {
	SPOOL_WRITING,
	SPOOL_READING,
	SPOOL_REMOVING,
	SPOOL_POSTPONING,
	SPOOL_TROUBLES,
};

struct spool_file {
	char              *path;
	int64_t            max_size;    /* bytes */
	sqlite3           *database;    /* NULL: not open */
	bool               usable;      /* database is open and set up: statements are there */
	sqlite3_stmt      *statements[SPOOL_STATEMENTS];
	struct spool_depth depth;       /* counted when it is opened; spool.c keeps it up to date */
	int64_t            say_next[SPOOL_TROUBLES];    /* clock_monotonic() from which each may be said again */
};

/* As spool_open and spool_open_existing do.  False, said in the log, when it cannot; it is to be closed all the same. */
bool spool_file_open(struct spool_file *file, const char *path, int64_t max_size);
bool spool_file_open_existing(struct spool_file *file, const char *path, int64_t max_size);
void spool_file_close(struct spool_file *file);

/*
 * Begins a new file at its path when the one in use has been removed or replaced, since that one would take what nobody
 * finds again; and opens it anew when it is not usable.  False when it cannot.
 */
bool spool_file_follow(struct spool_file *file);

/*
 * Puts the file aside under another name and begins a new one, when the last call of SQLite found it damaged; takes the new
 * one where another process was first.  False when it is not damaged, or when that cannot be done.
 */
bool spool_file_replace_damaged(struct spool_file *file);

/* Whether its disk has more room than is left to others. */
bool spool_file_has_room(const struct spool_file *file);

/* Counts what is in it into its depth. */
bool spool_file_count(struct spool_file *file);

/* Runs SQL that gives no row. */
bool spool_file_execute(struct spool_file *file, const char *text);

/* Says what the last call of SQLite went wrong with, each trouble now and then only: an outage's log is read by people. */
void spool_file_say(struct spool_file *file, enum spool_trouble trouble);

#endif
