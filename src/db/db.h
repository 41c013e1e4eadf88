/*
 * The database: one connection, one transaction a batch, each step inside a deadline.  The files of the
 * database (db_internal.h) are the only users of libpq.
 * A struct db belongs to one thread.
 */
#ifndef DB_H
#define DB_H

#include <stdbool.h>
#include <stdint.h>

#include "push/fold.h"
#include "push/push.h"

struct db;

enum db_result {
	DB_STORED,        /* committed: the server said COMMIT */
	DB_UNAVAILABLE,   /* the server's trouble, or the operator's: another time it may go */
	DB_UNKNOWN,       /* COMMIT was sent and not clearly answered: it may be stored */
	DB_BAD_RECORD,    /* the data is refused, on a connection that is well; nothing was stored */
};

/* What became of the pushes of a batch that were not in the database yet, and of their records: how many. */
struct db_counts {
	int64_t pushes;
	int64_t inserted;
	int64_t updated;
	int64_t duplicates;
	int64_t quarantined;
};

/* conninfo and call_timezone must outlive the db.  No connection is made yet. */
struct db *db_new(const char *conninfo, const char *call_timezone);
void db_free(struct db *db);

/* Whether conninfo can be read; what it says is not shown, for it may hold a password. */
bool db_conninfo_valid(const char *conninfo);

/*
 * Connects unless connected, and checks that the schema and the time zone fit; a standby may be read from.  Connecting
 * takes as long as libpq's connect_timeout allows for each host, the look-up of names included, and the checks end by
 * the deadline (clock_ms).  False when it is not done.
 */
bool db_connect(struct db *db, int64_t deadline) __attribute__((warn_unused_result));

bool db_is_connected(const struct db *db);

/*
 * Asks the server whether it takes writes, and what time it is.  False, and no connection any more, when it does not
 * say so in time.
 */
bool db_check(struct db *db, int64_t deadline) __attribute__((warn_unused_result));

/* How far this clock was ahead of the server's when db_check() asked last, in microseconds. */
int64_t db_clock_ahead(const struct db *db);

/*
 * Whether nothing is known against an idle connection; the server is not asked.  False, and no connection any more,
 * when the server has closed it.
 */
bool db_stands(struct db *db) __attribute__((warn_unused_result));

/* Whether libpq holds the memory of a huge call, which it frees only with the connection. */
bool db_is_swollen(const struct db *db);

/* What ends the exchanges of many connections: whatever their deadlines are, none lasts beyond at. */
struct db_end {
	int             descriptor;   /* readable once at is set */
	_Atomic int64_t at;           /* clock_ms(); INT64_MAX: not yet set */
};

/* The end must outlive the db. */
void db_set_end(struct db *db, const struct db_end *end);

/*
 * Stores the records of fold, and evidence and rejects of the pushes, in one transaction.  The pushes are those that
 * fold was made of.  counts is set with DB_STORED.  After anything but DB_STORED and DB_BAD_RECORD there is no
 * connection any more, unless there was no time left to begin.
 */
enum db_result db_store(struct db *db, struct push **pushes, int count, const struct fold *fold, int64_t deadline,
    struct db_counts *counts) __attribute__((warn_unused_result));

/*
 * Tries to store the records of fold, which are of the pushes, deferred constraints included, and takes them back.
 * DB_STORED: the database would take them; DB_BAD_RECORD: it refuses one; anything else: it could not be asked, and
 * there is no connection any more, unless there was no time left.
 */
enum db_result db_probe(struct db *db, struct push *push, const struct fold *fold, int64_t deadline)
    __attribute__((warn_unused_result));

/* After DB_BAD_RECORD: why, without the data.  Valid until the next call. */
const char *db_refusal(const struct db *db);

/* Whether the last call failed with a code that does not say whose fault it is: it may be the data's. */
bool db_failed_unexplained(const struct db *db);

/* --- housekeeping ------------------------------------------------------------------------------------------ */

enum { DB_HOUSE_UNKNOWN = -1 };

/* What a round of housekeeping tells; a figure may be DB_HOUSE_UNKNOWN, when another worker is at it. */
struct db_house {
	bool    more;                 /* another round at once is worth it */
	int64_t journal_rows;         /* of the tally's journal, not yet folded */
	int64_t unplaced_rows;        /* in default partitions */
	int64_t quarantine_entries;   /* open */
	int64_t quarantine_bytes;     /* of these */
	char    problem[512];         /* what could not be done and why; "": nothing */
};

/* One round.  False when the database could not be asked; db_problem() says why. */
bool db_keep_house(struct db *db, struct db_house *house, int64_t deadline) __attribute__((warn_unused_result));

/* --- questions of an administrator ------------------------------------------------------------------------- */

/* The step of the schema that this program is made for, and whether it works with another. */
int db_schema_step(void);
bool db_schema_step_fits(int step);

/* Whether conninfo holds a password. */
bool db_conninfo_has_password(const char *conninfo);

/* Whether conninfo names more than one host. */
bool db_conninfo_has_several_hosts(const char *conninfo);

/* Connects unless connected, and looks at nothing.  False when it is not done; db_problem says why. */
bool db_attach(struct db *db);

/* What a statement gave, all of it as text. */
struct db_rows;

/*
 * Runs one statement with count parameters of text; NULL among them is SQL NULL.  NULL when it failed or the deadline
 * passed; db_problem says why.  It must quote nothing private: the server's message is not held back.
 */
struct db_rows *db_query(struct db *db, const char *text, const char *const *parameters, int count, int64_t deadline);

int db_rows_count(const struct db_rows *rows);

int db_rows_columns(const struct db_rows *rows);     /* 0 for NULL */

/* The name of a column, valid until db_rows_free, and whether it is of numbers. */
const char *db_rows_name(const struct db_rows *rows, int column);
bool db_rows_is_number(const struct db_rows *rows, int column);

/* NULL for SQL NULL; valid until db_rows_free. */
const char *db_rows_text(const struct db_rows *rows, int row, int column);

/* rows may be NULL. */
void db_rows_free(struct db_rows *rows);

/* Why the last call failed for want of the database, without the data of a push.  Valid until the next call. */
const char *db_problem(const struct db *db);

#endif
