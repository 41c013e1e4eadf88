/* A second reader of JSON and of call times. */
#include "reference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 1000 };

struct reader {
	const char   *at, *end;
	struct arena *arena;
	bool          too_deep;
};

void
ref_fail(const char *what)
{
	fprintf(stderr, "the parser and the reference differ: %s\n", what);
	abort();
}

bool
ref_equal(struct slice a, struct slice b)
{
	return a.length == b.length && (a.length == 0 || memcmp(a.bytes, b.bytes, a.length) == 0);
}

/* RFC 3629, section 4 */
bool
ref_is_utf8(struct slice text)
{
	size_t i = 0;

	while (i < text.length) {
		const unsigned char *p = (const unsigned char *)text.bytes + i;
		size_t left = text.length - i, more;
		unsigned char low = 0x80, high = 0xbf;

		if (*p < 0x80)
			more = 0;
		else if (*p >= 0xc2 && *p <= 0xdf)
			more = 1;
		else if (*p >= 0xe0 && *p <= 0xef)
			more = 2;
		else if (*p >= 0xf0 && *p <= 0xf4)
			more = 3;
		else
			return false;
		low = *p == 0xe0 ? 0xa0 : *p == 0xf0 ? 0x90 : low;
		high = *p == 0xed ? 0x9f : *p == 0xf4 ? 0x8f : high;
		if (left <= more || (more > 0 && (p[1] < low || p[1] > high)))
			return false;
		for (size_t k = 2; k <= more; k++)
			if (p[k] < 0x80 || p[k] > 0xbf)
				return false;
		i += more + 1;
	}
	return true;
}

/* --- strings ----------------------------------------------------------------------------------------------- */

static char *
put(char *to, uint32_t c)
{
	if (c < 0x80) {
		*to++ = (char)c;
	} else if (c < 0x800) {
		*to++ = (char)(0xc0 + c / 64);
		*to++ = (char)(0x80 + c % 64);
	} else if (c < 0x10000) {
		*to++ = (char)(0xe0 + c / 4096);
		*to++ = (char)(0x80 + c / 64 % 64);
		*to++ = (char)(0x80 + c % 64);
	} else {
		*to++ = (char)(0xf0 + c / 262144);
		*to++ = (char)(0x80 + c / 4096 % 64);
		*to++ = (char)(0x80 + c / 64 % 64);
		*to++ = (char)(0x80 + c % 64);
	}
	return to;
}

/* The unit that the escape behind a backslash stands for; -1: none. */
static int32_t
escaped_unit(struct reader *r)
{
	static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	char digits[5] = "";
	const char *letter;

	if (r->at == r->end || *r->at == '\0')
		return -1;
	if (*r->at == 'u') {
		if (r->end - r->at < 5)
			return -1;
		memcpy(digits, r->at + 1, 4);
		if (strspn(digits, "0123456789abcdefABCDEF") != 4)
			return -1;
		r->at += 5;
		return (int32_t)strtol(digits, NULL, 16);
	}
	letter = strchr(letters, *r->at);
	if (letter == NULL)
		return -1;
	r->at++;
	return meanings[letter - letters];
}

/* A string with its quotes.  An escape that is none is a fault where the string is UTF-8. */
static bool
read_string(struct reader *r, struct slice *said, struct ref *value)
{
	const char *start = r->at + 1;
	char *copy = arena_alloc(r->arena, (size_t)(r->end - r->at)), *to = copy;
	int32_t first_half = -1;
	bool malformed = false;

	for (r->at++; r->at < r->end && *r->at != '"';) {
		bool escape = *r->at == '\\';
		int32_t unit;

		value->control |= (unsigned char)*r->at < 0x20;
		if (escape) {
			r->at++;
			unit = escaped_unit(r);
			malformed |= unit < 0;
			if (unit < 0)
				continue;
			value->nul |= unit == 0;
		} else {
			unit = (unsigned char)*r->at++;
		}
		if (first_half >= 0 && escape && unit >= 0xdc00 && unit < 0xe000) {
			to = put(to, 0x10000u + (uint32_t)(first_half - 0xd800) * 1024 + (uint32_t)(unit - 0xdc00));
			first_half = -1;
			continue;
		}
		if (first_half >= 0)
			to = put(to, 0xfffd);
		first_half = escape && unit >= 0xd800 && unit < 0xdc00 ? unit : -1;
		if (!escape)
			*to++ = (char)unit;
		else if (first_half < 0)
			to = put(to, unit >= 0xdc00 && unit < 0xe000 ? 0xfffd : (uint32_t)unit);
	}
	if (r->at == r->end)
		return false;
	if (first_half >= 0)
		to = put(to, 0xfffd);
	*said = (struct slice){ copy, (size_t)(to - copy) };
	if (!ref_is_utf8((struct slice){ start, (size_t)(r->at - start) }))
		value->not_utf8 = true;
	else if (malformed)
		return false;
	r->at++;
	return true;
}

/* --- values ------------------------------------------------------------------------------------------------ */

static struct ref *read_value(struct reader *r, int level);

static void
skip_space(struct reader *r)
{
	while (r->at < r->end && (*r->at == 0x20 || *r->at == 0x09 || *r->at == 0x0a || *r->at == 0x0d))
		r->at++;
}

static bool
skip(struct reader *r, char c)
{
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

static size_t
skip_digits(struct reader *r)
{
	const char *start = r->at;

	while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
		r->at++;
	return (size_t)(r->at - start);
}

/* number = [ minus ] int [ frac ] [ exp ] */
static bool
read_number(struct reader *r)
{
	skip(r, '-');
	if (!skip(r, '0') && skip_digits(r) == 0)
		return false;
	if (skip(r, '.') && skip_digits(r) == 0)
		return false;
	if (skip(r, 'e') || skip(r, 'E')) {
		if (!skip(r, '-'))
			skip(r, '+');
		return skip_digits(r) > 0;
	}
	return true;
}

static bool
read_word(struct reader *r, const char *word)
{
	while (*word != '\0')
		if (!skip(r, *word++))
			return false;
	return true;
}

static bool
read_inside(struct reader *r, struct ref *value, int level)
{
	char closing = value->kind == REF_OBJECT ? '}' : ']';
	struct ref **link = &value->first;

	r->at++;
	value->depth = 1;
	skip_space(r);
	if (skip(r, closing))
		return true;
	do {
		struct ref name = { 0 }, *inside;

		skip_space(r);
		if (value->kind == REF_OBJECT) {
			if (r->at == r->end || *r->at != '"' || !read_string(r, &name.name, &name))
				return false;
			skip_space(r);
			if (!skip(r, ':'))
				return false;
		}
		inside = read_value(r, level + 1);
		if (inside == NULL)
			return false;
		inside->name = name.name;
		value->nul |= name.nul || inside->nul;
		value->not_utf8 |= name.not_utf8 || inside->not_utf8;
		value->control |= name.control || inside->control;
		value->depth = inside->depth + 1 > value->depth ? inside->depth + 1 : value->depth;
		*link = inside;
		link = &inside->next;
	} while (skip(r, ','));
	return skip(r, closing);
}

static bool
read_kind(struct reader *r, struct ref *value, int level)
{
	switch (*r->at) {
	case '"':
		value->kind = REF_STRING;
		return read_string(r, &value->said, value);
	case '{':
	case '[':
		value->kind = *r->at == '{' ? REF_OBJECT : REF_LIST;
		return read_inside(r, value, level);
	case 't':
	case 'f':
		value->kind = REF_BOOL;
		return read_word(r, *r->at == 't' ? "true" : "false");
	case 'n':
		value->kind = REF_NULL;
		return read_word(r, "null");
	default:
		value->kind = REF_NUMBER;
		return read_number(r);
	}
}

static struct ref *
read_value(struct reader *r, int level)
{
	struct ref *value = arena_alloc(r->arena, sizeof *value);

	*value = (struct ref){ 0 };
	skip_space(r);
	value->raw.bytes = r->at;
	r->too_deep |= level > DEEPEST;
	if (r->at == r->end || r->too_deep || !read_kind(r, value, level))
		return NULL;
	value->raw.length = (size_t)(r->at - value->raw.bytes);
	if (value->kind != REF_STRING)
		value->said = value->raw;
	skip_space(r);
	return value;
}

struct ref *
ref_read(const char **at, const char *end, struct arena *arena, bool *too_deep)
{
	struct reader reader = { .at = *at, .end = end, .arena = arena };
	struct ref *value = read_value(&reader, 0);

	*too_deep = reader.too_deep;
	*at = reader.at;
	return value;
}

const struct ref *
ref_member(const struct ref *object, struct slice name)
{
	const struct ref *found = NULL;

	for (const struct ref *member = object->first; member != NULL; member = member->next)
		if (ref_equal(member->name, name))
			found = member;
	return found;
}

/* --- times ------------------------------------------------------------------------------------------------- */

static int64_t
number_at(const char *digits, int count)
{
	int64_t number = 0;

	for (int i = 0; i < count; i++)
		number = 10 * number + digits[i] - '0';
	return number;
}

bool
ref_time(struct slice text, int64_t *microseconds)
{
	static const char form[] = "0000-00-00 00:00:00";
	int days_of[] = { 0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int64_t year, month, day, days = 0;

	if (text.length != 19)
		return false;
	for (int i = 0; i < 19; i++)
		if (form[i] == '0' ? text.bytes[i] < '0' || text.bytes[i] > '9' : text.bytes[i] != form[i])
			return false;
	year = number_at(text.bytes, 4);
	month = number_at(text.bytes + 5, 2);
	day = number_at(text.bytes + 8, 2);
	days_of[2] += (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_of[month] ||
	    number_at(text.bytes + 11, 2) > 23 || number_at(text.bytes + 14, 2) > 59 ||
	    number_at(text.bytes + 17, 2) > 59)
		return false;
	for (int64_t y = 1970; y < year; y++)
		days += 365 + ((y % 4 == 0 && y % 100 != 0) || y % 400 == 0);
	for (int m = 1; m < month; m++)
		days += days_of[m];
	*microseconds = ((days + day - 1) * 86400 + number_at(text.bytes + 11, 2) * 3600 +
	    number_at(text.bytes + 14, 2) * 60 + number_at(text.bytes + 17, 2)) * 1000000;
	return true;
}
