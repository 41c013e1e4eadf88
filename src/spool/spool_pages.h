/*
 * Reads the pushes that can still be read of a damaged spool: each page by itself, or what the log beside the file
 * (-wal) has committed in its place.  For spool_rescue.c alone.
 */
#ifndef SPOOL_PAGES_H
#define SPOOL_PAGES_H

#include <stdint.h>

#include "spool/spool_row.h"

struct spool_pages;

/* NULL, with errno, when the file cannot be opened. */
struct spool_pages *spool_pages_open(const char *path);
void spool_pages_close(struct spool_pages *pages);

/* Pages are numbered from 1 to this. */
int64_t spool_pages_count(const struct spool_pages *pages);

enum { ROW_VALUES = ROW_BODY + 1 };

struct spool_value {
	enum { VALUE_NULL, VALUE_INTEGER, VALUE_TEXT, VALUE_BLOB } type;
	int64_t              integer;
	const unsigned char *bytes;
	int                  length;
};

/* A row that has the form of a push; what its values are worth is not looked at. */
struct spool_found {
	int64_t            seq;
	struct spool_value values[ROW_VALUES];          /* by enum spool_column, up to ROW_BODY */
};

typedef void spool_pages_row(void *context, const struct spool_found *found);

/* Calls row for each push that begins on the page.  A page that is free, or cannot be read, has none. */
void spool_pages_read(struct spool_pages *pages, int64_t number, spool_pages_row *row, void *context);

#endif
