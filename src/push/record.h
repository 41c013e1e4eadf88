/* Bytes to validated records: the rules of the interface, field by field.  record.c is the only user of json-c. */
#ifndef RECORD_H
#define RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "push/outcome.h"

/* The columns of type text, and extra, which is the text of a JSON object. */
enum record_text {
	RECORD_CAMPAIGN_ID,
	RECORD_SESSION_ID,
	RECORD_CALLED,
	RECORD_CALL_ID,
	RECORD_FAIL_CODE,
	RECORD_CAUSE_CODE,
	RECORD_CUSTOM_FIELD,
	RECORD_PATH,
	RECORD_EXTRA,
	RECORD_TEXTS
};

enum { RECORD_ID_MAX = 256 };   /* bytes of campaignId, sessionId, called and callId */

/* One push makes no more entries in quarantine: a body with more bad elements is one entry, whole. */
enum { REJECTS_MAX = 10000 };

struct record {
	struct slice text[RECORD_TEXTS];
	struct slice raw;               /* the record as it came */
	int64_t      call_time_local;   /* microseconds since 1970-01-01 00:00:00 of the sender's local time */
	int32_t      vdn_id;
	int16_t      call_status;
	bool         has_call_time;
	bool         has_vdn_id;
};

/* What is kept in quarantine: a bad record, or a whole bad body. */
struct reject {
	struct slice raw;       /* as it came */
	const char  *reason;    /* names the field and the fault, never the value */
};

/* The records of one body, in its order.  Texts and reasons live in the arena, raw texts in the body itself. */
struct record_list {
	struct record *records;
	size_t         record_count;
	struct reject *rejects;
	size_t         reject_count;
	size_t         bad_count;       /* elements that are no records; a reject each, or more of them than REJECTS_MAX */
	struct arena   arena;
};

/*
 * Reads a body: a JSON list of records, or {"callResultList": [...]}.  Gives OUTCOME_OK when it is one, each
 * element then being a record or a reject; else the body's fault, and an empty list.  list starts as {0}; body must
 * outlive it.
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
