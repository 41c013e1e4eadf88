/*
 * JSON read strictly (RFC 8259) from its text, token by token and without a tree: where each value ends, what it holds
 * that the database or a record may not, and what its strings say.  A value may be as deep and as long as it likes.
 *
 * Damage in a string is noted and passed over, as no byte of it ends the string: bytes that are not UTF-8, raw control
 * characters, and, beside the former, escapes that are none (a byte of another encoding may read as a backslash).
 */
#ifndef JSON_TEXT_H
#define JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/* What is left to read of a text; a start has at and end, and {0} besides. */
struct json_text {
	const char *at, *end;
	char       *closing;            /* the brackets that are to close what is open in the value being read */
	size_t      closing_capacity;
};

/* A value, or the name of a member. */
struct json_value {
	struct slice text;      /* from its first byte to its last */
	size_t       depth;     /* of nesting: 0 for a scalar, 1 for {} */
	bool         escaped;   /* in some string or name there is a backslash, */
	bool         nul;       /* U+0000 written as an escape, */
	bool         not_utf8;  /* a byte that is not UTF-8, */
	bool         control;   /* a raw control character */
	bool         wide;      /* some number would not come back from jsonb as it is written */
};

/* The next byte behind white space, which is passed over; NUL at the end. */
char json_text_next(struct json_text *text);

/* Whether that byte is this one, which is passed over then. */
bool json_text_take(struct json_text *text, char byte);

/* Reads a value, or a member's name with its colon.  False when it is no JSON, or is cut short. */
bool json_text_read(struct json_text *text, struct json_value *value);
bool json_text_read_name(struct json_text *text, struct json_value *name);

void json_text_free(struct json_text *text);

/* Whether the string says this, with or without escapes. */
bool json_value_is(const struct json_value *string, const char *said, size_t length);

/*
 * What an undamaged string says, without quotes and escapes; half a surrogate pair is U+FFFD.  Writes at most as many
 * bytes as the string's text has, and gives the end of what it wrote.
 */
char *json_value_unescape(const struct json_value *string, char *to);

/*
 * An undamaged value in a form that jsonb takes and gives back: wide numbers in quotes, escaped characters beyond ASCII
 * as themselves, half a pair as U+FFFD.  Writes at most twice as many bytes as the value's text has, and gives the end.
 */
char *json_value_copy(const struct json_value *value, char *to);

#endif
