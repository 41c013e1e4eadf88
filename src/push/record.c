/* One record, from its text to the values of its fields. */
#include "push/record.h"

#include <stdlib.h>
#include <string.h>

#include "push/call_time.h"
#include "push/json_text.h"

enum { DEPTH_MAX = 32, INTEGER_DIGITS = 18 };

const struct field record_fields[RECORD_FIELDS] = {
#define FIELD(symbol, name, column, kind, limit, part) \
	{ name, sizeof name - 1, #column, FIELD_##kind, limit, FIELD_##part },
#include "push/fields.def"
#undef FIELD
};

enum fault { NO_FAULT, MISSING, NOT_UTF8, CONTROL, NUL, WRONG_TYPE, TOO_LONG, WRONG_FORM, FAULTS };

#define FORM_TEXT "is no text"  /* cannot be */
#define FORM_TIME "is not a real date and time written yyyy-mm-dd hh:mm:ss"
#define FORM_INT2 "is not an integer of 16 bits"
#define FORM_INT4 "is not an integer of 32 bits"

static const char *const problems[RECORD_FIELDS][FAULTS] = {
#define FIELD(symbol, name, column, kind, limit, part) { \
	[MISSING]    = name " is missing", \
	[NOT_UTF8]   = name " is not UTF-8", \
	[CONTROL]    = name " contains a raw control character", \
	[NUL]        = name " contains U+0000", \
	[WRONG_TYPE] = name " has the wrong type", \
	[TOO_LONG]   = name " is longer than " #limit " bytes", \
	[WRONG_FORM] = name " " FORM_##kind, \
},
#include "push/fields.def"
#undef FIELD
};

/* One record as it is read. */
struct reading {
	struct json_value given[RECORD_FIELDS];  /* the last value of each field; without text: none came */
	struct json_value all;                   /* the notes on all names and values of the record together */
};

/* --- members ----------------------------------------------------------------------------------------------- */

static enum record_field
field_named(const struct json_value *name)
{
	enum record_field field = 0;

	while (field < RECORD_FIELDS &&
	    !((name->escaped || name->text.length == record_fields[field].name_length + 2) &&
	    json_value_is(name, record_fields[field].name, record_fields[field].name_length)))
		field++;
	return field;
}

static void
note(struct json_value *all, const struct json_value *seen)
{
	all->nul |= seen->nul;
	all->not_utf8 |= seen->not_utf8;
	all->control |= seen->control;
	if (seen->depth + 1 > all->depth)
		all->depth = seen->depth + 1;
}

static bool
read_members(struct json_text *text, struct reading *reading, bool *has_extra)
{
	struct json_value name, value;

	text->at++;     /* the "{" */
	if (json_text_take(text, '}'))
		return true;
	do {
		enum record_field field;

		if (!json_text_read_name(text, &name) || !json_text_read(text, &value))
			return false;
		note(&reading->all, &name);
		note(&reading->all, &value);
		field = field_named(&name);
		if (field < RECORD_FIELDS)
			reading->given[field] = value;
		else
			*has_extra = true;
	} while (json_text_take(text, ','));
	return json_text_take(text, '}');
}

/* --- values ------------------------------------------------------------------------------------------------ */

/* A value as text: a string without escapes, or a number as it is written.  {NULL, 0} for null. */
static struct slice
text_of(const struct json_value *given, struct arena *arena)
{
	char *copy;

	if (*given->text.bytes == 'n')
		return (struct slice){ NULL, 0 };
	if (*given->text.bytes != '"')
		return given->text;
	if (!given->escaped)
		return (struct slice){ given->text.bytes + 1, given->text.length - 2 };
	copy = arena_alloc(arena, given->text.length);
	return (struct slice){ copy, (size_t)(json_value_unescape(given, copy) - copy) };
}

static bool
is_text(const struct json_value *given)
{
	return strchr("{[tf", *given->text.bytes) == NULL;
}

/* Reads the digits of an integer.  A fraction or an exponent makes it invalid. */
static bool
read_integer(struct slice text, int64_t min, int64_t max, int64_t *integer)
{
	size_t sign = text.bytes[0] == '-' ? 1 : 0;

	if (text.length == sign || text.length - sign > INTEGER_DIGITS)
		return false;
	*integer = 0;
	for (size_t i = sign; i < text.length; i++) {
		if (text.bytes[i] < '0' || text.bytes[i] > '9')
			return false;
		*integer = *integer * 10 + (text.bytes[i] - '0');
	}
	if (sign > 0)
		*integer = -*integer;
	return *integer >= min && *integer <= max;
}

static bool
read_number(struct slice text, enum field_kind kind, int64_t *number)
{
	if (kind == FIELD_TIME)
		return call_time_parse(text, number);
	if (kind == FIELD_INT2)
		return read_integer(text, INT16_MIN, INT16_MAX, number);
	return read_integer(text, INT32_MIN, INT32_MAX, number);
}

static enum fault
set_value(const struct field *field, const struct json_value *given, struct arena *arena, struct record_value *value)
{
	struct slice text;

	if (given->not_utf8 || given->control)
		return given->not_utf8 ? NOT_UTF8 : CONTROL;
	if (!is_text(given))
		return WRONG_TYPE;
	if (given->nul)
		return NUL;
	text = text_of(given, arena);
	if (text.length == 0)
		return NO_FAULT;
	value->bytes = text.bytes;
	if (field->kind != FIELD_TEXT)
		return read_number(text, field->kind, &value->number) ? NO_FAULT : WRONG_FORM;
	value->length = text.length;
	return field->limit > 0 && text.length > field->limit ? TOO_LONG : NO_FAULT;
}

/* --- records ----------------------------------------------------------------------------------------------- */

/* What is wrong with the record as a whole, its field names or its unlisted fields; NULL: nothing. */
static const char *
problem_of_all(const struct record *record, const struct json_value *all)
{
	const struct record_value *value = record->value;

	if (all->not_utf8)
		return "a field name or an unlisted field is not UTF-8";
	if (all->control)
		return "a field name or an unlisted field contains a raw control character";
	if (all->nul)
		return "a field name or an unlisted field contains U+0000";
	if (value[RECORD_CAMPAIGN_ID].bytes == NULL)
		return problems[RECORD_CAMPAIGN_ID][MISSING];
	if (value[RECORD_CALL_STATUS].bytes == NULL)
		return problems[RECORD_CALL_STATUS][MISSING];
	if (value[RECORD_SESSION_ID].bytes == NULL && value[RECORD_CALLED].bytes == NULL &&
	    value[RECORD_CALL_ID].bytes == NULL)
		return "sessionId, called and callId are all missing";
	return NULL;
}

static const char *
set_values(const struct reading *reading, struct arena *arena, struct record *record)
{
	for (enum record_field field = 0; field < RECORD_FIELDS; field++) {
		enum fault fault = NO_FAULT;

		if (reading->given[field].text.bytes != NULL)
			fault = set_value(&record_fields[field], &reading->given[field], arena, &record->value[field]);
		if (fault != NO_FAULT)
			return problems[field][fault];
	}
	return problem_of_all(record, &reading->all);
}

bool
record_read(struct json_text *text, struct arena *arena, struct record *record, const char **problem)
{
	struct reading reading = { 0 };
	bool is_object = json_text_next(text) == '{';
	const char *start = text->at;

	*record = (struct record){ 0 };
	if (is_object ? !read_members(text, &reading, &record->has_extra) : !json_text_read(text, &reading.all))
		return false;
	record->raw = (struct slice){ start, (size_t)(text->at - start) };
	_Static_assert(DEPTH_MAX == 32, "the text says so");
	if (reading.all.depth > DEPTH_MAX)
		*problem = "record is nested more than 32 deep";
	else
		*problem = is_object ? set_values(&reading, arena, record) : "record is not an object";
	return true;
}

struct slice
record_cause_code(const struct record *record, char padded[CAUSE_CODE_DIGITS])
{
	const struct record_value *code = &record->value[RECORD_FAIL_CODE];
	struct slice as_sent = { code->bytes, code->length };
	size_t zeros;

	if (code->bytes == NULL || code->length >= CAUSE_CODE_DIGITS)
		return as_sent;
	for (size_t i = 0; i < code->length; i++)
		if (code->bytes[i] < '0' || code->bytes[i] > '9')
			return as_sent;
	zeros = CAUSE_CODE_DIGITS - code->length;
	memset(padded, '0', zeros);
	memcpy(padded + zeros, code->bytes, code->length);
	return (struct slice){ padded, CAUSE_CODE_DIGITS };
}

/* --- unlisted fields --------------------------------------------------------------------------------------- */

size_t
record_extra_size(const struct record *record)
{
	return 2 * record->raw.length;
}

char *
record_write_extra(const struct record *record, char *to)
{
	struct json_text text = { .at = record->raw.bytes + 1, .end = record->raw.bytes + record->raw.length };
	struct json_value name, value;
	char separator = '{';

	do {
		if (!json_text_read_name(&text, &name) || !json_text_read(&text, &value))
			abort();        /* cannot be: it was read before */
		if (field_named(&name) < RECORD_FIELDS)
			continue;
		*to++ = separator;
		to = json_value_copy(&name, to);
		*to++ = ':';
		to = json_value_copy(&value, to);
		separator = ',';
	} while (json_text_take(&text, ','));
	json_text_free(&text);
	*to++ = '}';
	return to;
}

bool
record_same_extra(const struct record *a, const struct record *b)
{
	return a->has_extra == b->has_extra && (!a->has_extra ||
	    (a->raw.length == b->raw.length && memcmp(a->raw.bytes, b->raw.bytes, a->raw.length) == 0));
}
