/* One record: the rules of the interface, field by field. */
#ifndef RECORD_H
#define RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

struct json_text;

/* A field, by its row in fields.def. */
enum record_field {
#define FIELD(symbol, name, column, kind, limit, part) RECORD_##symbol,
#include "push/fields.def"
#undef FIELD
	RECORD_FIELDS
};

extern const struct field {
	const char *name;                                               /* in JSON */
	size_t      name_length;
	const char *column;
	enum field_kind { FIELD_TEXT, FIELD_TIME, FIELD_INT2, FIELD_INT4 } kind;
	size_t      limit;                                              /* bytes of a text; 0: any number */
	enum field_part { FIELD_IDENTITY, FIELD_CONTENT } part;
} record_fields[RECORD_FIELDS];

/* The value of a field. */
struct record_value {
	const char *bytes;              /* NULL: nothing */
	union {
		size_t  length;         /* of a text's bytes */
		int64_t number;         /* of all else; a time: microseconds since 1970 in the sender's zone */
	};
};

struct record {
	struct record_value value[RECORD_FIELDS];
	struct slice        raw;        /* its text, as it came */
	bool                has_extra;  /* it has unlisted fields */
};

/*
 * Reads the next element of a list.  False when it is no JSON.  *problem is NULL for a good record.  For a bad one it
 * is a constant that names the field and the fault, never the value, and only raw of the record is valid.
 * The values of the record lie in the text, or in the arena.
 */
bool record_read(struct json_text *text, struct arena *arena, struct record *record, const char **problem)
    __attribute__((warn_unused_result));

/*
 * The record's failCode, filled up with zeros to five digits if it has one to four: the interface's example has "0"
 * where its table of causes has "00000".  NULL without a failCode.  A code that was filled up lies in padded.
 */
enum { CAUSE_CODE_DIGITS = 5 };
struct slice record_cause_code(const struct record *record, char padded[CAUSE_CODE_DIGITS]);

/*
 * For a record with has_extra: writes its unlisted fields as a JSON object that jsonb takes, in at most
 * record_extra_size() bytes, and returns the end.  Reads raw once more: keeping a copy would cost memory.
 */
size_t record_extra_size(const struct record *record);
char *record_write_extra(const struct record *record, char *to);

/* Whether both have the same unlisted fields.  Compares all of raw: records written differently count as different. */
bool record_same_extra(const struct record *a, const struct record *b);

#endif
