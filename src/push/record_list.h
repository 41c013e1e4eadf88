/* The records of one body: what is good, what is bad, or what is wrong with the body. */
#ifndef RECORD_LIST_H
#define RECORD_LIST_H

#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "push/outcome.h"
#include "push/record.h"

/* One push makes no more entries in quarantine: a body with more bad elements is one entry, whole. */
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
	size_t         bad_count;       /* elements that are no records; a reject each, or more than REJECTS_MAX */
	int64_t        total_count;     /* totalCount of an answer: records there are in all; 0: it does not say */
	struct arena   arena;
};

/*
 * Reads a body: a JSON list of records, or {"callResultList": [...]}.  Gives OUTCOME_OK when it is one, each
 * element then being a record or a reject; else the body's fault, and an empty list.  list starts as {0}; body must
 * outlive it.  Damage inside a string, as json_text.h has it, is its element's; in an object around the list it is
 * passed over like the member that it is in.
 */
enum outcome record_list_parse(struct record_list *list, struct slice body);

/* The same, and {"data": [...]} as well: what the platform's query interface answers holds records of the same form. */
enum outcome record_list_parse_answer(struct record_list *list, struct slice body);

void record_list_free(struct record_list *list);

/*
 * Makes rejects of the records that have a reason; reasons has one for each record of the list, in its order, or NULL.
 * They must outlive the list or be its arena's.
 */
void record_list_reject_records(struct record_list *list, const char *const *reasons);

/* A place at the end of the rejects; reason must outlive the list or be its arena's. */
void record_list_reject(struct record_list *list, struct slice raw, const char *reason);

#endif
