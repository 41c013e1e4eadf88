/* The life of a connection to the database: makes it, checks that the server fits, looks at it, closes it. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "db/db_internal.h"

enum { SCHEMA_STEP = 6, SCHEMA_OLDEST = 6 };    /* nothing older was released */

/* --- the connection string ------------------------------------------------------------------------------------ */

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

/* Whether one of two options is given and holds that part. */
static bool
conninfo_has(const char *conninfo, const char *option, const char *other, const char *part)
{
	PQconninfoOption *options = PQconninfoParse(conninfo, NULL), *o;
	bool found = false;

	for (o = options; o != NULL && o->keyword != NULL; o++)
		found |= o->val != NULL && strstr(o->val, part) != NULL &&
		    (strcmp(o->keyword, option) == 0 || strcmp(o->keyword, other) == 0);
	PQconninfoFree(options);
	return found;
}

bool
db_conninfo_has_password(const char *conninfo)
{
	return conninfo_has(conninfo, "password", "sslpassword", "");
}

bool
db_conninfo_has_several_hosts(const char *conninfo)
{
	return conninfo_has(conninfo, "host", "hostaddr", ",");
}

/* --- whether the server fits ---------------------------------------------------------------------------------- */

int
db_schema_step(void)
{
	return SCHEMA_STEP;
}

/* One step to either side fits, so that schema and programs are upgraded in any order. */
bool
db_schema_step_fits(int step)
{
	return step >= SCHEMA_OLDEST && step <= SCHEMA_STEP + 1;
}

static bool
schema_fits(struct db *db, int64_t deadline)
{
	PGresult *result = db_execute(db, "SELECT coalesce(max(step), 0), current_setting('server_encoding')"
	    " FROM callresult.schema_version", 0, NULL, deadline);
	bool fits = false;
	int step;

	if (result == NULL)
		return false;
	if (!db_succeeded(result)) {
		db_note_problem(db, "%s; is the schema installed (psql -f %s/sql/install.sql) and callresult_writer"
		    " granted?", PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY), DATA_DIR);
	} else if (!db_schema_step_fits(step = atoi(PQgetvalue(result, 0, 0)))) {
		db_note_problem(db, "its schema is at step %d, but this callresultd needs step %d to %d;"
		    " run psql -f %s/sql/install.sql, or upgrade callresultd", step, SCHEMA_OLDEST, SCHEMA_STEP + 1,
		    DATA_DIR);
	} else {
		if (strcmp(PQgetvalue(result, 0, 1), "UTF8") != 0)
			log_warning("database: its encoding is %s, not UTF8; "
			    "records with text it cannot represent go to quarantine", PQgetvalue(result, 0, 1));
		fits = true;
	}
	PQclear(result);
	return fits;
}

static bool
time_zone_fits(struct db *db, int64_t deadline)
{
	const char *values[] = { db->call_timezone };
	PGresult *result = db_execute(db, "SELECT now() AT TIME ZONE $1", 1, values, deadline);
	bool fits = result != NULL && db_succeeded(result);

	if (result != NULL && !fits)
		db_note_problem(db, "the server does not know the call_timezone %s", db->call_timezone);
	PQclear(result);
	return fits;
}

/* --- connecting ----------------------------------------------------------------------------------------------- */

/* Only a warning matters: of an error, the result that follows tells more. */
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
	 * libpq reads dbname as a conninfo, which overrides the keywords before it and is overridden by those after
	 * it.  The timeout is for each host, so that a silent one does not use up the time of the others; libpq takes
	 * no less than 2 s.
	 */
	static const char *const keywords[] = { "connect_timeout", "dbname", "client_encoding",
		"fallback_application_name", NULL };
	const char *const values[] = { "2", db->conninfo, "UTF8", log_program(), NULL };

	db->connection = PQconnectdbParams(keywords, values, 1);
	if (db->connection == NULL)
		log_fatal("out of memory");
	PQsetNoticeReceiver(db->connection, receive_notice, db);
	PQsetErrorVerbosity(db->connection, PQERRORS_TERSE);    /* detail and context may quote what was sent */
	return PQstatus(db->connection) == CONNECTION_OK && PQsetnonblocking(db->connection, 1) == 0;
}

bool
db_attach(struct db *db)
{
	if (db->connection != NULL || open_connection(db))
		return true;
	db_note_connection_problem(db);
	db_drop_connection(db);
	return false;
}

bool
db_connect(struct db *db, int64_t deadline)
{
	if (db->swollen)
		db_drop_connection(db);
	if (db->connection != NULL || (db_attach(db) && schema_fits(db, deadline) && time_zone_fits(db, deadline) &&
	    db_prepare_statements(db, deadline)))
		return true;
	db_drop_connection(db);
	return false;
}

bool
db_is_connected(const struct db *db)
{
	return db->connection != NULL;
}

/* Assumes that the server reads its clock halfway through the exchange. */
bool
db_check(struct db *db, int64_t deadline)
{
	int64_t before = clock_timestamp();
	PGresult *result = db_execute(db, "SELECT current_setting('transaction_read_only'),"
	    " (extract(epoch FROM clock_timestamp()) * 1000000)::bigint", 0, NULL, deadline);
	bool well = result != NULL && db_succeeded(result) && strcmp(PQgetvalue(result, 0, 0), "off") == 0;

	if (well)
		db->clock_ahead = before + (clock_timestamp() - before) / 2 - atoll(PQgetvalue(result, 0, 1));
	else if (result != NULL)
		db_note_problem(db, "the server is read-only");
	PQclear(result);
	if (!well)
		db_drop_connection(db);
	return well;
}

int64_t
db_clock_ahead(const struct db *db)
{
	return db->clock_ahead;
}

bool
db_is_swollen(const struct db *db)
{
	return db->swollen;
}

/* An idle connection is readable when the server has closed it, or tells of a new setting. */
bool
db_is_alive(struct db *db)
{
	struct pollfd socket = { .fd = PQsocket(db->connection), .events = POLLIN };

	while (poll(&socket, 1, 0) > 0) {
		if (PQconsumeInput(db->connection) == 0 || PQstatus(db->connection) != CONNECTION_OK) {
			db_note_connection_problem(db);
			db_drop_connection(db);
			return false;
		}
		(void)PQisBusy(db->connection);     /* reads what came */
	}
	return true;
}

/* --- its life ------------------------------------------------------------------------------------------------- */

struct db *
db_new(const char *conninfo, const char *call_timezone)
{
	struct db *db = memory_zalloc(sizeof *db);

	db->conninfo = conninfo;
	db->call_timezone = call_timezone;
	return db;
}

void
db_set_end(struct db *db, const struct db_end *end)
{
	db->end = end;
}

void
db_free(struct db *db)
{
	if (db == NULL)
		return;
	db_drop_connection(db);
	store_call_free(&db->call);
	memory_free(db);
}
