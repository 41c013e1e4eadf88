/* A push as a row of the spool's table, for this room alone. */
#ifndef SPOOL_ROW_H
#define SPOOL_ROW_H

#include "push/push.h"
#include "spool/spool_file.h"

/* The columns of STATEMENT_PUT and STATEMENT_OLDEST, in their order. */
enum spool_column {
	ROW_ID, ROW_RECEIVED_AT, ROW_REMOTE_ADDR, ROW_BYTES, ROW_SHA256, ROW_FAULT, ROW_SOURCE,
	ROW_CLOCK_AHEAD, ROW_BODY, ROW_SEQ
};

/* Binds all but the seq, which SQLite gives.  The push must outlive the statement's next step. */
void spool_row_bind(sqlite3_stmt *statement, const struct push *push);
void spool_row_bind_id(sqlite3_stmt *statement, int parameter, const struct push_id *id);

/* Binds the push's id and its spool_seq. */
void spool_row_bind_seq(sqlite3_stmt *statement, const struct push *push);

/*
 * The push of the row that the statement gives, with one reference.  Every row makes a push that can be stored: a row
 * that cannot be what was put there makes a refused push, which goes to quarantine whole, with the reason.
 */
struct push *spool_row_read(sqlite3_stmt *statement);

/* Whether the row has the id of a push; else the push that was read of it has a new one. */
bool spool_row_has_id(sqlite3_stmt *statement);

#endif
