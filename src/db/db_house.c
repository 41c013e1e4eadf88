/* The database's housekeeping: one call, and what it tells. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/db_internal.h"

static int64_t
number_at(const PGresult *result, int column)
{
	return PQgetisnull(result, 0, column) ? DB_HOUSE_UNKNOWN : atoll(PQgetvalue(result, 0, column));
}

bool
db_keep_house(struct db *db, struct db_house *house, int64_t deadline)
{
	const char *values[] = { db->call_timezone };
	PGresult *result = db_execute(db, "SELECT more, journal_rows, unplaced_rows, quarantine_entries,"
	    " quarantine_bytes, problem FROM callresult.keep_house($1)", 1, values, deadline);
	bool done = result != NULL && db_succeeded(result) && PQntuples(result) == 1;

	if (done) {
		house->more = strcmp(PQgetvalue(result, 0, 0), "t") == 0;
		house->journal_rows = number_at(result, 1);
		house->unplaced_rows = number_at(result, 2);
		house->quarantine_entries = number_at(result, 3);
		house->quarantine_bytes = number_at(result, 4);
		snprintf(house->problem, sizeof house->problem, "%s", PQgetvalue(result, 0, 5));
	} else if (result != NULL) {
		db_note_result_problem(db, result);
	} else {
		db_give_up_connection(db);
	}
	PQclear(result);
	return done;
}
