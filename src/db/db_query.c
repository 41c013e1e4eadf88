/* The database's answers to an administrator's questions. */
#include <stdio.h>

#include "db/db_internal.h"

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
