/*
 * The tables of the spool's file.
 *
 *   push    a row a push.  seq is the order of arrival; fault is why the body is no list of records, NULL when it is
 *           still to be parsed; body is as it was sent, NULL when it was not kept
 *   depth   one row, which triggers keep up to date, so that nobody has to count
 *   rescue  a row for each damaged file whose pushes are being taken over (spool_rescue.c): its next page, how many
 *           pushes were rescued, and how many it said it had, -1 when it did not
 *
 * A file of the first version has push alone, without source and clock_ahead, which are appended.
 */
#include "spool/spool_file.h"

/* The body is the last column: what stands behind a long one is slow to read. */
static const char tables[] =
    "CREATE TABLE IF NOT EXISTS push ("
    " seq INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, received_at INTEGER NOT NULL, remote_addr TEXT NOT NULL,"
    " bytes INTEGER NOT NULL, sha256 BLOB, fault TEXT, source TEXT NOT NULL DEFAULT '',"
    " clock_ahead INTEGER NOT NULL DEFAULT 0, body BLOB);";

static const char columns_added[] =
    "ALTER TABLE push ADD COLUMN source TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE push ADD COLUMN clock_ahead INTEGER NOT NULL DEFAULT 0;";

/* Dropped first: a file that a dump of a spool was read into has them, and no version. */
static const char depth_and_rescue[] =
    "DROP TABLE IF EXISTS depth;"
    "DROP TRIGGER IF EXISTS push_is_put;"
    "DROP TRIGGER IF EXISTS push_is_removed;"
    "CREATE TABLE depth (pushes INTEGER NOT NULL, bytes INTEGER NOT NULL);"
    "INSERT INTO depth SELECT count(*), coalesce(sum(bytes), 0) FROM push;"
    "CREATE TRIGGER push_is_put AFTER INSERT ON push BEGIN"
    " UPDATE depth SET pushes = pushes + 1, bytes = bytes + NEW.bytes; END;"
    "CREATE TRIGGER push_is_removed AFTER DELETE ON push BEGIN"
    " UPDATE depth SET pushes = pushes - 1, bytes = bytes - OLD.bytes; END;"
    "CREATE TABLE IF NOT EXISTS rescue ("
    " file TEXT PRIMARY KEY, page INTEGER NOT NULL, rescued INTEGER NOT NULL, expected INTEGER NOT NULL);"
    "PRAGMA user_version = 1;";

static bool
make_tables(struct spool_file *file)
{
	bool is_first_version = spool_file_number(file,
	    "SELECT count(*) = 8 FROM pragma_table_info('push')", 0) == 1;

	return spool_file_execute(file, is_first_version ? columns_added : tables) &&
	    spool_file_execute(file, depth_and_rescue);
}

/* Looks again within the transaction, since another process may be first.  After a failure the file is closed. */
bool
spool_schema_upgrade(struct spool_file *file)
{
	bool done;

	if (spool_file_number(file, "PRAGMA user_version", 0) > 0)
		return true;
	if (!spool_file_execute(file, "BEGIN IMMEDIATE"))
		return false;
	done = spool_file_number(file, "PRAGMA user_version", 0) > 0 || make_tables(file);
	return done && spool_file_execute(file, "COMMIT");
}
