/* Bytes to validated records: the rules of the interface, field by field.  record.c is the only user of json-c. */
#ifndef RECORD_H
#define RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "push/outcome.h"

/* A field, by its row in fields.def */
enum record_field {
#define FIELD(symbol, name, column, kind, limit, part) RECORD_##symbol,
#include "push/fields.def"
#undef FIELD
	RECORD_FIELDS
};

extern const struct field {
	const char *name;                                               /* in JSON */
	const char *column;
	enum field_kind { FIELD_TEXT, FIELD_TIME, FIELD_INT2, FIELD_INT4 } kind;
	size_t      limit;                                              /* bytes of a text; 0: any number */
	enum field_part { FIELD_IDENTITY, FIELD_CONTENT } part;
} record_fields[RECORD_FIELDS];

/* What a record says in a field. */
struct record_value {
	const char *bytes;              /* NULL: nothing */
	union {
		size_t  length;         /* of a text's bytes */
		int64_t number;         /* all else; of a time microseconds since 1970-01-01 00:00:00, the sender's time */
	};
};

/* One push makes no more entries in quarantine: a body with more bad elements is one entry, whole. */
enum { REJECTS_MAX = 10000 };

struct record {
	struct record_value value[RECORD_FIELDS];
	struct slice        extra;      /* the unlisted fields, a JSON object; bytes NULL: none */
	struct slice        raw;        /* the record as it came */
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

/*
 * The cause that the record's failCode stands for: "0" of the documented example is "00000" of the documented table.
 * It is in padded where it had fewer digits.
 */
enum { CAUSE_CODE_DIGITS = 5 };
struct slice record_cause_code(const struct record *record, char padded[CAUSE_CODE_DIGITS]);

/* A place at the end of the rejects; reason must outlive the list or be its arena's. */
void record_list_reject(struct record_list *list, struct slice raw, const char *reason);

#endif
