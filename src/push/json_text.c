/* What is seen in the text of a JSON value and no longer in the tree that json-c makes of it: one pass over tokens. */
#include "push/json_text.h"

#include <stdlib.h>
#include <string.h>

/*
 * json-c 0.16 saturates integers beyond 64 bits, which 18 digits never are.  jsonb's numeric holds 16,383 digits
 * behind the point; exponents of two digits and texts of a thousand bytes stay far from every limit.
 */
enum { SAFE_DIGITS = 18, SAFE_EXPONENT_DIGITS = 2, LONGEST_NUMBER = 1000 };

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_word_byte(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '-' || c == '.';
}

/* The closing quote of the string that opens at p; NULL when there is none or a control character stands before it. */
static const char *
string_end(const char *p, const char *end, bool *nul)
{
	for (p++; p < end && *p != '"'; p++) {
		if ((unsigned char)*p < 0x20)
			return NULL;
		if (*p != '\\')
			continue;
		if (end - p > 5 && memcmp(p + 1, "u0000", 5) == 0)
			*nul = true;
		if (++p == end)
			return NULL;
	}
	return p < end ? p + 1 : NULL;
}

static const char *
digits_end(const char *p, const char *end)
{
	while (p < end && is_digit(*p))
		p++;
	return p;
}

/* RFC 8259, section 6. */
static bool
is_number(const char *p, const char *end)
{
	const char *part;

	if (p < end && *p == '-')
		p++;
	part = p;
	p = digits_end(p, end);
	if (p == part || (*part == '0' && p - part > 1))
		return false;
	if (p < end && *p == '.') {
		part = ++p;
		if ((p = digits_end(p, end)) == part)
			return false;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		if (++p < end && (*p == '+' || *p == '-'))
			p++;
		part = p;
		if ((p = digits_end(p, end)) == part)
			return false;
	}
	return p == end;
}

/* Whether the token is a number that json-c's tree, or jsonb, would not give back as written. */
static bool
is_wide(const char *p, const char *end)
{
	const char *digits = *p == '-' ? p + 1 : p;
	const char *integer_end = digits_end(digits, end);
	const char *exponent;

	if (integer_end == digits)
		return false;
	if (integer_end == end)
		return end - digits > SAFE_DIGITS || (*p == '-' && *digits == '0');
	/* json-c keeps the text of what has a fraction or an exponent, but jsonb has no room for 1e400000 */
	exponent = end;
	while (is_digit(exponent[-1]))
		exponent--;
	return end - digits > LONGEST_NUMBER || (exponent[-1] != '.' && end - exponent > SAFE_EXPONENT_DIGITS);
}

static bool
is_literal(const char *p, const char *end)
{
	static const char *const literals[] = { "true", "false", "null" };
	size_t length = (size_t)(end - p);

	for (size_t i = 0; i < sizeof literals / sizeof *literals; i++)
		if (length == strlen(literals[i]) && memcmp(p, literals[i], length) == 0)
			return true;
	return false;
}

static const char *
word_end(const char *p, const char *end)
{
	while (p < end && is_word_byte(*p))
		p++;
	return p;
}

/* The end of the token at p, with what it tells noted in value; NULL when it is no token of JSON. */
static const char *
token_end(const char *p, const char *end, struct json_text *value)
{
	const char *stop;

	switch (*p) {
	case '"':
		return string_end(p, end, &value->nul);
	case '{': case '}': case '[': case ']': case ',': case ':':
	case ' ': case '\t': case '\n': case '\r':
		return p + 1;
	default:
		stop = word_end(p, end);
		if (!is_number(p, stop) && !is_literal(p, stop))
			return NULL;
		value->wide |= is_wide(p, stop);
		return stop;
	}
}

bool
json_text_measure(struct slice rest, struct json_text *value)
{
	const char *p = rest.bytes, *end = rest.bytes + rest.length;
	int depth = 0;

	*value = (struct json_text){ .text = { rest.bytes, 0 } };
	while (p != NULL && p < end) {
		const char *token = p;

		p = token_end(p, end, value);
		if (*token == '{' || *token == '[') {
			if (++depth > value->depth)
				value->depth = depth;
		} else if (*token == '}' || *token == ']') {
			depth--;
		}
		if (p != NULL && depth <= 0) {
			value->text.length = (size_t)(p - rest.bytes);
			return depth == 0;
		}
	}
	return false;
}

struct slice
json_text_quote_wide(const struct json_text *value, struct arena *arena)
{
	const char *p = value->text.bytes, *end = p + value->text.length;
	/* a wide number has at least two bytes, so quotes can at most double the text */
	char *copy = arena_alloc(arena, 2 * value->text.length), *out = copy;
	struct json_text ignored = { 0 };

	while (p < end) {
		const char *stop = token_end(p, end, &ignored);
		bool wide;

		if (stop == NULL)       /* measured before: cannot be */
			abort();
		wide = is_wide(p, stop);
		if (wide)
			*out++ = '"';
		out = (char *)memcpy(out, p, (size_t)(stop - p)) + (stop - p);
		if (wide)
			*out++ = '"';
		p = stop;
	}
	return (struct slice){ copy, (size_t)(out - copy) };
}

struct slice
json_text_skip_space(struct slice rest)
{
	while (rest.length > 0 && strchr(" \t\n\r", *rest.bytes) != NULL && *rest.bytes != '\0') {
		rest.bytes++;
		rest.length--;
	}
	return rest;
}
