/* One record: the rules of the interface, field by field. */
#ifndef RECORD_H
#define RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "push/json_text.h"

/* A field, by its row in fields.def */
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
	struct slice        raw;        /* the record as it came */
	bool                has_extra;  /* it has unlisted fields */
};

/*
 * Reads the next element of a list.  False when it is no JSON.  *problem is NULL, or why the element is no good record:
 * a constant that names the field and the fault, never the value; only raw is of use then.
 * What the record says lies in the text that was read, or in the arena.
 */
bool record_read(struct json_text *text, struct arena *arena, struct record *record, const char **problem);

/*
 * The cause that the record's failCode stands for: "0" of the documented example is "00000" of the documented table.
 * It is in padded where it had fewer digits.
 */
enum { CAUSE_CODE_DIGITS = 5 };
struct slice record_cause_code(const struct record *record, char padded[CAUSE_CODE_DIGITS]);

/*
 * Writes the unlisted fields as the text of a JSON object that jsonb takes, which needs room for record_extra_size()
 * bytes at most, and gives the end.  They are read from raw once more: a copy of them all would cost memory for
 * nothing.
 */
size_t record_extra_size(const struct record *record);
char *record_write_extra(const struct record *record, char *to);

/* Whether the unlisted fields of both came as the same text. */
bool record_same_extra(const struct record *a, const struct record *b);

#endif
