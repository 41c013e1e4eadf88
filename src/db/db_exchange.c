/* One exchange with the database's server: a result by the deadline, or the words for what was wrong. */
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/thread.h"
#include "db/db_internal.h"
#include "db/sqlstate.h"

void
db_drop_connection(struct db *db)
{
	PQfinish(db->connection);
	db->connection = NULL;
	db->swollen = false;
}

static void *
cancel(void *connection)
{
	PGcancel *request = PQgetCancel(connection);
	char reason[256];

	if (request != NULL)
		(void)PQcancel(request, reason, sizeof reason);
	PQfreeCancel(request);
	PQfinish(connection);
	return NULL;
}

/*
 * PQcancel makes a connection of its own, and the network may block it for long: hence the thread.  It closes this
 * connection only afterwards: PgBouncer forgets what a client was doing once that client has left.
 */
void
db_give_up_connection(struct db *db)
{
	if (PQstatus(db->connection) == CONNECTION_OK && PQtransactionStatus(db->connection) == PQTRANS_ACTIVE) {
		pthread_detach(thread_start(cancel, db->connection, "the thread that cancels a command"));
		db->connection = NULL;
	}
	db_drop_connection(db);
}

/* --- what failed ---------------------------------------------------------------------------------------------- */

void
db_note_problem(struct db *db, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(db->problem, sizeof db->problem, format, arguments);
	va_end(arguments);
}

/* libpq's message has a line for each host; lines that begin with a tab are its advice. */
void
db_note_connection_problem(struct db *db)
{
	char *message = memory_strdup(PQerrorMessage(db->connection)), *rest = message;
	char text[DB_PROBLEM_SIZE] = "";
	const char *line;

	while ((line = strsep(&rest, "\n")) != NULL)
		if (*line != '\0' && *line != '\t')
			snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", *text != '\0' ? "; " : "",
			    line);
	db_note_problem(db, "%s", *text != '\0' ? text : "the connection is lost");
	memory_free(message);
}

/* An owner's trigger may raise one of the server's codes with a called number in its message. */
static void
hide_numbers(char *text)
{
	enum { SHORTEST = 5 };
	size_t length;

	for (; *text != '\0'; text += length > 0 ? length : 1) {
		length = strspn(text, "0123456789");
		if (length >= SHORTEST)
			memset(text, '*', length);
	}
}

static void
note_words(struct db *db, const char *message, const char *state)
{
	size_t length;

	db_note_problem(db, "%s", message);
	hide_numbers(db->problem);
	length = strlen(db->problem);
	snprintf(db->problem + length, sizeof db->problem - length, " (SQLSTATE %s)", state);
}

void
db_note_result_problem(struct db *db, const PGresult *result)
{
	const char *state = result != NULL ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	const char *message = result != NULL ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;

	if (state == NULL)
		db_note_connection_problem(db);
	else if (sqlstate_message_is_public(state) && message != NULL)
		note_words(db, message, state);
	else
		db_note_problem(db, "the statement failed (SQLSTATE %s)", state);
}

const char *
db_problem(const struct db *db)
{
	return db->problem;
}

/* --- sending and waiting -------------------------------------------------------------------------------------- */

/*
 * Waits until the deadline or the end of db->end, whichever comes first; an end that is set meanwhile wakes it too.
 * False when the time is up and nothing has come: what came while this process was stopped is in time.
 */
static bool
wait_for_socket(struct db *db, short events, int64_t deadline)
{
	int64_t end = db->end != NULL ? db->end->at : INT64_MAX;
	int64_t left = (end < deadline ? end : deadline) - clock_ms();
	struct pollfd descriptors[] = {
		{ .fd = PQsocket(db->connection), .events = left > 0 ? events : POLLIN },
		{ .fd = db->end != NULL && end == INT64_MAX ? db->end->descriptor : -1, .events = POLLIN },
	};

	return poll(descriptors, 2, left > 0 ? (int)left : 0) > 0;
}

bool
db_wait_for_result(struct db *db, int64_t deadline)
{
	int unsent;

	while ((unsent = PQflush(db->connection)) == 1 || PQisBusy(db->connection)) {
		if (unsent >= 0 && !wait_for_socket(db, unsent == 1 ? POLLIN | POLLOUT : POLLIN, deadline)) {
			db_note_problem(db, "the server does not answer");
			return false;
		}
		if (unsent < 0 || PQconsumeInput(db->connection) == 0) {
			db_note_connection_problem(db);
			return false;
		}
	}
	return true;
}

PGresult *
db_get_result(struct db *db, int64_t deadline)
{
	PGresult *kept = NULL, *next;

	for (;;) {
		if (!db_wait_for_result(db, deadline)) {
			PQclear(kept);
			return NULL;
		}
		next = PQgetResult(db->connection);
		if (next == NULL)
			break;
		if (kept == NULL)
			kept = next;
		else
			PQclear(next);
	}
	/* a connection that the server has closed gives an error without an SQLSTATE, or no result at all */
	if (kept == NULL || PQstatus(db->connection) != CONNECTION_OK) {
		if (kept != NULL && PQresultStatus(kept) == PGRES_FATAL_ERROR)
			db_note_result_problem(db, kept);
		else
			db_note_connection_problem(db);
		PQclear(kept);
		return NULL;
	}
	return kept;
}

PGresult *
db_execute(struct db *db, const char *text, int count, const char *const *values, int64_t deadline)
{
	if (PQsendQueryParams(db->connection, text, count, NULL, values, NULL, NULL, 0) == 0) {
		db_note_connection_problem(db);
		return NULL;
	}
	return db_get_result(db, deadline);
}

bool
db_succeeded(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

bool
db_run(struct db *db, const char *text, int64_t deadline)
{
	PGresult *result = db_execute(db, text, 0, NULL, deadline);
	bool done = result != NULL && db_succeeded(result);

	if (result != NULL && !done)
		db_note_result_problem(db, result);
	PQclear(result);
	return done;
}
