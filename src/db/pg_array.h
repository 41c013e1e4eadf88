/*
 * PostgreSQL arrays of one dimension in binary form (the server's array_recv), built one element after the other: how a
 * batch travels in the parameters of one statement.
 */
#ifndef PG_ARRAY_H
#define PG_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* Types by their OIDs in pg_type, which never change. */
enum pg_type {
	PG_BOOL = 16,
	PG_BYTEA = 17,
	PG_INT8 = 20,
	PG_INT2 = 21,
	PG_INT4 = 23,
	PG_TEXT = 25,
	PG_TIMESTAMP = 1114,
	PG_TIMESTAMPTZ = 1184,
	PG_NUMERIC = 1700,
	PG_UUID = 2950,
	PG_JSONB = 3802,
};

struct pg_array {
	char   *bytes;     /* as the server reads them */
	size_t  length;
	size_t  capacity;
	size_t  opened;    /* where the element starts that is still open */
	int     count;
	bool    has_null;
};

/* Empties the array, which is {0} at first, and sets the type of its elements.  Keeps its memory for the next batch. */
void pg_array_start(struct pg_array *array, enum pg_type type);

void pg_array_add_null(struct pg_array *array);
void pg_array_add_bytes(struct pg_array *array, const void *bytes, size_t length);  /* text, bytea, uuid */
void pg_array_add_text(struct pg_array *array, struct slice text);                  /* NULL as null */
void pg_array_add_bool(struct pg_array *array, bool value);
void pg_array_add_int2(struct pg_array *array, int16_t value);
void pg_array_add_int4(struct pg_array *array, int32_t value);
void pg_array_add_int8(struct pg_array *array, int64_t value);
void pg_array_add_time(struct pg_array *array, int64_t microseconds);   /* both timestamps; since 1970 */

/*
 * Opens a jsonb element, and returns where its text of at most size bytes goes; pg_array_close() takes the text's end.
 */
char *pg_array_open_json(struct pg_array *array, size_t size);
void pg_array_close(struct pg_array *array, const char *end);

/* Completes the header, when all elements are there. */
void pg_array_finish(struct pg_array *array);

/* The first element as a value by itself; it points into the array.  bytes is NULL for null. */
struct slice pg_array_first(const struct pg_array *array);

/* Frees the memory of a huge array, which must not be held for ever. */
void pg_array_trim(struct pg_array *array);

void pg_array_free(struct pg_array *array);

#endif
