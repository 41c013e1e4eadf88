/*
 * A connection to the database, with a libpq of the test's own: the calls that are expected, in their order; each of
 * them failing in turn; each statement of the transaction refused by the server with each kind of code.
 */
#include "unit.h"

#include <libpq-fe.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "db/db.h"

enum { TIME = 60 * 1000, CALLS_MAX = 256, NEVER = -1 };    /* milliseconds; calls */

/* A statement's answer. */
struct pg_result {
	ExecStatusType status;
	const char    *state, *severity, *constraint, *tag;
	char           text[8][64];      /* of the columns of the one row */
	bool           null;             /* of all columns */
};

struct pg_conn {
	bool    well;
	bool    piping;
	bool    busy;                    /* what was sent is not answered before input is read */
	PGresult *answers[32];           /* NULL: the end of a statement's */
	int     first, end;
	PQnoticeReceiver receive;
	void   *receiver;
};

/* In the place of a constraint: the server names the table, and no constraint. */
static const char no_partition[] = "";

/* What the server is to say. */
static struct {
	const char *at;                  /* of the statement with that text */
	const char *state, *severity, *constraint;
	int         times;               /* so often */
	const char *commit_tag;
	bool        warns;               /* before it answers COMMIT */
	bool        read_only, silent, all_null;
	int         takes_ms;            /* to answer */
	const char *problem;
} server;

static const char *server_words = "the server's words";
static char calls[CALLS_MAX][96];
static int call_count, failing_call;
static int connections, results;
static bool committed;               /* the server has said so */
static int socket_of_all = -1;

/* --- what stands in the place of libpq ----------------------------------------------------------------------- */

/* Notes a call that can fail.  False when it is to fail this time. */
static bool
note(const char *name, const char *argument)
{
	assert_true(call_count < CALLS_MAX);
	snprintf(calls[call_count], sizeof calls[0], "%s%s%.60s", name, *argument != '\0' ? " " : "", argument);
	return call_count++ != failing_call;
}

static bool
break_unless(PGconn *connection, bool well)
{
	connection->well &= well;
	return connection->well;
}

PGconn *
PQconnectdbParams(const char *const *keywords, const char *const *values, int expand)
{
	PGconn *connection = calloc(1, sizeof *connection);

	(void)keywords, (void)values, (void)expand;
	connections++;
	connection->well = note("connect", "");
	return connection;
}

void
PQfinish(PGconn *connection)
{
	if (connection == NULL)
		return;
	while (connection->first < connection->end)
		PQclear(connection->answers[connection->first++]);
	connections--;
	free(connection);
}

ConnStatusType PQstatus(const PGconn *connection) { return connection->well ? CONNECTION_OK : CONNECTION_BAD; }
char *PQerrorMessage(const PGconn *connection) { return connection->well ? (char *)"" : (char *)"it broke\n\tadvice\n";
    }
int PQsocket(const PGconn *connection) { (void)connection; return socket_of_all; }
int PQsetnonblocking(PGconn *connection, int on) { (void)on; return break_unless(connection, note("nonblocking", "")) ?
    0 : -1; }
PGVerbosity PQsetErrorVerbosity(PGconn *connection, PGVerbosity to) { (void)connection; return to; }

PQnoticeReceiver
PQsetNoticeReceiver(PGconn *connection, PQnoticeReceiver receive, void *receiver)
{
	connection->receive = receive;
	connection->receiver = receiver;
	return NULL;
}

static PGresult *
new_result(ExecStatusType status)
{
	PGresult *result = calloc(1, sizeof *result);

	results++;
	result->status = status;
	result->tag = "";
	return result;
}

void
PQclear(PGresult *result)
{
	results -= result != NULL;
	free(result);
}

static void
queue_answer(PGconn *connection, PGresult *result)
{
	assert_true(connection->end < (int)COUNT(connection->answers));
	connection->answers[connection->end++] = result;
	connection->busy = true;
}

/* The row that a statement gives. */
static void
fill(PGresult *result, const char *text)
{
	for (size_t i = 0; i < COUNT(result->text); i++)
		strcpy(result->text[i], "1");
	if (strstr(text, "schema_version") != NULL) {
		sprintf(result->text[0], "%d", db_schema_step());
		strcpy(result->text[1], "UTF8");
		strcpy(result->text[2], server.read_only ? "on" : "off");
	} else if (strstr(text, "transaction_read_only") != NULL) {
		strcpy(result->text[0], server.read_only ? "on" : "off");
		strcpy(result->text[1], "1000000");
	} else if (strstr(text, "keep_house") != NULL) {
		strcpy(result->text[0], "t");
		result->null = server.all_null;
		strcpy(result->text[5], server.problem != NULL ? server.problem : "");
	} else if (strstr(text, "store_") != NULL) {
		strcpy(result->text[0], "(1,20,300,4000,50000000000)");
	}
	result->tag = strcmp(text, "COMMIT") == 0 ? server.commit_tag : text;
}

/* BEGIN has the word COMMIT in it. */
static bool
is_meant(const char *text)
{
	return strcmp(server.at, "COMMIT") == 0 ? strcmp(text, server.at) == 0 : strstr(text, server.at) != NULL;
}

/* What is sent is answered, or refused, or passed over behind what was refused. */
static int
send_text(PGconn *connection, const char *name, const char *text)
{
	static bool aborted;
	PGresult *result;

	if (!break_unless(connection, note(name, text)))
		return 0;
	if (!connection->piping || strncmp(text, "BEGIN", 5) == 0)
		aborted = false;
	if (connection->piping && aborted) {
		result = new_result(PGRES_PIPELINE_ABORTED);
	} else if (server.times > 0 && is_meant(text)) {
		server.times--;
		result = new_result(PGRES_FATAL_ERROR);
		result->state = server.state;
		result->severity = server.severity;
		result->constraint = server.constraint;
		aborted = true;
	} else {
		result = new_result(PGRES_TUPLES_OK);
		fill(result, text);
	}
	queue_answer(connection, result);
	queue_answer(connection, NULL);
	return 1;
}

int
PQsendQueryParams(PGconn *connection, const char *text, int count, const Oid *types, const char *const *values,
    const int *lengths, const int *formats, int format)
{
	(void)count, (void)types, (void)values, (void)lengths, (void)formats, (void)format;
	return send_text(connection, "send", text);
}

int
PQsendPrepare(PGconn *connection, const char *name, const char *text, int count, const Oid *types)
{
	(void)text, (void)count, (void)types;
	return send_text(connection, "prepare", name);
}

int
PQsendQueryPrepared(PGconn *connection, const char *name, int count, const char *const *values, const int *lengths,
    const int *formats, int format)
{
	(void)count, (void)values, (void)lengths, (void)formats, (void)format;
	return send_text(connection, "run", strncmp(name, "callresultd_begin", 17) == 0 ? "BEGIN" :
	    strncmp(name, "callresultd_commit", 18) == 0 ? "COMMIT" :
	    strncmp(name, "callresultd_rollback", 20) == 0 ? "ROLLBACK" : name);
}

int
PQenterPipelineMode(PGconn *connection)
{
	return connection->piping = break_unless(connection, note("pipeline", ""));
}

int
PQpipelineSync(PGconn *connection)
{
	if (!break_unless(connection, note("sync", "")))
		return 0;
	queue_answer(connection, new_result(PGRES_PIPELINE_SYNC));
	return 1;
}

int
PQexitPipelineMode(PGconn *connection)
{
	connection->piping = false;
	return break_unless(connection, note("exit", ""));
}

int PQflush(PGconn *connection) { return break_unless(connection, note("flush", "")) ? 0 : -1; }
int PQisBusy(PGconn *connection) { return connection->busy; }

int
PQconsumeInput(PGconn *connection)
{
	connection->busy = server.silent;
	usleep((useconds_t)server.takes_ms * 1000);
	return break_unless(connection, note("input", ""));
}

PGresult *
PQgetResult(PGconn *connection)
{
	PGresult *result = NULL;

	if (!break_unless(connection, note("result", "")))
		return NULL;
	if (connection->first < connection->end)
		result = connection->answers[connection->first++];
	if (connection->first == connection->end)
		connection->first = connection->end = 0;
	if (result != NULL && strcmp(result->tag, "COMMIT") == 0) {
		static PGresult warning = { .severity = "WARNING" };

		committed = !server.warns;
		if (server.warns)
			connection->receive(connection->receiver, &warning);
	}
	return result;
}

ExecStatusType PQresultStatus(const PGresult *result) { return result->status; }
char *PQcmdStatus(PGresult *result) { return (char *)result->tag; }
int PQntuples(const PGresult *result) { return result->status == PGRES_TUPLES_OK; }
int PQgetisnull(const PGresult *result, int row, int column) { (void)row, (void)column; return result->null; }
char *PQgetvalue(const PGresult *result, int row, int column) { (void)row; return (char *)result->text[column]; }

char *
PQresultErrorField(const PGresult *result, int field)
{
	switch (field) {
	case PG_DIAG_SQLSTATE:
		return (char *)result->state;
	case PG_DIAG_SEVERITY_NONLOCALIZED:
		return (char *)result->severity;
	case PG_DIAG_CONSTRAINT_NAME:
		return result->constraint == no_partition ? NULL : (char *)result->constraint;
	case PG_DIAG_TABLE_NAME:
		return result->constraint == no_partition ? (char *)"call_result" : NULL;
	case PG_DIAG_MESSAGE_PRIMARY:
		return result->state != NULL ? (char *)server_words : NULL;
	default:
		return NULL;
	}
}

/* --- helpers ------------------------------------------------------------------------------------------------- */

static struct db *db;
static struct push *push;

static int
begin(void **state)
{
	memset(&server, 0, sizeof server);
	server.commit_tag = "COMMIT";
	failing_call = NEVER;
	call_count = 0;
	committed = false;
	socket_of_all = eventfd(1, 0);
	push = push_new(NULL);
	db = db_new("dbname=test", "UTC");
	return 0;
}

static int
end(void **state)
{
	db_free(db);
	push_unref(push);
	close(socket_of_all);
	assert_int_equal(connections, 0);
	assert_int_equal(results, 0);
	return 0;
}

static int64_t soon(void) { return clock_ms() + TIME; }

static void
connect_well(void)
{
	assert_true(db_connect(db, soon()));
	call_count = 0;
}

static void
refuse(const char *at, const char *state, const char *severity, const char *constraint, int times)
{
	server.at = at;
	server.state = state;
	server.severity = severity;
	server.constraint = constraint;
	server.times = times;
}

static struct db_counts counts;

static enum db_result
store(void)
{
	struct fold fold = { 0 };

	return db_store(db, &push, 1, &fold, soon(), &counts);
}

static int
count_calls(const char *call)
{
	int count = 0;

	for (int i = 0; i < call_count; i++)
		count += strcmp(calls[i], call) == 0;
	return count;
}

/* --- tests --------------------------------------------------------------------------------------------------- */

/* The calls, but for those that wait. */
static void
assert_sent(const char *const *expected, size_t count)
{
	size_t next = 0;

	for (int i = 0; i < call_count; i++) {
		if (strcmp(calls[i], "flush") == 0 || strcmp(calls[i], "input") == 0 || strcmp(calls[i], "result") == 0)
			continue;
		assert_true(next < count);
		assert_memory_equal(calls[i], expected[next], strlen(expected[next]));
		next++;
	}
	assert_int_equal(next, count);
}

static void
a_batch_is_one_exchange(void **state)
{
	static const char *const expected[] = {
		"pipeline", "run BEGIN", "run callresultd_limits",
		"run callresultd_store",
		"run COMMIT", "sync", "exit",
	};

	connect_well();
	assert_int_equal(store(), DB_STORED);
	assert_sent(expected, COUNT(expected));
	assert_int_equal(counts.pushes, 1);
	assert_int_equal(counts.inserted, 20);
	assert_int_equal(counts.updated, 300);
	assert_int_equal(counts.duplicates, 4000);
	assert_int_equal(counts.quarantined, 50000000000);
}

/* What COMMIT would check, store() has checked. */
static void
a_trial_is_taken_back(void **state)
{
	static const char *const expected[] = {
		"pipeline", "run BEGIN", "run callresultd_limits",
		"run callresultd_store",
		"run ROLLBACK", "sync", "exit",
	};
	struct fold fold = { 0 };

	connect_well();
	assert_int_equal(db_dry_run(db, push, &fold, soon()), DB_STORED);
	assert_sent(expected, COUNT(expected));
	assert_false(committed);
	refuse("callresultd_store", "23503", "ERROR", "owned", 1);
	assert_int_equal(db_dry_run(db, push, &fold, soon()), DB_BAD_RECORD);
	assert_string_equal(db_refusal(db), "the database refuses it: SQLSTATE 23503, constraint owned");
	assert_true(db_is_connected(db));
}

/* Whatever call of libpq fails: nothing is taken for stored that the server has not said is. */
static void
each_call_fails_in_turn(void **state)
{
	int failing = 0, failed = 0;
	bool last;

	do {
		enum db_result result = DB_UNAVAILABLE;

		failing_call = failing++;
		if (db_connect(db, soon()) && db_check(db, soon()))
			result = store();
		last = call_count <= failing_call;
		assert_true(result != DB_STORED || committed);
		assert_true(result != DB_BAD_RECORD);
		if (result != DB_STORED) {
			failed++;
			assert_false(db_is_connected(db));
			assert_string_not_equal(db_problem(db), "");
		}
		end(state);
		begin(state);
	} while (!last);
	assert_in_range(failed, 40, CALLS_MAX);
}

static void
what_the_server_says_decides(void **state)
{
	static const struct {
		const char    *at, *state, *severity, *constraint;
		int            times;
		enum db_result result;
		int            tries;
		const char    *problem;
	} cases[] = {
		{ "store_", "23505", "ERROR", "key", 9, DB_BAD_RECORD, 1, "SQLSTATE 23505, constraint key" },
		{ "store_", "22008", "ERROR", NULL, 9, DB_BAD_RECORD, 1, "SQLSTATE 22008" },
		{ "COMMIT", "23503", "ERROR", "owned", 9, DB_BAD_RECORD, 1, "SQLSTATE 23503, constraint owned" },
		{ "store_", "23514", "ERROR", no_partition, 1, DB_STORED, 2, "" },
		{ "store_", "23514", "ERROR", no_partition, 9, DB_UNAVAILABLE, 5, "no partition accepts a record" },
		{ "store_", "23514", "ERROR", "rule", 9, DB_BAD_RECORD, 1, "constraint rule" },
		{ "store_", "23514", "ERROR", NULL, 9, DB_BAD_RECORD, 1, "SQLSTATE 23514" },
		{ "store_", "40P01", "ERROR", NULL, 2, DB_STORED, 3, "" },
		{ "COMMIT", "40001", "ERROR", NULL, 1, DB_STORED, 2, "" },
		{ "store_", "40001", "ERROR", NULL, 9, DB_UNAVAILABLE, 5, "SQLSTATE 40001" },
		{ "store_", "54000", "ERROR", NULL, 9, DB_UNAVAILABLE, 1, "SQLSTATE 54000" },
		{ "store_", "57014", "ERROR", NULL, 9, DB_UNAVAILABLE, 1, "SQLSTATE 57014" },
		{ "store_", "42501", "ERROR", NULL, 9, DB_UNAVAILABLE, 1, "SQLSTATE 42501" },
		{ "limits", "26000", "ERROR", NULL, 1, DB_STORED, 1, "" },
		{ "BEGIN", "57P01", "FATAL", NULL, 9, DB_UNAVAILABLE, 1, "SQLSTATE 57P01" },
		{ "COMMIT", "57P01", "FATAL", NULL, 9, DB_UNKNOWN, 1, "SQLSTATE 57P01" },
		{ "COMMIT", NULL, NULL, NULL, 9, DB_UNKNOWN, 1, "" },
		{ "COMMIT", "53100", "ERROR", NULL, 9, DB_UNAVAILABLE, 1, "SQLSTATE 53100" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		enum db_result result;

		connect_well();
		refuse(cases[i].at, cases[i].state, cases[i].severity, cases[i].constraint, cases[i].times);
		result = store();
		if (result != cases[i].result)
			print_error("%s at %s\n", cases[i].state, cases[i].at);
		assert_int_equal(result, cases[i].result);
		assert_int_equal(count_calls("run callresultd_store_3"), cases[i].tries);
		assert_int_equal(db_is_connected(db), result == DB_STORED || result == DB_BAD_RECORD);
		assert_int_equal(db_failed_unexplained(db), strcmp(cases[i].state != NULL ? cases[i].state : "",
		    "54000") == 0);
		assert_true(result == DB_STORED || strstr(db_problem(db), cases[i].problem) != NULL);
		end(state);
		begin(state);
	}
}

/* Where others go through, and a push does not again and again. */
static void
a_code_that_blames_nobody_may_count_as_the_data_s(void **state)
{
	connect_well();
	refuse("store_", "P0001", "ERROR", NULL, 1);
	db_blame_data(db, true);
	assert_int_equal(store(), DB_BAD_RECORD);
	assert_string_equal(db_refusal(db), "the database refuses it: SQLSTATE P0001");
	assert_true(db_is_connected(db));
	refuse("store_", "42501", "ERROR", NULL, 1);
	assert_int_equal(store(), DB_UNAVAILABLE);
	connect_well();
	refuse("store_", "XX000", "FATAL", NULL, 1);
	assert_int_equal(store(), DB_UNAVAILABLE);
	connect_well();
	refuse("store_", "P0001", "ERROR", NULL, 1);
	db_blame_data(db, false);
	assert_int_equal(store(), DB_UNAVAILABLE);
	assert_false(db_is_connected(db));
}

static void
a_number_in_the_server_s_words_is_hidden(void **state)
{
	connect_well();
	server_words = "no 13800138000, not 1234 either";
	refuse("store_", "42501", "ERROR", NULL, 1);
	assert_int_equal(store(), DB_UNAVAILABLE);
	server_words = "the server's words";
	assert_string_equal(db_problem(db), "no ***********, not 1234 either (SQLSTATE 42501)");
}

/* COMMIT of a failed transaction succeeds as ROLLBACK; a warning of it tells of a standby that is away. */
static void
a_commit_is_what_says_commit(void **state)
{
	connect_well();
	server.commit_tag = "ROLLBACK";
	assert_int_equal(store(), DB_UNKNOWN);
	assert_string_equal(db_problem(db), "the server answered COMMIT with ROLLBACK");
	server.commit_tag = "COMMIT";
	server.warns = true;
	connect_well();
	assert_int_equal(store(), DB_UNKNOWN);
	assert_string_equal(db_problem(db), "the server committed without its standby");
	assert_false(db_is_connected(db));
}

static void
without_time_nothing_is_begun(void **state)
{
	struct fold fold = { 0 };

	connect_well();
	assert_int_equal(db_store(db, &push, 1, &fold, clock_ms(), &counts), DB_UNAVAILABLE);
	assert_int_equal(db_dry_run(db, push, &fold, clock_ms()), DB_UNAVAILABLE);
	assert_int_equal(call_count, 0);
	assert_true(db_is_connected(db));
	assert_string_equal(db_problem(db), "reply_deadline passed before a push could be stored");
}

/* It would be cut off by the deadline, and the server be said not to answer. */
static void
what_is_refused_is_not_taken_apart_in_too_little_time(void **state)
{
	struct fold fold = { 0 };

	connect_well();
	server.takes_ms = 10;
	refuse("store_", "23503", "ERROR", "owned", 1);
	assert_int_equal(store(), DB_BAD_RECORD);
	call_count = 0;
	assert_int_equal(db_dry_run(db, push, &fold, clock_ms() + 15), DB_UNAVAILABLE);
	assert_int_equal(call_count, 0);
	assert_true(db_is_connected(db));
	assert_int_equal(store(), DB_STORED);
}

static void
a_check_measures_the_clocks(void **state)
{
	int64_t before = clock_timestamp(), ahead;

	connect_well();
	assert_true(db_check(db, soon()));
	ahead = db_clock_ahead(db);
	assert_in_range(ahead, before - 1000000, clock_timestamp() - 1000000);
	server.read_only = true;
	assert_false(db_check(db, soon()));
	assert_false(db_is_connected(db));
	assert_string_equal(db_problem(db), "the server is read-only");
}

/* The reason stays the first one. */
static void
a_silent_server_is_given_up(void **state)
{
	uint64_t ignored;
	struct db_rows *rows;

	connect_well();
	server.silent = true;
	assert_int_equal(read(socket_of_all, &ignored, sizeof ignored), sizeof ignored);
	rows = db_query(db, "select 1", NULL, 0, clock_ms() + 20);
	assert_null(rows);
	assert_string_equal(db_problem(db), "the server does not answer");
	assert_false(db_is_connected(db));
}

/* Set in another thread while an exchange waits. */
static void
the_end_cuts_an_exchange_short(void **state)
{
	static struct db_end ending;
	uint64_t ignored;
	int64_t before = clock_ms();

	connect_well();
	server.silent = true;
	assert_int_equal(read(socket_of_all, &ignored, sizeof ignored), sizeof ignored);
	ending.descriptor = eventfd(1, 0);
	ending.at = clock_ms() + 30;
	db_set_end(db, &ending);
	assert_int_equal(store(), DB_UNKNOWN);
	assert_in_range(clock_ms() - before, 1, TIME / 2);
	close(ending.descriptor);
}

static void
the_house_tells_its_figures(void **state)
{
	struct db_house house;

	connect_well();
	assert_true(db_keep_house(db, &house, soon()));
	assert_true(house.more);
	assert_int_equal(house.journal_rows, 1);
	assert_string_equal(house.problem, "");
	server.all_null = true;
	server.problem = "no month";
	assert_true(db_keep_house(db, &house, soon()));
	assert_int_equal(house.quarantine_bytes, DB_HOUSE_UNKNOWN);
	assert_string_equal(house.problem, "no month");
	refuse("keep_house", "42883", "ERROR", NULL, 1);
	assert_false(db_keep_house(db, &house, soon()));
	assert_string_equal(db_problem(db), "the server's words (SQLSTATE 42883)");
	assert_true(db_is_connected(db));
	server.silent = true;
	failing_call = call_count;
	assert_false(db_keep_house(db, &house, soon()));
	assert_false(db_is_connected(db));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_batch_is_one_exchange),
		TEST(a_trial_is_taken_back),
		TEST(each_call_fails_in_turn),
		TEST(what_the_server_says_decides),
		TEST(a_code_that_blames_nobody_may_count_as_the_data_s),
		TEST(a_number_in_the_server_s_words_is_hidden),
		TEST(a_commit_is_what_says_commit),
		TEST(without_time_nothing_is_begun),
		TEST(what_is_refused_is_not_taken_apart_in_too_little_time),
		TEST(a_check_measures_the_clocks),
		TEST(a_silent_server_is_given_up),
		TEST(the_end_cuts_an_exchange_short),
		TEST(the_house_tells_its_figures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
