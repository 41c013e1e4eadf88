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

/* What a record says in a field. */
struct record_value {
	const char *bytes;              /* NULL: nothing */
	union {
		size_t  length;         /* of a text's bytes */
		int64_t number;         /* all else; of a time microseconds since 1970, the sender's time */
	};
};

struct record {
	struct record_value value[RECORD_FIELDS];
	struct slice        raw;        /* its text, as it came */
	bool                has_extra;  /* it has unlisted fields */
};

/*
 * Reads the next element of a list.  False when it is no JSON.  *problem is NULL for a good record; else it is a
 * constant that names the field and the fault, never the value, and of record only raw counts.
 * The values of the record lie in the text, or in the arena.
 */
bool record_read(struct json_text *text, struct arena *arena, struct record *record, const char **problem)
    __attribute__((warn_unused_result));

/*
 * The cause that the record's failCode stands for, NULL without one: "0" of the documented example is "00000" of the
 * documented table.  It lies in padded where that adds zeros.
 */
enum { CAUSE_CODE_DIGITS = 5 };
struct slice record_cause_code(const struct record *record, char padded[CAUSE_CODE_DIGITS]);

/*
 * Writes the unlisted fields of a record that has some as a JSON object that jsonb takes.  Returns the end: at most
 * record_extra_size() bytes on.  Reads them from raw again, because a copy of all would cost memory for nothing.
 */
size_t record_extra_size(const struct record *record);
char *record_write_extra(const struct record *record, char *to);

/* Whether the unlisted fields of both are the same, by the text of the whole records. */
bool record_same_extra(const struct record *a, const struct record *b);

#endif
