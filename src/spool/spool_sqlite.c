/* What SQLite is asked of the spool's file, what it answers, and what its errors mean. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"
#include "spool/spool_file.h"

enum { LINE_PAUSE = 10 * 1000 };     /* milliseconds between two lines of one trouble */

static const char *const trouble_texts[TROUBLES] = {
	[TROUBLE_OPENING] = "open it",
	[TROUBLE_WRITING] = "write to it",
	[TROUBLE_READING] = "read it",
	[TROUBLE_REMOVING] = "remove stored pushes from it",
	[TROUBLE_POSTPONING] = "move a push to its end",
};

bool
spool_file_execute(struct spool_file *file, const char *format, ...)
{
	va_list arguments;
	char *text;
	bool done;

	va_start(arguments, format);
	text = sqlite3_vmprintf(format, arguments);
	va_end(arguments);
	done = text != NULL && sqlite3_exec(file->database, text, NULL, NULL, NULL) == SQLITE_OK;
	sqlite3_free(text);
	return done;
}

bool
spool_file_run(sqlite3_stmt *statement)
{
	bool done = sqlite3_step(statement) == SQLITE_DONE;

	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return done;
}

int64_t
spool_file_number(const struct spool_file *file, const char *text, int64_t otherwise)
{
	sqlite3_stmt *statement = NULL;
	int64_t number = otherwise;

	if (sqlite3_prepare_v2(file->database, text, -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return number;
}

void
spool_file_log(struct spool_file *file, enum spool_trouble trouble)
{
	if (log_limit_allows(&file->limits[trouble], LINE_PAUSE))
		log_error("spool %s: cannot %s: %s", file->path, trouble_texts[trouble], file->problem);
}

enum spool_result
spool_file_note_problem(struct spool_file *file, enum spool_result result, const char *problem)
{
	file->noted = result;
	snprintf(file->problem, sizeof file->problem, "%s", problem);
	return result;
}

static enum spool_result
result_of(int code)
{
	switch (code & 0xff) {
	case SQLITE_FULL:
		return SPOOL_NO_ROOM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return SPOOL_BUSY;
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return SPOOL_DAMAGED;
	default:
		return SPOOL_FAILED;
	}
}

/* A quota, or a limit on the size of files, is as good as a full disk, but SQLite has no code for it. */
static bool
has_met_limit(const struct spool_file *file)
{
	static const int pointers[] = { SQLITE_FCNTL_FILE_POINTER, SQLITE_FCNTL_JOURNAL_POINTER };
	sqlite3_file *written = NULL;
	int error = 0;

	for (size_t i = 0; i < sizeof pointers / sizeof *pointers && error != EDQUOT && error != EFBIG; i++)
		if (sqlite3_file_control(file->database, "main", pointers[i], &written) == SQLITE_OK &&
		    written->pMethods != NULL)
			written->pMethods->xFileControl(written, SQLITE_FCNTL_LAST_ERRNO, &error);
	return error == EDQUOT || error == EFBIG;
}

enum spool_result
spool_file_note(struct spool_file *file)
{
	bool no_room = sqlite3_extended_errcode(file->database) == SQLITE_IOERR_WRITE && has_met_limit(file);

	return spool_file_note_problem(file, no_room ? SPOOL_NO_ROOM : result_of(sqlite3_errcode(file->database)),
	    sqlite3_errmsg(file->database));
}

bool
spool_file_count(struct spool_file *file, struct spool_depth *depth)
{
	sqlite3_stmt *statement = file->statements[STATEMENT_DEPTH];
	bool read = file->usable && sqlite3_step(statement) == SQLITE_ROW;

	if (read) {
		depth->pushes = sqlite3_column_int64(statement, 0);
		depth->bytes = sqlite3_column_int64(statement, 1);
	}
	if (file->usable)
		sqlite3_reset(statement);
	/* others may have taken some of these out by now */
	if (read && file->remembered > 0)
		depth->pushes -= spool_file_number(file,
		    "SELECT count(*) FROM temp.remembered r WHERE EXISTS (SELECT 1 FROM push WHERE id = r.id)", 0);
	return read;
}
