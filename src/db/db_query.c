/* What else the database is asked: to keep house, and the questions of an administrator. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include "base/clock.h"
#include "db/db_internal.h"

/* --- housekeeping ------------------------------------------------------------------------------------------- */

static int64_t
number_at(const PGresult *result, int column)
{
	return PQgetisnull(result, 0, column) ? DB_HOUSE_UNKNOWN : atoll(PQgetvalue(result, 0, column));
}

static void
read_house(const PGresult *result, struct db_house *house)
{
	house->more = strcmp(PQgetvalue(result, 0, 0), "t") == 0;
	house->journal_rows = number_at(result, 1);
	house->unplaced_rows = number_at(result, 2);
	house->quarantine_entries = number_at(result, 3);
	house->quarantine_bytes = number_at(result, 4);
	snprintf(house->problem, sizeof house->problem, "%s", PQgetvalue(result, 0, 5));
}

static PGresult *
call_keep_house(struct db *db, int64_t deadline)
{
	const char *values[] = { db->call_timezone };
	PGresult *result = db_execute(db, "SELECT more, journal_rows, unplaced_rows, quarantine_entries,"
	    " quarantine_bytes, problem FROM callresult.keep_house($1)", 1, values, deadline);

	if (result != NULL && !db_succeeded(result))
		db_note_result_problem(db, result);
	return result;
}

/* It has to run at READ COMMITTED, and may take its time, whatever is set for the role or the database. */
static bool
begin_house(struct db *db, int64_t deadline)
{
	char limit[64];

	snprintf(limit, sizeof limit, "SET LOCAL statement_timeout = %lld", (long long)MAX(deadline - clock_ms(), 1));
	return db_run(db, "BEGIN ISOLATION LEVEL READ COMMITTED", deadline) && db_run(db, limit, deadline);
}

bool
db_keep_house(struct db *db, struct db_house *house, int64_t deadline)
{
	PGresult *result = begin_house(db, deadline) ? call_keep_house(db, deadline) : NULL;
	bool done = result != NULL && db_succeeded(result) && PQntuples(result) == 1 &&
	    db_run(db, "COMMIT", deadline);

	if (done)
		read_house(result, house);
	else if (result == NULL || !db_run(db, "ROLLBACK", deadline))
		db_give_up_connection(db);
	PQclear(result);
	return done;
}

/* --- the questions of an administrator ------------------------------------------------------------------------ */

struct db_rows *
db_query(struct db *db, const char *text, const char *const *parameters, int count, int64_t deadline)
{
	PGresult *result;

	if (db->connection == NULL) {
		snprintf(db->problem, sizeof db->problem, "there is no connection");
		return NULL;
	}
	result = db_execute(db, text, count, parameters, deadline);
	if (result == NULL) {
		db_drop_connection(db);
	} else if (!db_succeeded(result)) {
		db_note_problem(db, "%s (SQLSTATE %s)", PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY),
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

int
db_rows_columns(const struct db_rows *rows)
{
	return PQnfields((const PGresult *)rows);
}

const char *
db_rows_name(const struct db_rows *rows, int column)
{
	return PQfname((const PGresult *)rows, column);
}

bool
db_rows_is_number(const struct db_rows *rows, int column)
{
	enum pg_type type = (enum pg_type)PQftype((const PGresult *)rows, column);

	return type == PG_INT2 || type == PG_INT4 || type == PG_INT8 || type == PG_NUMERIC;
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
