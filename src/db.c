/* The database: one connection, one transaction a batch, each step inside a deadline. */
#include "db.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "memory.h"
#include "sqlstate.h"
#include "store_call.h"

/*
 * What a connection has prepared, under names that say of which text: behind a pooler it may be of another program of
 * ours, older or newer.
 */
static const char store_name[] = "callresultd_store_1";
static const char limits_name[] = "callresultd_limits_1";
static const char limits_text[] =
    "SELECT set_config('statement_timeout', $1, true), set_config('lock_timeout', $2, true),"
    " set_config('idle_in_transaction_session_timeout', $1, true),"
    /* off would make a 200 a lie; what else the administrator has chosen keeps a crash from losing anything */
    " CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', true) END";

#define STATEMENT_IS_THERE "42P05"
#define STATEMENT_IS_NOT_THERE "26000"

enum { SCHEMA_STEP = 5, PROBLEM_SIZE = 512, REFUSAL_SIZE = 160, CONFLICT_TRIES = 5,
	TIME_RESERVE = 10 };    /* the part of the time left that the server does not get */

struct db {
	const char       *conninfo;
	const char       *call_timezone;
	PGconn           *connection;              /* NULL: none */
	bool              prepared;                /* the server has the prepared statements, as far as is known */
	bool              warned;                  /* the server has warned since this was last cleared */
	struct store_call call;
	char              refusal[REFUSAL_SIZE];   /* why data was refused last */
	struct db_fates   total;                   /* of all that was committed */
	char              problem[PROBLEM_SIZE];   /* why something failed last */
};

/* --- what failed ------------------------------------------------------------------------------------------- */

static void __attribute__((format(printf, 2, 3)))
note_problem(struct db *db, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(db->problem, sizeof db->problem, format, arguments);
	va_end(arguments);
}

/* libpq's message has a line for each host; its advice, in lines that begin with a tab, is left out. */
static void
note_connection_problem(struct db *db)
{
	char *message = memory_strdup(PQerrorMessage(db->connection)), *rest = message;
	char text[PROBLEM_SIZE] = "";
	const char *line;

	while ((line = strsep(&rest, "\n")) != NULL)
		if (*line != '\0' && *line != '\t')
			snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", *text != '\0' ? "; " : "", line);
	note_problem(db, "%s", *text != '\0' ? text : "the connection is lost");
	memory_free(message);
}

static void
note_result_problem(struct db *db, const PGresult *result)
{
	const char *state = result != NULL ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	const char *message = result != NULL ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;

	if (state == NULL)
		note_connection_problem(db);
	else if (sqlstate_message_is_public(state) && message != NULL)
		note_problem(db, "%s (SQLSTATE %s)", message, state);
	else
		note_problem(db, "the statement failed (SQLSTATE %s)", state);
}

/* --- a connection, step by step ---------------------------------------------------------------------------- */

static void
drop_connection(struct db *db)
{
	PQfinish(db->connection);
	db->connection = NULL;
}

/* False when the socket is not ready by the deadline. */
static bool
wait_for_socket(struct db *db, short events, int64_t deadline)
{
	struct pollfd socket = { .fd = PQsocket(db->connection), .events = events };
	int64_t left = deadline - clock_monotonic();

	return left > 0 && poll(&socket, 1, (int)left) > 0;
}

/* Sends what libpq still holds, and waits until it has a whole result. */
static bool
wait_for_result(struct db *db, int64_t deadline)
{
	int unsent;

	while ((unsent = PQflush(db->connection)) == 1 || PQisBusy(db->connection)) {
		if (unsent < 0)
			return false;
		if (!wait_for_socket(db, unsent == 1 ? POLLIN | POLLOUT : POLLIN, deadline)) {
			note_problem(db, "the server does not answer");
			return false;
		}
		if (PQconsumeInput(db->connection) == 0) {
			note_connection_problem(db);
			return false;
		}
	}
	return true;
}

/*
 * The result of what was sent: of several statements the first that failed, or else the last.  NULL when the
 * connection broke or the deadline passed; then the problem is said.
 */
static PGresult *
get_result(struct db *db, int64_t deadline)
{
	PGresult *kept = NULL, *next;

	for (;;) {
		if (!wait_for_result(db, deadline)) {
			PQclear(kept);
			return NULL;
		}
		next = PQgetResult(db->connection);
		if (next == NULL)
			break;
		if (kept != NULL && PQresultStatus(kept) == PGRES_FATAL_ERROR) {
			PQclear(next);
			continue;
		}
		PQclear(kept);
		kept = next;
	}
	/* a connection that the server has closed gives an error without SQLSTATE (NULL), or no result at all */
	if (kept == NULL || PQstatus(db->connection) != CONNECTION_OK) {
		if (kept != NULL && PQresultStatus(kept) == PGRES_FATAL_ERROR)
			note_result_problem(db, kept);
		else
			note_connection_problem(db);
		PQclear(kept);
		return NULL;
	}
	return kept;
}

static PGresult *
query(struct db *db, const char *text, int64_t deadline)
{
	if (PQsendQuery(db->connection, text) == 0) {
		note_connection_problem(db);
		return NULL;
	}
	return get_result(db, deadline);
}

static bool
succeeded(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/* --- connecting -------------------------------------------------------------------------------------------- */

bool
db_conninfo_valid(const char *conninfo)
{
	PQconninfoOption *options;

	if (strchr(conninfo, '=') == NULL && strstr(conninfo, "://") == NULL)
		return true;    /* a database's name */
	options = PQconninfoParse(conninfo, NULL);
	PQconninfoFree(options);
	return options != NULL;
}

static bool
schema_fits(struct db *db, int64_t deadline)
{
	PGresult *result = query(db, "SELECT coalesce(max(step), 0), current_setting('server_encoding'),"
	    " current_setting('transaction_read_only') FROM callresult.schema_version", deadline);
	bool fits = false;
	int step;

	if (result == NULL)
		return false;
	if (!succeeded(result)) {
		note_problem(db, "%s; is the schema installed (psql -f %s/sql/install.sql) and callresult_writer granted?",
		    PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY), DATA_DIR);
	} else if ((step = atoi(PQgetvalue(result, 0, 0))) < SCHEMA_STEP - 1 || step > SCHEMA_STEP + 1) {
		/* one step to either side fits, so that schema and programs are upgraded in any order */
		note_problem(db, "its schema is at step %d, and this program works with %d to %d;"
		    " run psql -f %s/sql/install.sql, or upgrade callresultd", step, SCHEMA_STEP - 1, SCHEMA_STEP + 1, DATA_DIR);
	} else if (strcmp(PQgetvalue(result, 0, 2), "on") == 0) {
		note_problem(db, "the server is read-only");
	} else {
		if (strcmp(PQgetvalue(result, 0, 1), "UTF8") != 0)
			log_warning("database: its encoding is %s and not UTF8: text it has no letters for is refused",
			    PQgetvalue(result, 0, 1));
		fits = true;
	}
	PQclear(result);
	return fits;
}

static bool
time_zone_fits(struct db *db, int64_t deadline)
{
	const char *values[] = { db->call_timezone };
	PGresult *result = NULL;
	bool fits = false;

	if (PQsendQueryParams(db->connection, "SELECT now() AT TIME ZONE $1", 1, NULL, values, NULL, NULL, 0) == 0)
		note_connection_problem(db);
	else if ((result = get_result(db, deadline)) != NULL && !(fits = succeeded(result)))
		note_problem(db, "the server does not know the call_timezone %s", db->call_timezone);
	PQclear(result);
	return fits;
}

/* False when the connection broke.  Behind a pooler the server may have the statement from another connection. */
static bool
prepare(struct db *db, const char *name, const char *text, int count, const unsigned int *types, int64_t deadline)
{
	PGresult *result = NULL;
	const char *state;

	if (PQsendPrepare(db->connection, name, text, count, types) == 0)
		note_connection_problem(db);
	else
		result = get_result(db, deadline);
	if (result == NULL)
		return false;
	state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	if (!succeeded(result) && (state == NULL || strcmp(state, STATEMENT_IS_THERE) != 0))
		db->prepared = false;
	PQclear(result);
	return true;
}

/* What cannot be prepared is sent as text each time. */
static bool
prepare_statements(struct db *db, int64_t deadline)
{
	store_call_fill(&db->call, NULL, 0, &(struct fold){ 0 }, db->call_timezone);
	db->prepared = true;
	return prepare(db, store_name, store_call_text, STORE_PARAMETERS, db->call.types, deadline) &&
	    prepare(db, limits_name, limits_text, 0, NULL, deadline);
}

/* What the server says unasked is said again as the error that follows it, if there is one. */
static void
receive_notice(void *receiver, const PGresult *notice)
{
	const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
	struct db *db = receiver;

	if (severity != NULL && strcmp(severity, "WARNING") == 0)
		db->warned = true;
}

static bool
open_connection(struct db *db)
{
	/*
	 * The string in place of dbname is read as conninfo; what it says wins over what stands before it, and what
	 * stands behind it wins over it.  The limit is for each host: with several, a silent one must not use up the
	 * time of all.  2 s are the least that libpq takes.
	 */
	static const char *const keywords[] = { "connect_timeout", "dbname", "client_encoding",
		"fallback_application_name", NULL };
	const char *const values[] = { "2", db->conninfo, "UTF8", "callresultd", NULL };

	db->connection = PQconnectdbParams(keywords, values, 1);
	if (db->connection == NULL)
		log_fatal("out of memory");
	PQsetNoticeReceiver(db->connection, receive_notice, db);
	PQsetErrorVerbosity(db->connection, PQERRORS_TERSE);    /* detail and context may quote what was sent */
	return PQstatus(db->connection) == CONNECTION_OK && PQsetnonblocking(db->connection, 1) == 0;
}

bool
db_connect(struct db *db, int64_t deadline)
{
	if (db->connection != NULL)
		return true;
	if (!open_connection(db))
		note_connection_problem(db);
	else if (schema_fits(db, deadline) && time_zone_fits(db, deadline) && prepare_statements(db, deadline))
		return true;
	drop_connection(db);
	return false;
}

bool
db_is_connected(const struct db *db)
{
	return db->connection != NULL;
}

bool
db_check(struct db *db, int64_t deadline)
{
	PGresult *result = query(db, "SHOW transaction_read_only", deadline);
	bool well = result != NULL && succeeded(result) && strcmp(PQgetvalue(result, 0, 0), "off") == 0;

	if (result != NULL && !well)
		note_problem(db, "the server is read-only");
	PQclear(result);
	if (!well)
		drop_connection(db);
	return well;
}

/* --- a transaction ----------------------------------------------------------------------------------------- */

/* What a transaction is made of, in the order of sending and of the answers. */
enum step { STEP_BEGIN, STEP_LIMITS, STEP_STORE, STEP_END };

static bool
send_statement(struct db *db, const char *text)
{
	return PQsendQueryParams(db->connection, text, 0, NULL, NULL, NULL, NULL, 0) == 1;
}

/*
 * What holds in this transaction only, for no setting of a session survives behind PgBouncer.  The server gives up a
 * little before we do, so that it is the one to say why, and does not stay in a transaction that we have left.
 */
static bool
send_limits(struct db *db, int64_t deadline)
{
	int64_t left = deadline - clock_monotonic();
	int64_t time = left - left / TIME_RESERVE;
	char limit[24], lock_limit[24];
	const char *const values[] = { limit, lock_limit };

	if (time < 1)
		time = 1;    /* 0 would be no limit */
	snprintf(limit, sizeof limit, "%lld", (long long)time);
	snprintf(lock_limit, sizeof lock_limit, "%lld", (long long)(time / 2 + 1));
	return db->prepared ?
	    PQsendQueryPrepared(db->connection, limits_name, 2, values, NULL, NULL, 0) == 1 :
	    PQsendQueryParams(db->connection, limits_text, 2, NULL, values, NULL, NULL, 0) == 1;
}

static bool
send_store(struct db *db)
{
	struct store_call *call = &db->call;

	return db->prepared ?
	    PQsendQueryPrepared(db->connection, store_name, STORE_PARAMETERS, call->values, call->lengths, call->formats,
		0) == 1 :
	    PQsendQueryParams(db->connection, store_call_text, STORE_PARAMETERS, call->types, call->values, call->lengths,
		call->formats, 0) == 1;
}

/* All of it in one go, so that it costs one exchange; when a step fails, the server passes over those behind it. */
static bool
send_transaction(struct db *db, const char *ending, int64_t deadline)
{
	return PQenterPipelineMode(db->connection) == 1 && send_statement(db, "BEGIN ISOLATION LEVEL READ COMMITTED") &&
	    send_limits(db, deadline) && send_store(db) && send_statement(db, ending) &&
	    PQpipelineSync(db->connection) == 1;
}

/* The next answer to what was sent; the last is PGRES_PIPELINE_SYNC.  NULL as with get_result. */
static PGresult *
next_answer(struct db *db, int64_t deadline)
{
	/* between two steps there is one NULL */
	for (int i = 0; i < 2; i++) {
		PGresult *result;

		if (!wait_for_result(db, deadline))
			return NULL;
		result = PQgetResult(db->connection);
		if (result != NULL)
			return result;
	}
	note_connection_problem(db);
	return NULL;
}

static void
add_fates(struct db_fates *total, const struct db_fates *fates)
{
	total->inserted += fates->inserted;
	total->updated += fates->updated;
	total->duplicates += fates->duplicates;
}

static void
read_fates(const PGresult *result, struct db_fates *fates)
{
	fates->inserted = atoll(PQgetvalue(result, 0, 0));
	fates->updated = atoll(PQgetvalue(result, 0, 1));
	fates->duplicates = atoll(PQgetvalue(result, 0, 2));
}

/* Names the rule and never the value; what the server's own message says may quote it. */
static void
note_refusal(struct db *db, const PGresult *result)
{
	const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);

	snprintf(db->refusal, sizeof db->refusal, "the database refuses it: SQLSTATE %s%s%s",
	    PQresultErrorField(result, PG_DIAG_SQLSTATE), constraint != NULL ? ", constraint " : "",
	    constraint != NULL ? constraint : "");
}

/* Whose fault it is that a statement failed; said, unless it is the data's or passes by itself. */
static enum sqlstate_fault
note_fault(struct db *db, const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	enum sqlstate_fault fault = sqlstate_fault(state);

	if (state != NULL && strcmp(state, STATEMENT_IS_NOT_THERE) == 0 && db->prepared) {
		/* a pooler gave the transaction to a server that does not have them: another time without */
		db->prepared = false;
		fault = FAULT_CONFLICT;
	}
	if (fault == FAULT_RECORD)
		note_refusal(db, result);
	else if (fault != FAULT_CONFLICT)
		note_result_problem(db, result);
	return fault;
}

/*
 * COMMIT of a transaction that has failed succeeds with the tag ROLLBACK, so the tag is what counts.  A warning leaves
 * open whether it was done: it is how the server says that it gave up waiting for a standby.
 */
static bool
has_ended(struct db *db, PGresult *result, const char *ending)
{
	if (strcmp(PQcmdStatus(result), ending) != 0)
		note_problem(db, "the server answered %s with %s", ending, PQcmdStatus(result));
	else if (db->warned)
		note_problem(db, "the server committed without its standby");
	else
		return true;
	return false;
}

/*
 * Looks at the answer of one step.  *outcome is DB_UNKNOWN until the server has said that a step before the end failed,
 * DB_UNAVAILABLE with *fault then, or that all is done, DB_STORED.
 */
static void
read_answer(struct db *db, enum step step, PGresult *result, const char *ending, enum db_result *outcome,
    struct db_fates *fates, enum sqlstate_fault *fault)
{
	if (PQresultStatus(result) == PGRES_FATAL_ERROR) {
		*fault = note_fault(db, result);
		if (step < STEP_END && PQresultErrorField(result, PG_DIAG_SQLSTATE) != NULL)
			*outcome = DB_UNAVAILABLE;
	} else if (step == STEP_STORE && succeeded(result)) {
		read_fates(result, fates);
		db->warned = false;
	} else if (step == STEP_END && succeeded(result) && has_ended(db, result, ending)) {
		*outcome = DB_STORED;
	}
}

/*
 * Calls store in a transaction of its own that ends with ending, COMMIT or ROLLBACK.  DB_STORED: the server said so.
 * DB_UNAVAILABLE: a statement failed, *fault says by whose fault, and the transaction is still to be rolled back, or the
 * connection is gone.  DB_UNKNOWN: whether it ended is open.
 */
static enum db_result
call_store(struct db *db, const char *ending, int64_t deadline, struct db_fates *fates, enum sqlstate_fault *fault)
{
	enum db_result outcome = DB_UNKNOWN;
	enum step step = STEP_BEGIN;
	PGresult *result;

	*fault = FAULT_SERVER;
	if (!send_transaction(db, ending, deadline)) {
		note_connection_problem(db);
		return DB_UNKNOWN;
	}
	while ((result = next_answer(db, deadline)) != NULL && PQresultStatus(result) != PGRES_PIPELINE_SYNC) {
		read_answer(db, step, result, ending, &outcome, fates, fault);
		step++;
		PQclear(result);
	}
	if (result == NULL || PQexitPipelineMode(db->connection) != 1)
		*fault = FAULT_SERVER;
	PQclear(result);
	return outcome;
}

static bool
roll_back(struct db *db, int64_t deadline)
{
	PGresult *result = query(db, "ROLLBACK", deadline);
	bool done = result != NULL && succeeded(result);

	PQclear(result);
	return done;
}

/*
 * Calls store as often as it takes while other transactions are in the way.  After DB_BAD_RECORD
 * everything is rolled back; after the other failures the connection is of no use.
 */
static enum db_result
store(struct db *db, const char *ending, int64_t deadline, struct db_fates *fates)
{
	enum db_result result = DB_UNAVAILABLE;
	enum sqlstate_fault fault;

	for (int tries = 0; tries < CONFLICT_TRIES; tries++) {
		result = call_store(db, ending, deadline, fates, &fault);
		if (result != DB_UNAVAILABLE || (fault != FAULT_CONFLICT && fault != FAULT_RECORD) || !roll_back(db, deadline))
			break;
		/* a month attached at the same moment refuses a good record too (23514), but not twice */
		if (fault == FAULT_RECORD && tries > 0)
			return DB_BAD_RECORD;
	}
	if (result != DB_STORED)
		drop_connection(db);
	return result;
}

enum db_result
db_store(struct db *db, struct push **pushes, int count, const struct fold *fold, int64_t deadline,
    struct db_fates *fates)
{
	enum db_result result;

	if (clock_monotonic() >= deadline) {
		note_problem(db, "no time was left to store a push");
		return DB_UNAVAILABLE;
	}
	store_call_fill(&db->call, pushes, count, fold, db->call_timezone);
	result = store(db, "COMMIT", deadline, fates);
	if (result == DB_STORED)
		add_fates(&db->total, fates);
	return result;
}

enum db_result
db_probe(struct db *db, const struct fold *fold, int64_t deadline)
{
	struct db_fates ignored;

	store_call_fill(&db->call, NULL, 0, fold, db->call_timezone);
	return store(db, "ROLLBACK", deadline, &ignored);
}

const char *
db_refusal(const struct db *db)
{
	return db->refusal;
}

struct db_fates
db_total(const struct db *db)
{
	return db->total;
}

/* --- questions of an administrator ------------------------------------------------------------------------- */

int
db_schema_step(void)
{
	return SCHEMA_STEP;
}

bool
db_conninfo_has_password(const char *conninfo)
{
	PQconninfoOption *options = PQconninfoParse(conninfo, NULL), *option;
	bool found = false;

	for (option = options; option != NULL && option->keyword != NULL; option++)
		found |= option->val != NULL &&
		    (strcmp(option->keyword, "password") == 0 || strcmp(option->keyword, "sslpassword") == 0);
	PQconninfoFree(options);
	return found;
}

bool
db_attach(struct db *db)
{
	if (db->connection != NULL || open_connection(db))
		return true;
	note_connection_problem(db);
	drop_connection(db);
	return false;
}

struct db_rows *
db_query(struct db *db, const char *text, const char *const *parameters, int count, int64_t deadline)
{
	PGresult *result = NULL;

	if (db->connection == NULL) {
		snprintf(db->problem, sizeof db->problem, "there is no connection");
		return NULL;
	}
	if (PQsendQueryParams(db->connection, text, count, NULL, parameters, NULL, NULL, 0) != 0)
		result = get_result(db, deadline);
	if (result == NULL) {
		note_connection_problem(db);
		drop_connection(db);
	} else if (!succeeded(result)) {
		snprintf(db->problem, sizeof db->problem, "%s (SQLSTATE %s)", PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY),
		    PQresultErrorField(result, PG_DIAG_SQLSTATE));
		PQclear(result);
		result = NULL;
	}
	return (struct db_rows *)result;
}

int
db_rows_count(const struct db_rows *rows)
{
	return PQntuples((const PGresult *)rows);
}

const char *
db_rows_text(const struct db_rows *rows, int row, int column)
{
	const PGresult *result = (const PGresult *)rows;

	return PQgetisnull(result, row, column) ? NULL : PQgetvalue(result, row, column);
}

void
db_rows_free(struct db_rows *rows)
{
	PQclear((PGresult *)rows);
}

const char *
db_problem(const struct db *db)
{
	return db->problem;
}

/* --- its life ---------------------------------------------------------------------------------------------- */

struct db *
db_new(const char *conninfo, const char *call_timezone)
{
	struct db *db = memory_zalloc(sizeof *db);

	db->conninfo = conninfo;
	db->call_timezone = call_timezone;
	return db;
}

void
db_free(struct db *db)
{
	if (db == NULL)
		return;
	drop_connection(db);
	store_call_free(&db->call);
	memory_free(db);
}
