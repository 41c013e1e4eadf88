/* A push as a row of the spool's table: binds it, and reads it again whatever has become of the row meanwhile. */
#include "spool/spool_row.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

/* The end of 9999, in microseconds: PostgreSQL may not take a later time, and none is one of arrival. */
static const int64_t latest_time = INT64_C(253402300800) * 1000000;

static const char row_is_damaged[] = "The push was damaged in the spool: what stood beside its body cannot be right.";
static const char body_is_damaged[] = "The push was damaged in the spool: its body is not the one that was received.";

/* --- binding ----------------------------------------------------------------------------------------------- */

static void
bind_bytes(sqlite3_stmt *statement, int parameter, const void *bytes, size_t length)
{
	if (bytes != NULL)
		sqlite3_bind_blob64(statement, parameter, bytes, length, SQLITE_STATIC);
}

void
spool_row_bind_id(sqlite3_stmt *statement, int parameter, const struct push_id *id)
{
	bind_bytes(statement, parameter, id->bytes, PUSH_ID_SIZE);
}

void
spool_row_bind_seq(sqlite3_stmt *statement, const struct push *push)
{
	spool_row_bind_id(statement, 1, &push->id);
	sqlite3_bind_int64(statement, 2, push->spool_seq);
}

void
spool_row_bind(sqlite3_stmt *statement, const struct push *push)
{
	spool_row_bind_id(statement, ROW_ID + 1, &push->id);
	sqlite3_bind_int64(statement, ROW_RECEIVED_AT + 1, push->received_at);
	sqlite3_bind_text(statement, ROW_REMOTE_ADDR + 1, push->remote_addr, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, ROW_BYTES + 1, (sqlite3_int64)push->bytes);
	bind_bytes(statement, ROW_SHA256 + 1, push->body.bytes != NULL ? push->sha256 : NULL, PUSH_SHA256_SIZE);
	if (push->fault != NULL)
		sqlite3_bind_text(statement, ROW_FAULT + 1, push->fault, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, ROW_SOURCE + 1, push->source, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, ROW_CLOCK_AHEAD + 1, push->clock_ahead);
	bind_bytes(statement, ROW_BODY + 1, push->body.bytes, push->body.length);
}

/* --- reading ----------------------------------------------------------------------------------------------- */

static bool
is_bytes(sqlite3_stmt *statement, enum spool_column column, int length)
{
	return sqlite3_column_type(statement, column) == SQLITE_BLOB &&
	    sqlite3_column_bytes(statement, column) == length;
}

bool
spool_row_has_id(sqlite3_stmt *statement)
{
	return is_bytes(statement, ROW_ID, PUSH_ID_SIZE);
}

/* The text of a column, with "?" for what is not printable ASCII; NULL when the column is. */
static const char *
read_text(sqlite3_stmt *statement, enum spool_column column, char *text, size_t size)
{
	const char *found = (const char *)sqlite3_column_text(statement, column);

	if (found == NULL)
		return NULL;
	snprintf(text, size, "%s", found);
	for (char *at = text; *at != '\0'; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
	return text;
}

static void
read_source(struct push *push, sqlite3_stmt *statement)
{
	const char *found = (const char *)sqlite3_column_text(statement, ROW_SOURCE);

	if (found != NULL)
		push_copy_source(push->source, found, (size_t)sqlite3_column_bytes(statement, ROW_SOURCE));
}

static bool
read_times(struct push *push, sqlite3_stmt *statement)
{
	int64_t received_at = sqlite3_column_int64(statement, ROW_RECEIVED_AT);
	int64_t ahead = sqlite3_column_int64(statement, ROW_CLOCK_AHEAD);

	if (received_at < 0 || received_at >= latest_time || ahead > received_at || ahead <= received_at - latest_time)
		return false;
	push->received_at = received_at;
	push->clock_ahead = ahead;
	return true;
}

static void
read_body(struct push *push, sqlite3_stmt *statement)
{
	const void *body = sqlite3_column_blob(statement, ROW_BODY);
	size_t length = (size_t)sqlite3_column_bytes(statement, ROW_BODY);
	char *copy = memory_alloc(length);

	if (length > 0)
		memcpy(copy, body, length);
	push_set_body(push, (struct slice){ copy, length });
}

/* Why the body must not be parsed; NULL when it may be. */
static const char *
find_damage(const struct push *push, sqlite3_stmt *statement, bool times_are_right)
{
	if (push->body.bytes != NULL && (!is_bytes(statement, ROW_SHA256, PUSH_SHA256_SIZE) ||
	    memcmp(push->sha256, sqlite3_column_blob(statement, ROW_SHA256), PUSH_SHA256_SIZE) != 0))
		return body_is_damaged;
	return times_are_right && spool_row_has_id(statement) && push->bytes <= INT64_MAX ? NULL : row_is_damaged;
}

struct push *
spool_row_read(sqlite3_stmt *statement)
{
	struct push *push = push_new((const char *)sqlite3_column_text(statement, ROW_REMOTE_ADDR));
	char text[256];
	const char *fault, *damage;
	bool times_are_right = read_times(push, statement);

	if (spool_row_has_id(statement))
		memcpy(push->id.bytes, sqlite3_column_blob(statement, ROW_ID), PUSH_ID_SIZE);
	push->spooled = true;
	push->spool_seq = sqlite3_column_int64(statement, ROW_SEQ);
	push->bytes = (size_t)sqlite3_column_int64(statement, ROW_BYTES);
	read_source(push, statement);
	if (sqlite3_column_type(statement, ROW_BODY) != SQLITE_NULL)
		read_body(push, statement);
	damage = find_damage(push, statement, times_are_right);
	if (push->bytes > INT64_MAX)
		push->bytes = push->body.length;
	fault = read_text(statement, ROW_FAULT, text, sizeof text);
	if (damage != NULL || fault != NULL)
		push_refuse(push, damage != NULL ? damage : fault);
	return push;
}
