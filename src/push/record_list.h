/* The records of one body: the good ones, the bad ones, or the fault of the whole body. */
#ifndef RECORD_LIST_H
#define RECORD_LIST_H

#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "push/outcome.h"
#include "push/record.h"

/* The most entries in quarantine that a push makes.  A body with more bad elements is one entry, whole. */
enum { REJECTS_MAX = 10000 };

/* What is kept in quarantine: a bad record, or a whole bad body. */
struct reject {
	struct slice raw;       /* as it came */
	const char  *reason;    /* names the field and the fault, never the value */
};

/* The records of one body, in its order.  Texts lie in the body, or in the arena where they had escapes. */
struct record_list {
	struct record *records;
	size_t         record_count;
	struct reject *rejects;
	size_t         reject_count;
	size_t         bad_count;       /* bad elements: as many as rejects, or more than REJECTS_MAX */
	int64_t        total_count;     /* totalCount of an answer: the records there are in all; 0: unknown */
	struct arena   arena;
};

/*
 * Reads a body: a JSON list of records, or {"callResultList": [...]}.  list starts as {0}; body must outlive it.
 * - OUTCOME_OK: each element of the list is a record or a reject.
 * - The fault of the body: list is empty.
 * Damage inside a string (json_text.h) makes a reject of its element; in an object around the list it is ignored.
 */
enum outcome record_list_parse(struct record_list *list, struct slice body) __attribute__((warn_unused_result));

/* The same, and {"data": [...]} as well, which is how the platform's query interface answers. */
enum outcome record_list_parse_answer(struct record_list *list, struct slice body) __attribute__((warn_unused_result));

void record_list_free(struct record_list *list);

/*
 * Makes rejects of the records that have a reason.  reasons has one entry a record, in the order of the list, NULL for
 * those that stay.  Each reason must outlive the list or be its arena's.
 */
void record_list_reject_records(struct record_list *list, const char *const *reasons);

/* Appends a reject.  raw and reason must outlive the list or be its arena's. */
void record_list_reject(struct record_list *list, struct slice raw, const char *reason);

#endif
