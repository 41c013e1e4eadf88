/*
 * A connection to the database: one transaction a batch, and everything by a deadline (clock_ms, ms).  Its files
 * (db_internal.h) are the only users of libpq.  A struct db is used by one thread at a time.
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
	DB_UNAVAILABLE,   /* the server's trouble, or the operator's: nothing is stored; a later try may succeed */
	DB_UNKNOWN,       /* COMMIT was sent and not clearly answered: it may be stored */
	DB_BAD_RECORD,    /* the server refuses the data: nothing is stored, and the connection is well */
};

enum { DB_PROBLEM_SIZE = 512 };    /* bytes of db_problem(), at most, with its end */

/* What became of a batch. */
struct db_counts {
	int64_t pushes;         /* that were not in the database yet; all below is of these */
	int64_t inserted;       /* records, as the three that follow */
	int64_t updated;
	int64_t duplicates;
	int64_t quarantined;
};

/* conninfo and call_timezone must outlive the db.  No connection is made yet. */
struct db *db_new(const char *conninfo, const char *call_timezone);
void db_free(struct db *db);

/* Whether libpq can read conninfo.  Gives no reason, which might quote a password. */
bool db_conninfo_valid(const char *conninfo);

/*
 * Connects unless connected, replaces a swollen connection, and checks that the schema and the time zone fit; a standby
 * is accepted.  False when that fails; db_problem() says why.
 *
 * The deadline bounds the checks, not the connecting: that takes as long as the lookup of names, and libpq's
 * connect_timeout for each host.
 */
bool db_connect(struct db *db, int64_t deadline) __attribute__((warn_unused_result));

bool db_is_connected(const struct db *db);

/*
 * Asks the server whether it takes writes, and what time it is.  False, and the connection is closed, when it does not
 * answer in time or takes none.
 */
bool db_check(struct db *db, int64_t deadline) __attribute__((warn_unused_result));

/* How far this system's clock was ahead of the server's at the last db_check(), in microseconds. */
int64_t db_clock_ahead(const struct db *db);

/* Whether an idle connection is still open, without asking the server.  Closes it if not. */
bool db_is_alive(struct db *db) __attribute__((warn_unused_result));

/* Whether libpq holds the memory of a huge call, which it frees only with the connection. */
bool db_is_swollen(const struct db *db);

/* An end that the exchanges of many connections have in common, whatever their own deadlines. */
struct db_end {
	int             descriptor;   /* readable once at is set */
	_Atomic int64_t at;           /* clock_ms(); INT64_MAX: not yet set */
};

/* end, NULL for none, must outlive the db. */
void db_set_end(struct db *db, const struct db_end *end);

/*
 * Stores the pushes that fold was made of, in one transaction: the records of the fold, the rejects of the pushes, and
 * the evidence of each push.  Sets counts on DB_STORED, and closes the connection on DB_UNAVAILABLE and DB_UNKNOWN,
 * unless there was no time to begin.
 */
enum db_result db_store(struct db *db, struct push **pushes, int count, const struct fold *fold, int64_t deadline,
    struct db_counts *counts) __attribute__((warn_unused_result));

/*
 * Stores the records of fold, all of this push, and rolls back; deferred constraints are checked too.  DB_STORED: the
 * database would take them.  DB_BAD_RECORD: it refuses one.  Else as db_store().
 */
enum db_result db_dry_run(struct db *db, struct push *push, const struct fold *fold, int64_t deadline)
    __attribute__((warn_unused_result));

/*
 * While blame is set, a code that does not say whose fault it is counts as the data's.  It is set only while a push
 * that has failed alone again and again is taken apart.
 */
void db_blame_data(struct db *db, bool blame);

/* After DB_BAD_RECORD: which rule the data breaks, without the data.  Valid until the next DB_BAD_RECORD. */
const char *db_refusal(const struct db *db);

/* Whether the last db_store() or db_dry_run() failed with a code that does not say whose fault it is. */
bool db_failed_unexplained(const struct db *db);

/* --- housekeeping ------------------------------------------------------------------------------------------ */

enum { DB_HOUSE_UNKNOWN = -1 };

/* What a round of housekeeping reports.  A figure is DB_HOUSE_UNKNOWN while another worker keeps house. */
struct db_house {
	bool    more;                 /* call again at once */
	int64_t journal_rows;         /* of the tally's journal, not yet folded */
	int64_t unplaced_rows;        /* in default partitions */
	int64_t quarantine_entries;   /* open */
	int64_t quarantine_bytes;     /* of these */
	char    problem[DB_PROBLEM_SIZE];   /* what could not be done and why; "": nothing */
};

/* Calls keep_house() once.  False when the call failed; db_problem() says why. */
bool db_keep_house(struct db *db, struct db_house *house, int64_t deadline) __attribute__((warn_unused_result));

/* --- questions of an administrator ------------------------------------------------------------------------- */

/* The step of the schema that this program is made for, and whether it works with that step. */
int db_schema_step(void);
bool db_schema_step_fits(int step);

/* Whether conninfo holds a password. */
bool db_conninfo_has_password(const char *conninfo);

/* Whether conninfo names more than one host. */
bool db_conninfo_has_several_hosts(const char *conninfo);

/* Connects unless connected, without the checks of db_connect().  False when that fails; db_problem() says why. */
bool db_attach(struct db *db) __attribute__((warn_unused_result));

/* The result of a statement, every value as text. */
struct db_rows;

/*
 * Runs one statement with count parameters, which are text, or NULL for SQL NULL.  The statement must quote nothing
 * private, since db_problem() repeats the server's message.  NULL when it failed, or the deadline passed.
 */
struct db_rows *db_query(struct db *db, const char *text, const char *const *parameters, int count, int64_t deadline)
    __attribute__((warn_unused_result));

int db_rows_count(const struct db_rows *rows);
int db_rows_columns(const struct db_rows *rows);     /* 0 for NULL */

/* The name of a column, valid until db_rows_free(), and whether it holds numbers. */
const char *db_rows_name(const struct db_rows *rows, int column);
bool db_rows_is_number(const struct db_rows *rows, int column);

/* A value as text, valid until db_rows_free(); NULL for SQL NULL. */
const char *db_rows_text(const struct db_rows *rows, int row, int column);

/* rows may be NULL. */
void db_rows_free(struct db_rows *rows);

/* Why the last call failed, without the data of a push.  Valid until the next call. */
const char *db_problem(const struct db *db);

#endif
