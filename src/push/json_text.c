/* A strict reader of JSON, token by token and without a tree. */
#include "push/json_text.h"

#include <stdint.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"

/*
 * jsonb's numeric holds 16,383 digits behind the point and forgets a minus before zero.  Exponents of two digits and
 * texts of a thousand bytes stay far from every limit, and 18 digits fit the 64-bit integers of all who read jsonb.
 */
enum { SAFE_DIGITS = 18, SAFE_EXPONENT_DIGITS = 2, LONGEST_NUMBER = 1000 };

enum { ESCAPE_SIZE = 6, REPLACEMENT = 0xfffd };

/* --- tokens ------------------------------------------------------------------------------------------------ */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* The size of the escape at p; 0 when it is none. */
static size_t
escape_size(const char *p, const char *end)
{
	if (end - p < 2 || p[1] == '\0' || strchr("\"\\/bfnrtu", p[1]) == NULL)
		return 0;
	if (p[1] != 'u')
		return 2;
	if (end - p < ESCAPE_SIZE || !is_hex(p[2]) || !is_hex(p[3]) || !is_hex(p[4]) || !is_hex(p[5]))
		return 0;
	return ESCAPE_SIZE;
}

/* Where the plain ASCII at p ends. */
static const char *
plain_end(const char *p, const char *end)
{
	static const bool special[256] = { [0 ... 0x1f] = true, ['"'] = true, ['\\'] = true, [0x80 ... 0xff] = true };

	while (p < end && !special[(unsigned char)*p])
		p++;
	return p;
}

/* The end of the string that opens at p; NULL when it has none, or a bad escape although it is UTF-8. */
static const char *
string_end(const char *p, const char *end, struct json_value *value)
{
	const char *start = ++p;
	bool ascii = true, malformed = false;

	for (; (p = plain_end(p, end)) < end && *p != '"'; p++) {
		if ((unsigned char)*p >= 0x80) {
			ascii = false;
		} else if (*p != '\\') {
			value->control = true;
		} else {
			size_t size = escape_size(p, end);

			value->escaped = true;
			malformed |= size == 0;
			value->nul |= size == ESCAPE_SIZE && memcmp(p + 2, "0000", 4) == 0;
			p += size > 0 ? size - 1 : 0;
		}
	}
	if (p >= end)
		return NULL;
	if (!ascii && !utf8_is_valid(start, (size_t)(p - start)))
		value->not_utf8 = true;
	else if (malformed)
		return NULL;
	return p + 1;
}

/* The end of the digits at p; NULL when there are none. */
static const char *
digits_end(const char *p, const char *end)
{
	const char *start = p;

	while (p < end && is_digit(*p))
		p++;
	return p > start ? p : NULL;
}

static const char *
number_end(const char *p, const char *end, bool *wide)
{
	const char *digits = p + (*p == '-'), *integer_end, *exponent, *stop;

	integer_end = digits < end && *digits == '0' ? digits + 1 : digits_end(digits, end);
	stop = integer_end;
	if (stop != NULL && stop < end && *stop == '.')
		stop = digits_end(stop + 1, end);
	exponent = stop;
	if (stop != NULL && stop < end && (*stop == 'e' || *stop == 'E')) {
		exponent++;
		exponent += exponent < end && (*exponent == '+' || *exponent == '-');
		stop = digits_end(exponent, end);
	}
	if (stop == NULL)
		return NULL;
	if (stop == integer_end)
		*wide = stop - digits > SAFE_DIGITS || (*p == '-' && *digits == '0');
	else
		*wide = stop - p > LONGEST_NUMBER || stop - exponent > SAFE_EXPONENT_DIGITS;
	return stop;
}

static const char *
word_end(const char *p, const char *end, const char *word)
{
	size_t length = strlen(word);

	return (size_t)(end - p) >= length && memcmp(p, word, length) == 0 ? p + length : NULL;
}

static const char *
scalar_end(const char *p, const char *end, struct json_value *value)
{
	const char *stop;
	bool wide = false;

	if (p == end)
		return NULL;
	switch (*p) {
	case '"':
		return string_end(p, end, value);
	case 't':
		return word_end(p, end, "true");
	case 'f':
		return word_end(p, end, "false");
	case 'n':
		return word_end(p, end, "null");
	default:
		stop = number_end(p, end, &wide);
		value->wide |= wide;
		return stop;
	}
}

/* --- values ------------------------------------------------------------------------------------------------ */

char
json_text_next(struct json_text *text)
{
	while (text->at < text->end && (*text->at == ' ' || *text->at == '\n' || *text->at == '\r' ||
	    *text->at == '\t'))
		text->at++;
	return text->at < text->end ? *text->at : '\0';
}

bool
json_text_take(struct json_text *text, char byte)
{
	bool taken = json_text_next(text) == byte;

	text->at += taken;
	return taken;
}

static bool
read_scalar(struct json_text *text, struct json_value *value)
{
	const char *stop = scalar_end(text->at, text->end, value);

	if (stop != NULL)
		text->at = stop;
	return stop != NULL;
}

/* Passes over a member's name and its colon, and notes in value what the name has. */
static bool
pass_name(struct json_text *text, struct json_value *value)
{
	if (json_text_next(text) != '"' || !read_scalar(text, value))
		return false;
	value->text.length = (size_t)(text->at - value->text.bytes);
	return json_text_take(text, ':');
}

static void
open_bracket(struct json_text *text, size_t depth, char closing)
{
	text->closing = memory_grow(text->closing, &text->closing_capacity, depth + 1, 1);
	text->closing[depth] = closing;
	text->at++;
}

bool
json_text_read(struct json_text *text, struct json_value *value)
{
	char first = json_text_next(text);
	size_t depth = 0;

	*value = (struct json_value){ .text.bytes = text->at };
	for (;; first = json_text_next(text)) {
		if (first == '{' || first == '[') {
			open_bracket(text, depth++, first == '{' ? '}' : ']');
			if (depth > value->depth)
				value->depth = depth;
			if (json_text_next(text) != text->closing[depth - 1]) {
				if (first == '{' && !pass_name(text, value))
					return false;
				continue;
			}
		} else if (!read_scalar(text, value)) {
			return false;
		}
		while (depth > 0 && json_text_take(text, text->closing[depth - 1]))
			depth--;
		if (depth == 0)
			break;
		if (!json_text_take(text, ',') || (text->closing[depth - 1] == '}' && !pass_name(text, value)))
			return false;
	}
	value->text.length = (size_t)(text->at - value->text.bytes);
	return true;
}

bool
json_text_read_name(struct json_text *text, struct json_value *name)
{
	json_text_next(text);
	*name = (struct json_value){ .text.bytes = text->at };
	return pass_name(text, name);
}

void
json_text_free(struct json_text *text)
{
	memory_free(text->closing);
	text->closing = NULL;
	text->closing_capacity = 0;
}

/* --- strings ----------------------------------------------------------------------------------------------- */

static uint32_t
hex_value(const char *digits)
{
	uint32_t value = 0;

	for (int i = 0; i < 4; i++)
		value = value << 4 | (uint32_t)(is_digit(digits[i]) ? digits[i] - '0' : (digits[i] | 0x20) - 'a' + 10);
	return value;
}

/* Decodes the escape at p, together with the next one if they are a surrogate pair.  Returns where it ends. */
static const char *
read_escape(const char *p, const char *end, uint32_t *character)
{
	static const char simple[] = "b\bf\fn\nr\rt\t";
	const char *found;
	uint32_t second;

	if (p[1] != 'u') {
		found = strchr(simple, p[1]);
		*character = (uint32_t)(found != NULL ? found[1] : p[1]);
		return p + 2;
	}
	*character = hex_value(p + 2);
	p += ESCAPE_SIZE;
	if (*character < 0xd800 || *character > 0xdfff)
		return p;
	if (*character <= 0xdbff && end - p >= ESCAPE_SIZE && p[0] == '\\' && p[1] == 'u') {
		second = hex_value(p + 2);
		if (second >= 0xdc00 && second <= 0xdfff) {
			*character = 0x10000 + ((*character - 0xd800) << 10) + (second - 0xdc00);
			return p + ESCAPE_SIZE;
		}
	}
	*character = REPLACEMENT;
	return p;
}

/* Copies a string, or the inside of one, and decodes its escapes except those of characters below lowest. */
static char *
unescape(const char *p, const char *end, uint32_t lowest, char *to)
{
	while (p < end) {
		const char *start = p;
		uint32_t character;

		if (*p != '\\') {
			*to++ = *p++;
			continue;
		}
		p = read_escape(p, end, &character);
		if (character >= lowest) {
			to = utf8_write(to, character);
		} else {
			memcpy(to, start, (size_t)(p - start));
			to += p - start;
		}
	}
	return to;
}

bool
json_value_is(const struct json_value *string, const char *text, size_t length)
{
	enum { LONGEST = 32 };
	char plain[LONGEST * ESCAPE_SIZE];
	size_t inside = string->text.length - 2;

	if (!string->escaped)
		return inside == length && memcmp(string->text.bytes + 1, text, length) == 0;
	return !string->not_utf8 && inside <= sizeof plain && inside <= length * ESCAPE_SIZE &&
	    json_value_unescape(string, plain) == plain + length && memcmp(plain, text, length) == 0;
}

char *
json_value_unescape(const struct json_value *string, char *to)
{
	return unescape(string->text.bytes + 1, string->text.bytes + string->text.length - 1, 0, to);
}

/* Copies the token at *p, or one byte that belongs to none. */
static char *
copy_token(const char **p, const char *end, char *to)
{
	const char *start = *p;
	struct json_value token = { 0 };

	if (*start == '"') {
		*p = string_end(start, end, &token);
		return unescape(start, *p, 0x80, to);
	}
	if (*start != '-' && !is_digit(*start)) {
		*to++ = *(*p)++;
		return to;
	}
	*p = scalar_end(start, end, &token);
	if (token.wide)
		*to++ = '"';
	to = (char *)memcpy(to, start, (size_t)(*p - start)) + (*p - start);
	if (token.wide)
		*to++ = '"';
	return to;
}

char *
json_value_copy(const struct json_value *value, char *to)
{
	const char *p = value->text.bytes, *end = p + value->text.length;

	if (!value->escaped && !value->wide)
		return (char *)memcpy(to, p, value->text.length) + value->text.length;
	while (p < end)
		to = copy_token(&p, end, to);
	return to;
}
