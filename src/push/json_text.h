/*
 * What is seen in the text of a JSON value and no longer in the tree that json-c makes of it: where the value ends,
 * forms that are no JSON (json-c's strict mode lets NaN, 1. and raw control characters through), and how integers
 * were written that do not fit 64 bits.
 */
#ifndef JSON_TEXT_H
#define JSON_TEXT_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"

struct json_text {
	struct slice text;      /* the value, from its first byte to its last */
	int          depth;     /* of nesting: 0 for a scalar, 1 for {} */
	bool         nul;       /* U+0000 is written in some string or name */
	bool         wide;      /* holds a number that a tree would not give back as written */
};

/*
 * Measures the value that starts at the first byte of rest, by quotes, brackets and the grammar of numbers
 * (RFC 8259).  False when it does not end, holds a malformed number or word, or a raw control character in a string.
 * Commas, colons and escapes are left to the parser.
 */
bool json_text_measure(struct slice rest, struct json_text *value);

/* The same value with its wide numbers in quotes: a string keeps all digits.  The copy is the arena's. */
struct slice json_text_quote_wide(const struct json_text *value, struct arena *arena);

/* rest without leading white space. */
struct slice json_text_skip_space(struct slice rest);

#endif
