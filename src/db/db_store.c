/* The transaction that stores a batch: sends it in one go, reads its answers one by one, repeats it if it has to. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include "base/clock.h"
#include "db/db_internal.h"
#include "db/sqlstate.h"

/*
 * A statement of the transaction.  The number in its name changes with its text: behind a pooler, an older or newer
 * program of ours may have prepared another.
 */
struct statement {
	const char *name, *text;
};

static const char store_name[] = "callresultd_store_3";    /* its text is that of db->call */
static const struct statement begin = { "callresultd_begin_1", "BEGIN ISOLATION LEVEL READ COMMITTED" };
static const struct statement limits = { "callresultd_limits_3",
    "SELECT set_config('statement_timeout', $1, true), set_config('lock_timeout', $2, true),"
    /* off would make a 200 a lie; what else the administrator has chosen keeps a crash from losing anything */
    " CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', true) END,"
    /* a warning is how the server says that it committed without its standby */
    " CASE current_setting('client_min_messages') WHEN 'error'"
    " THEN set_config('client_min_messages', 'warning', true) END" };

/* How it ends.  A rollback proves as much as a commit: store() has checked what COMMIT would check. */
enum ending { COMMIT, ROLLBACK };
static const struct statement endings[] = {
	[COMMIT] = { "callresultd_commit_1", "COMMIT" },
	[ROLLBACK] = { "callresultd_rollback_1", "ROLLBACK" },
};

#define STATEMENT_IS_THERE "42P05"
#define STATEMENT_IS_NOT_THERE "26000"
#define CHECK_VIOLATION "23514"

enum {
	CONFLICT_TRIES = 5,
	TIME_RESERVE = 10,      /* the server gets all of the time left but this part of it */
};

/* --- prepared statements -------------------------------------------------------------------------------------- */

/* Behind a pooler, the server may have the statement of another connection. */
static bool
prepare(struct db *db, const struct statement *statement, int count, const unsigned int *types, int64_t deadline)
{
	PGresult *result = NULL;
	const char *state;

	if (PQsendPrepare(db->connection, statement->name, statement->text, count, types) == 0)
		db_note_connection_problem(db);
	else
		result = db_get_result(db, deadline);
	if (result == NULL)
		return false;
	state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	if (!db_succeeded(result) && (state == NULL || strcmp(state, STATEMENT_IS_THERE) != 0))
		db->prepared = false;
	PQclear(result);
	return true;
}

bool
db_prepare_statements(struct db *db, int64_t deadline)
{
	store_call_fill(&db->call, NULL, 0, &(struct fold){ 0 }, db->call_timezone, false);
	db->prepared = true;
	return prepare(db, &begin, 0, NULL, deadline) && prepare(db, &limits, 0, NULL, deadline) &&
	    prepare(db, &(struct statement){ store_name, db->call.text }, STORE_PARAMETERS, db->call.types, deadline) &&
	    prepare(db, &endings[COMMIT], 0, NULL, deadline) && prepare(db, &endings[ROLLBACK], 0, NULL, deadline);
}

/* --- sending -------------------------------------------------------------------------------------------------- */

/* What a transaction is made of, in the order of sending and of the answers. */
enum step { STEP_BEGIN, STEP_LIMITS, STEP_STORE, STEP_END };

static bool
send_statement(struct db *db, const struct statement *statement, int count, const char *const *values)
{
	return db->prepared ?
	    PQsendQueryPrepared(db->connection, statement->name, count, values, NULL, NULL, 0) == 1 :
	    PQsendQueryParams(db->connection, statement->text, count, NULL, values, NULL, NULL, 0) == 1;
}

/*
 * For this transaction only: behind PgBouncer no setting of a session survives.  The server gives up a little before we
 * do, so that it can say why, and does not stay in a transaction that we have left.
 */
static bool
send_limits(struct db *db, int64_t deadline)
{
	int64_t left = deadline - clock_ms();
	int64_t time = left - left / TIME_RESERVE;
	char limit[24], lock_limit[24];
	const char *const values[] = { limit, lock_limit };

	if (time < 1)
		time = 1;    /* 0 would be no limit */
	snprintf(limit, sizeof limit, "%lld", (long long)time);
	snprintf(lock_limit, sizeof lock_limit, "%lld", (long long)(time / 2 + 1));
	return send_statement(db, &limits, 2, values);
}

static bool
send_store(struct db *db)
{
	struct store_call *call = &db->call;

	return db->prepared ?
	    PQsendQueryPrepared(db->connection, store_name, STORE_PARAMETERS, call->values, call->lengths,
		call->formats, 0) == 1 :
	    PQsendQueryParams(db->connection, call->text, STORE_PARAMETERS, call->types, call->values, call->lengths,
		call->formats, 0) == 1;
}

/* In one go, so that it costs one exchange; when a step fails, the server skips those behind it. */
static bool
send_transaction(struct db *db, enum ending ending, int64_t deadline)
{
	return PQenterPipelineMode(db->connection) == 1 && send_statement(db, &begin, 0, NULL) &&
	    send_limits(db, deadline) && send_store(db) && send_statement(db, &endings[ending], 0, NULL) &&
	    PQpipelineSync(db->connection) == 1;
}

/* --- reading the answers -------------------------------------------------------------------------------------- */

/* The last answer is PGRES_PIPELINE_SYNC.  NULL as with db_get_result(). */
static PGresult *
next_answer(struct db *db, int64_t deadline)
{
	/* between two steps there is one NULL */
	for (int i = 0; i < 2; i++) {
		PGresult *result;

		if (!db_wait_for_result(db, deadline))
			return NULL;
		result = PQgetResult(db->connection);
		if (result != NULL)
			return result;
	}
	db_note_connection_problem(db);
	return NULL;
}

/* The counts come as a row in text form, "(1,2,3,4,5)": that costs the server less than columns do. */
static void
read_counts(const PGresult *result, struct db_counts *counts)
{
	int64_t *const each[] = { &counts->pushes, &counts->inserted, &counts->updated, &counts->duplicates,
		&counts->quarantined };
	char *at = PQgetvalue(result, 0, 0);

	for (size_t i = 0; i < sizeof each / sizeof *each; i++)
		*each[i] = strtoll(at + 1, &at, 10);
}

/* Names the rule and never the value, which the server's own message may quote. */
static void
note_refusal(struct db *db, const PGresult *result)
{
	const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);

	snprintf(db->refusal, sizeof db->refusal, "the database refuses it: SQLSTATE %s%s%s",
	    PQresultErrorField(result, PG_DIAG_SQLSTATE), constraint != NULL ? ", constraint " : "",
	    constraint != NULL ? constraint : "");
	db_note_problem(db, "%s", db->refusal);
}

/*
 * A table has no partition for a row, or is getting one at this moment: the error names the table and no constraint.
 * One that a trigger raises names neither.
 */
static bool
lacks_partition(const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	return state != NULL && strcmp(state, CHECK_VIOLATION) == 0 &&
	    PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME) == NULL &&
	    PQresultErrorField(result, PG_DIAG_TABLE_NAME) != NULL;
}

/* Whether the transaction has certainly failed: after FATAL, or when the connection is lost, nobody knows. */
static bool
is_certain(const PGresult *result)
{
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);

	return severity != NULL && strcmp(severity, "ERROR") == 0;
}

/* Returns whose fault the failed statement is, and notes the problem. */
static enum sqlstate_fault
note_fault(struct db *db, const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	enum sqlstate_fault fault = sqlstate_fault(state);

	db->unexplained = fault == FAULT_UNKNOWN;
	if (db->unexplained && db->blames_data && is_certain(result))
		fault = FAULT_RECORD;
	if (state != NULL && strcmp(state, STATEMENT_IS_NOT_THERE) == 0 && db->prepared) {
		/* behind a pooler, this server does not have the prepared statements: try again without */
		db->prepared = false;
		fault = FAULT_CONFLICT;
	}
	if (lacks_partition(result)) {
		db_note_problem(db, "no partition accepts a record (SQLSTATE " CHECK_VIOLATION ")");
		fault = FAULT_CONFLICT;
	} else if (fault == FAULT_RECORD) {
		note_refusal(db, result);
	} else {
		db_note_result_problem(db, result);
	}
	return fault;
}

/*
 * COMMIT of a transaction that has failed succeeds with the tag ROLLBACK, so the tag is what counts.  A warning is how
 * the server says that it gave up waiting for a standby, which may not have the transaction.
 */
static bool
has_ended(struct db *db, PGresult *result, enum ending ending)
{
	if (strcmp(PQcmdStatus(result), endings[ending].text) != 0)
		db_note_problem(db, "the server answered %s with %s", endings[ending].text, PQcmdStatus(result));
	else if (db->warned)
		db_note_problem(db, "the server committed without its standby");
	else
		return true;
	return false;
}

/*
 * *outcome stays DB_UNKNOWN until the server says that a step failed (DB_UNAVAILABLE, with *fault), or that all is done
 * (DB_STORED).
 */
static void
read_answer(struct db *db, enum step step, PGresult *result, enum ending ending, enum db_result *outcome,
    struct db_counts *counts, enum sqlstate_fault *fault)
{
	if (PQresultStatus(result) == PGRES_FATAL_ERROR) {
		*fault = note_fault(db, result);
		if (is_certain(result) || (step < STEP_END && PQresultErrorField(result, PG_DIAG_SQLSTATE) != NULL))
			*outcome = DB_UNAVAILABLE;
	} else if (step == STEP_STORE && db_succeeded(result)) {
		read_counts(result, counts);
		db->warned = false;
	} else if (step == STEP_END && db_succeeded(result) && has_ended(db, result, ending)) {
		*outcome = DB_STORED;
	}
}

/*
 * Calls store() in a transaction of its own.  DB_STORED: the server said so.  DB_UNAVAILABLE: a statement failed, and
 * *fault says whose fault it is; the caller rolls back, unless the connection is lost.  DB_UNKNOWN: nobody knows how
 * the transaction ended.
 */
static enum db_result
call_store(struct db *db, enum ending ending, int64_t deadline, struct db_counts *counts, enum sqlstate_fault *fault)
{
	enum db_result outcome = DB_UNKNOWN;
	enum step step = STEP_BEGIN;
	PGresult *result;

	*fault = FAULT_SERVER;
	db->unexplained = false;
	if (!send_transaction(db, ending, deadline)) {
		db_note_connection_problem(db);
		return DB_UNKNOWN;
	}
	while ((result = next_answer(db, deadline)) != NULL && PQresultStatus(result) != PGRES_PIPELINE_SYNC) {
		read_answer(db, step, result, ending, &outcome, counts, fault);
		step++;
		PQclear(result);
	}
	if (result == NULL || PQexitPipelineMode(db->connection) != 1)
		*fault = FAULT_SERVER;
	PQclear(result);
	return outcome;
}

/* --- one batch ------------------------------------------------------------------------------------------------ */

/* Tries again while other transactions are in the way.  Closes the connection after any failure but the data's. */
static enum db_result
store(struct db *db, enum ending ending, int64_t deadline, struct db_counts *counts)
{
	enum db_result result = DB_UNAVAILABLE;
	enum sqlstate_fault fault;

	for (int tries = 0; tries < CONFLICT_TRIES; tries++) {
		result = call_store(db, ending, deadline, counts, &fault);
		if (result != DB_UNAVAILABLE || (fault != FAULT_CONFLICT && fault != FAULT_RECORD) ||
		    !db_run(db, "ROLLBACK", deadline))
			break;
		if (fault == FAULT_RECORD)
			return DB_BAD_RECORD;
	}
	if (result != DB_STORED)
		db_give_up_connection(db);
	db->swollen |= store_call_trim(&db->call) > SWOLLEN_SIZE && db->connection != NULL;
	return result;
}

/*
 * While refused data is taken apart, no call begins that may not end in time: the deadline would cut it off, and a
 * working server would pass for one that does not answer.
 */
static bool
has_time(struct db *db, int64_t deadline)
{
	if (clock_ms() + 2 * db->slowest < deadline)
		return true;
	db->slowest = 0;
	db_note_problem(db, "reply_deadline passed before a push could be stored");
	return false;
}

static enum db_result
store_in_time(struct db *db, struct push **pushes, int count, const struct fold *fold, bool careful,
    enum ending ending, int64_t deadline, struct db_counts *counts)
{
	int64_t start = clock_ms();
	enum db_result result;

	if (!has_time(db, deadline))
		return DB_UNAVAILABLE;
	store_call_fill(&db->call, pushes, count, fold, db->call_timezone, careful);
	result = store(db, ending, deadline, counts);
	db->slowest = result == DB_BAD_RECORD || ending == ROLLBACK ? MAX(db->slowest, clock_ms() - start) : 0;
	return result;
}

enum db_result
db_store(struct db *db, struct push **pushes, int count, const struct fold *fold, int64_t deadline,
    struct db_counts *counts)
{
	enum db_result result = store_in_time(db, pushes, count, fold, db->careful, COMMIT, deadline, counts);

	if (result == DB_STORED)
		db->careful = counts->inserted < (int64_t)fold->count;
	return result;
}

enum db_result
db_dry_run(struct db *db, struct push *push, const struct fold *fold, int64_t deadline)
{
	struct db_counts ignored;

	return store_in_time(db, &push, 1, fold, true, ROLLBACK, deadline, &ignored);
}

void
db_blame_data(struct db *db, bool blame)
{
	db->blames_data = blame;
}

const char *
db_refusal(const struct db *db)
{
	return db->refusal;
}

bool
db_failed_unexplained(const struct db *db)
{
	return db->unexplained;
}
