/*
 * What the files of the database share.  Only they include this, and nobody else knows libpq.
 *
 *   db.c           the connection: made, found to fit, looked at, given up
 *   db_exchange.c  one exchange with the server by a deadline, and the words for what was wrong
 *   db_store.c     the transaction that stores a batch
 *   db_house.c     the call that keeps house
 *   db_query.c     the questions of an administrator
 *
 * Deadlines are of clock_ms.  What these functions do on a connection needs one that is there.
 */
#ifndef DB_INTERNAL_H
#define DB_INTERNAL_H

#include <libpq-fe.h>

#include "db/db.h"
#include "db/store_call.h"

enum { PROBLEM_SIZE = 512, REFUSAL_SIZE = 160, SWOLLEN_SIZE = 4 << 20 };

struct db {
	const char       *conninfo;
	const char       *call_timezone;
	PGconn           *connection;              /* NULL: none */
	const struct db_end *end;                  /* NULL: none */
	int64_t           clock_ahead;             /* microseconds, as of the last check */
	bool              prepared;                /* the server has the prepared statements, as far as is known */
	bool              unexplained;             /* the last failure's code does not say whose fault it is */
	bool              careful;                 /* the last batch met what was there: so will the next, likely */
	bool              warned;                  /* the server has warned since this was last cleared */
	bool              swollen;                 /* a call has had more bytes than SWOLLEN_SIZE, which libpq keeps */
	struct store_call call;
	char              refusal[REFUSAL_SIZE];   /* why data was refused last */
	char              problem[PROBLEM_SIZE];   /* why something failed last */
};

/* --- the connection (db_exchange.c) --------------------------------------------------------------------------- */

/* Closes the connection, if there is one. */
void db_drop_connection(struct db *db);

/*
 * The same, when a command is given up whose answer is still to come: the server is asked to cancel it.  One that waits
 * for a standby in COMMIT would never notice that nobody waits for it, and keep its connection as long as that is away.
 */
void db_give_up_connection(struct db *db);

/* --- what failed (db_exchange.c): each sets what db_problem gives --------------------------------------------- */

/* Nothing of what it is given may be private. */
void db_note_problem(struct db *db, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What libpq says of the connection. */
void db_note_connection_problem(struct db *db);

/* What the server said of a statement; its own words only where they quote no data.  Without a code, as above. */
void db_note_result_problem(struct db *db, const PGresult *result);

/* --- an exchange (db_exchange.c) ------------------------------------------------------------------------------ */

/*
 * Sends what libpq still holds, and waits until PQgetResult does not block.  False when the deadline passes or the
 * connection breaks.
 */
bool db_wait_for_result(struct db *db, int64_t deadline);

/*
 * The result of what was sent, which is the caller's to clear, and may be of a statement that failed.  NULL when the
 * connection broke or the deadline passed; then the problem is noted.
 */
PGresult *db_get_result(struct db *db, int64_t deadline);

/* Sends the text of a statement with count parameters of text, and gives its result as db_get_result does. */
PGresult *db_execute(struct db *db, const char *text, int count, const char *const *values, int64_t deadline);

/* Whether it is the result of a statement that was done. */
bool db_succeeded(const PGresult *result);

/* --- the transaction (db_store.c) ----------------------------------------------------------------------------- */

/*
 * Prepares its statements on a new connection; what cannot be prepared is sent as text each time.  False, the problem
 * noted, when the connection broke or the deadline passed.
 */
bool db_prepare_statements(struct db *db, int64_t deadline);

#endif
