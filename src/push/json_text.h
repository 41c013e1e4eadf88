/*
 * A strict reader of JSON (RFC 8259) that builds no tree.  It finds the end of each value, notes what the database or a
 * record may not have, and decodes strings.  Values may be of any depth and length.
 *
 * Damage in a string does not stop the reader, because the end of the string is still certain.  The value notes:
 * - bytes that are not UTF-8, and bad escapes beside them: a byte of another encoding may look like a backslash;
 * - raw control characters.
 */
#ifndef JSON_TEXT_H
#define JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/* What is left to read of a text.  To begin, at and end are set, and the rest is 0. */
struct json_text {
	const char *at, *end;
	char       *closing;            /* the brackets that will close what is open in the value being read */
	size_t      closing_capacity;
};

/* A value, or the name of a member. */
struct json_value {
	struct slice text;      /* from its first byte to its last */
	size_t       depth;     /* of nesting: 0 for a scalar, 1 for {} */
	/* whether some string or name in it has */
	bool         escaped;   /* a backslash */
	bool         nul;       /* U+0000, written as an escape */
	bool         not_utf8;  /* a byte that is not UTF-8 */
	bool         control;   /* a raw control character */
	/* whether some number in it would not come back from jsonb as it is written */
	bool         wide;
};

/* Passes over white space and returns the next byte without taking it; NUL at the end. */
char json_text_next(struct json_text *text);

/* Passes over white space, and takes the next byte if it is byte.  Returns whether it was. */
bool json_text_take(struct json_text *text, char byte);

/* Reads a value, or the name of a member and its colon.  False when it is no JSON, or is cut short. */
bool json_text_read(struct json_text *text, struct json_value *value) __attribute__((warn_unused_result));
bool json_text_read_name(struct json_text *text, struct json_value *name) __attribute__((warn_unused_result));

void json_text_free(struct json_text *text);

/* Whether the string, without escapes, equals text of length bytes. */
bool json_value_is(const struct json_value *string, const char *text, size_t length);

/*
 * Writes an undamaged string without quotes and escapes; half a surrogate pair becomes U+FFFD.  Returns the end.
 * Writes at most as many bytes as the string's text has.
 */
char *json_value_unescape(const struct json_value *string, char *to);

/*
 * Writes an undamaged value in a form that jsonb takes and gives back: wide numbers in quotes, escaped characters
 * beyond ASCII as themselves, half a pair as U+FFFD.  Returns the end.  Writes at most twice as many bytes as the
 * value's text has.
 */
char *json_value_copy(const struct json_value *value, char *to);

#endif
