/*
 * What the files of a connection share.  Only they include this, and nobody else knows libpq.
 *
 *   db.c           the connection's life
 *   db_exchange.c  one exchange with the server by a deadline, and the words for what was wrong
 *   db_store.c     the transaction that stores a batch
 *   db_query.c     housekeeping, and the questions of an administrator
 *
 * Functions here need a connection, unless they say otherwise.
 */
#ifndef DB_INTERNAL_H
#define DB_INTERNAL_H

#include <libpq-fe.h>

#include "db/db.h"
#include "db/store_call.h"

enum { REFUSAL_SIZE = 160, SWOLLEN_SIZE = 4 << 20 };

struct db {
	const char       *conninfo;
	const char       *call_timezone;
	PGconn           *connection;              /* NULL: none */
	const struct db_end *end;                  /* NULL: none */
	int64_t           clock_ahead;             /* microseconds, at the last check */
	bool              prepared;                /* the server has the prepared statements, as far as is known */
	bool              unexplained;             /* the last failure's code does not say whose fault it is */
	bool              blames_data;             /* such a code counts as the data's fault */
	bool              careful;                 /* the last batch met existing rows; the next is likely to */
	bool              warned;                  /* the server has warned since this was last cleared */
	int64_t           slowest;                 /* slowest call since data was refused, in ms; 0: none was */
	bool              swollen;                 /* a call had more than SWOLLEN_SIZE bytes, which libpq keeps */
	struct store_call call;
	char              refusal[REFUSAL_SIZE];   /* what db_refusal() gives */
	char              problem[DB_PROBLEM_SIZE];   /* what db_problem() gives */
};

/* --- the connection (db_exchange.c) --------------------------------------------------------------------------- */

/* Closes the connection, if there is one. */
void db_drop_connection(struct db *db);

/*
 * Closes the connection, after asking the server to cancel the command that is still running, if there is one: a COMMIT
 * that waits for a standby does not notice that its client is gone, and would hold the connection until the standby is
 * back.
 */
void db_give_up_connection(struct db *db);

/* --- what failed (db_exchange.c): each sets what db_problem() gives ------------------------------------------- */

/* The text must hold nothing private. */
void db_note_problem(struct db *db, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What libpq says of the connection. */
void db_note_connection_problem(struct db *db);

/* What the server said of a statement, in its own words where they quote no data; without a code, as above. */
void db_note_result_problem(struct db *db, const PGresult *result);

/* --- an exchange (db_exchange.c) ------------------------------------------------------------------------------ */

/*
 * Sends what libpq still holds, and waits until PQgetResult does not block.  False, the problem noted, when the
 * deadline passes or the connection breaks.
 */
bool db_wait_for_result(struct db *db, int64_t deadline) __attribute__((warn_unused_result));

/*
 * The result of what was sent, for the caller to clear; it may be of a statement that failed.  NULL, the problem noted,
 * when the deadline passes or the connection breaks.
 */
PGresult *db_get_result(struct db *db, int64_t deadline) __attribute__((warn_unused_result));

/* Sends a statement with count parameters, which are text, and gives its result as db_get_result(). */
PGresult *db_execute(struct db *db, const char *text, int count, const char *const *values, int64_t deadline)
    __attribute__((warn_unused_result));

/* Runs a statement whose result nobody needs.  False, the problem noted, when it failed. */
bool db_run(struct db *db, const char *text, int64_t deadline) __attribute__((warn_unused_result));

/* Whether the result is of a statement that was done. */
bool db_succeeded(const PGresult *result);

/* --- the transaction (db_store.c) ----------------------------------------------------------------------------- */

/*
 * Prepares the transaction's statements on a new connection; what cannot be prepared is sent as text each time.  False,
 * the problem noted, when the deadline passes or the connection breaks.
 */
bool db_prepare_statements(struct db *db, int64_t deadline) __attribute__((warn_unused_result));

#endif
