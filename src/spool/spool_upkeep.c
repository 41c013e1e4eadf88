/* What the keeper does for the spool's file about every second. */

#include "base/clock.h"
#include "base/log.h"
#include "spool/spool_disk.h"
#include "spool/spool_file.h"
#include "spool/spool_internal.h"
#include "spool/spool_rescue.h"

enum {
	TURN_TIME = 1000,           /* milliseconds to wait for the turn */
	CHECK_BYTES = 1024 * 1024,  /* that each look reads to find damage */
};

static void
note_opened(struct spool *spool)
{
	const char *path = spool->file.path, *risk = spool_disk_risk(path);

	if (risk != NULL)
		log_warning("spool %s: %s", path, risk);
	spool_observe(spool);
	if (spool->pushes > 0)
		log_info("spool %s: pushes from an earlier run wait to be stored pushes=%lld", path,
		    (long long)spool->pushes);
	spool->failing = false;
}

static void
open_file(struct spool *spool)
{
	if (!spool_file_follow(&spool->file) && !spool_replace_damaged(spool)) {
		spool_file_log(&spool->file, TROUBLE_OPENING);
		return;
	}
	note_opened(spool);
	if (spool->looked)
		log_info("spool %s: available now", spool->file.path);
}

/* One transaction. */
static enum spool_result
transact(struct spool_file *file, const char *text)
{
	enum spool_result result = spool_file_begin(file, clock_ms() + TURN_TIME);

	if (result != SPOOL_DONE)
		return result;
	return spool_file_end(file, spool_file_execute(file, text) ? SPOOL_DONE : spool_file_note(file));
}

static void
remove_remembered(struct spool *spool)
{
	static const char text[] = "DELETE FROM push WHERE id IN (SELECT id FROM temp.remembered);"
	    "DELETE FROM temp.remembered;";

	if (spool->file.remembered > 0 && transact(&spool->file, text) == SPOOL_DONE)
		spool->file.remembered = 0;
}

/*
 * Reads a part of the file: damage is to be found before much more is acknowledged into it, not only when the database
 * is back.
 */
static void
check(struct spool *spool)
{
	sqlite3_stmt *statement = NULL;
	int64_t read = 0;
	int code = sqlite3_prepare_v2(spool->file.database, "SELECT seq, body FROM push WHERE seq > ? ORDER BY seq", -1,
	    &statement, NULL);

	/* what SQLite has in memory says nothing about the disk */
	sqlite3_db_release_memory(spool->file.database);
	if (code == SQLITE_OK)
		sqlite3_bind_int64(statement, 1, spool->checked);
	while (code == SQLITE_OK && read < CHECK_BYTES && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		spool->checked = sqlite3_column_int64(statement, 0);
		read += sqlite3_column_bytes(statement, 1) + SPOOL_ROW_OVERHEAD;
		code = SQLITE_OK;
	}
	if (code == SQLITE_DONE)
		spool->checked = SPOOL_FIRST;
	sqlite3_finalize(statement);
	if (code == SQLITE_OK || code == SQLITE_DONE)
		return;
	spool_file_note(&spool->file);
	spool_file_log(&spool->file, TROUBLE_READING);
	spool_replace_damaged(spool);
}

/* While the spool is not well, perhaps nobody brings a push that would show that it is well again. */
static void
try_to_write(struct spool *spool)
{
	enum spool_result result = transact(&spool->file, "UPDATE depth SET pushes = pushes");

	if (result == SPOOL_DONE)
		spool->failing = false;
	else if (result == SPOOL_FAILED)
		spool_file_drop_if_found(&spool->file);
}

/* Whether there is more to do at once. */
static bool
look_after_file(struct spool *spool)
{
	bool has_room = spool_disk_has_room(&spool->file, SPOOL_WELL_BYTES), more;

	spool_disk_keep_reserve(&spool->file);
	remove_remembered(spool);
	if (!has_room)
		spool->failing = true;
	else if (spool->failing)
		try_to_write(spool);
	spool_file_order_rescues(&spool->file);
	more = spool_rescue_go_on(&spool->file, &spool->rescue);
	if (spool->file.usable && spool->pushes > 0 && spool->rescue == NULL)
		check(spool);
	if (spool->file.usable && spool->pushes == 0 && !spool->shrunk)
		spool->shrunk = spool_disk_shrink(&spool->file);
	return more;
}

bool
spool_look_after(struct spool *spool)
{
	bool more;

	if (!spool_lock(spool))
		return false;
	if (!spool->looked)
		spool_aside_find(&spool->file);
	if (!spool->file.usable || spool_file_has_moved(&spool->file))
		open_file(spool);
	more = spool->file.usable && look_after_file(spool);
	spool_unlock(spool);
	return more;
}
