/* Bytes to validated records.  Each element of the list is parsed by itself, so that a bad one costs no good one. */
#include "push/record.h"

#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

#include "base/log.h"
#include "base/memory.h"
#include "push/call_time.h"
#include "push/json_text.h"

enum { DEPTH_MAX = 32, DEPTH_PARSED = 5000, REASON_MAX = 128, INTEGER_DIGITS = 18 };

const struct field record_fields[RECORD_FIELDS] = {
#define FIELD(symbol, name, column, kind, limit, part) { name, #column, FIELD_##kind, limit, FIELD_##part },
#include "push/fields.def"
#undef FIELD
};

/* One body on its way; one record of it at a time. */
struct parse {
	struct record_list  *list;
	struct json_tokener *tokener;
	size_t               record_room;
	struct json_object  *extra;       /* unlisted fields of the record in hand; NULL: none so far */
	const char          *reason;      /* why the record in hand is bad; NULL: it is not */
	const char          *list_name;   /* of the list in an object, besides callResultList; NULL: none */
};

/* Of more rejects than are kept one by one, no reason is kept either. */
static bool
is_past_limit(const struct parse *parse)
{
	return parse->list->reject_count > REJECTS_MAX;
}

static void
bad(struct parse *parse, const char *name, const char *fault)
{
	char reason[REASON_MAX];
	int length = snprintf(reason, sizeof reason, "%s %s", name, fault);

	parse->reason = is_past_limit(parse) ? "" : arena_copy(&parse->list->arena, reason, (size_t)length + 1);
}

/* --- values ------------------------------------------------------------------------------------------------ */

/* What a value says as text: a string, or a number as it was written.  Empty and null are both no text. */
static bool
value_text(struct json_object *value, struct slice *text)
{
	*text = (struct slice){ NULL, 0 };
	switch (json_object_get_type(value)) {
	case json_type_null:
		return true;
	case json_type_string:
		text->bytes = json_object_get_string(value);
		text->length = (size_t)json_object_get_string_len(value);
		break;
	case json_type_int:
	case json_type_double:
		text->bytes = json_object_get_string(value);
		text->length = strlen(text->bytes);
		break;
	default:
		return false;
	}
	if (text->length == 0)
		text->bytes = NULL;
	return true;
}

/* An integer, or a string of its digits.  Numbers with a fraction or an exponent are none. */
static bool
value_integer(struct json_object *value, struct slice text, int64_t min, int64_t max, int64_t *integer)
{
	size_t sign = text.bytes[0] == '-' ? 1 : 0;

	if (json_object_is_type(value, json_type_double))
		return false;
	if (text.length == sign || text.length - sign > INTEGER_DIGITS)
		return false;
	for (size_t i = sign; i < text.length; i++)
		if (text.bytes[i] < '0' || text.bytes[i] > '9')
			return false;
	*integer = strtoll(text.bytes, NULL, 10);
	return *integer >= min && *integer <= max;
}

/* --- fields ------------------------------------------------------------------------------------------------ */

static void
set_text(struct parse *parse, struct record_value *value, const struct field *field, struct slice text)
{
	char fault[REASON_MAX];

	if (field->limit > 0 && text.length > field->limit) {
		snprintf(fault, sizeof fault, "is longer than %zu bytes", field->limit);
		bad(parse, field->name, fault);
		return;
	}
	value->bytes = arena_copy(&parse->list->arena, text.bytes, text.length);
	value->length = text.length;
}

static void
set_number(struct parse *parse, struct record_value *value, const struct field *field, struct json_object *given,
    struct slice text)
{
	value->bytes = "";
	if (field->kind == FIELD_TIME && !call_time_parse(text, &value->number))
		bad(parse, field->name, "is not a real date and time written yyyy-mm-dd hh:mm:ss");
	if (field->kind == FIELD_INT2 && !value_integer(given, text, INT16_MIN, INT16_MAX, &value->number))
		bad(parse, field->name, "is not an integer of 16 bits");
	if (field->kind == FIELD_INT4 && !value_integer(given, text, INT32_MIN, INT32_MAX, &value->number))
		bad(parse, field->name, "is not an integer of 32 bits");
}

static void
set_field(struct parse *parse, struct record_value *value, const struct field *field, struct json_object *given)
{
	struct slice text;

	*value = (struct record_value){ 0 };
	if (!value_text(given, &text))
		bad(parse, field->name, "has the wrong type");
	else if (text.bytes != NULL && memchr(text.bytes, '\0', text.length) != NULL)
		bad(parse, field->name, "contains U+0000");
	else if (text.bytes != NULL && field->kind == FIELD_TEXT)
		set_text(parse, value, field, text);
	else if (text.bytes != NULL)
		set_number(parse, value, field, given, text);
}

static int
field_named(const char *name)
{
	int i = 0;

	while (i < RECORD_FIELDS && strcmp(record_fields[i].name, name) != 0)
		i++;
	return i;
}

static void
set_member(struct parse *parse, struct record *record, const char *name, struct json_object *value)
{
	int field = field_named(name);

	if (field < RECORD_FIELDS) {
		set_field(parse, &record->value[field], &record_fields[field], value);
		return;
	}
	if (parse->extra == NULL)
		parse->extra = json_object_new_object();
	json_object_object_add(parse->extra, name, json_object_get(value));
}

/* --- records ----------------------------------------------------------------------------------------------- */

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

static struct slice
extra_text(struct parse *parse)
{
	size_t length;
	const char *text;

	if (parse->extra == NULL)
		return (struct slice){ NULL, 0 };
	text = json_object_to_json_string_length(parse->extra,
	    JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &length);
	return (struct slice){ arena_copy(&parse->list->arena, text, length), length };
}

/* The rules that concern the record as a whole. */
static void
check_record(struct parse *parse, const struct record *record, const struct json_text *source)
{
	if (parse->reason != NULL)
		return;
	if (source->nul)        /* json-c ends names at a NUL, so a name is only caught in the text */
		bad(parse, "a field name or an unlisted field", "contains U+0000");
	else if (record->value[RECORD_CAMPAIGN_ID].bytes == NULL)
		bad(parse, "campaignId", "is missing");
	else if (record->value[RECORD_CALL_STATUS].bytes == NULL)
		bad(parse, "callStatus", "is missing");
	else if (record->value[RECORD_SESSION_ID].bytes == NULL && record->value[RECORD_CALLED].bytes == NULL &&
	    record->value[RECORD_CALL_ID].bytes == NULL)
		bad(parse, "sessionId, called and callId", "are all missing");
}

static struct record *
record_add(struct parse *parse)
{
	struct record_list *list = parse->list;

	if (list->record_count == parse->record_room) {
		parse->record_room = parse->record_room > 0 ? 2 * parse->record_room : 1;
		list->records = memory_resize(list->records, parse->record_room, sizeof *list->records);
	}
	return &list->records[list->record_count++];
}

static void
refuse(struct parse *parse, struct slice raw, const char *reason)
{
	parse->list->bad_count++;
	if (!is_past_limit(parse))
		record_list_reject(parse->list, raw, reason);
}

static void
read_record(struct parse *parse, struct json_object *object, const struct json_text *source)
{
	struct record record = { 0 };

	parse->extra = NULL;
	parse->reason = NULL;
	json_object_object_foreach(object, name, value) {
		set_member(parse, &record, name, value);
		if (parse->reason != NULL)
			break;
	}
	check_record(parse, &record, source);
	if (parse->reason != NULL) {
		refuse(parse, source->text, parse->reason);
	} else {
		record.raw = source->text;
		record.extra = extra_text(parse);
		*record_add(parse) = record;
	}
	json_object_put(parse->extra);
}

/* --- lists ------------------------------------------------------------------------------------------------- */

static struct json_tokener *
tokener_new(int depth)
{
	struct json_tokener *tokener = json_tokener_new_ex(depth + 1);

	if (tokener == NULL)
		log_fatal("out of memory");
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	return tokener;
}

static bool
parse_text(struct json_tokener *tokener, struct slice text, struct json_object **tree)
{
	json_tokener_reset(tokener);
	*tree = json_tokener_parse_ex(tokener, text.bytes, (int)text.length);
	if (json_tokener_get_error(tokener) == json_tokener_continue)   /* a number or a word may go on */
		*tree = json_tokener_parse_ex(tokener, " ", 1);
	return json_tokener_get_error(tokener) == json_tokener_success;
}

/*
 * The tree of one measured value, NULL for a null.  False when it is no JSON.  Beyond DEPTH_PARSED, where a parser would
 * want memory and stack without end, the measuring has to do, and there is no tree.
 */
static bool
parse_value(struct parse *parse, const struct json_text *value, struct json_object **tree)
{
	struct slice text = value->text;
	struct json_tokener *deeper;
	bool valid;

	*tree = NULL;
	if (value->wide)
		text = json_text_quote_wide(value, &parse->list->arena);
	if (value->depth <= DEPTH_MAX)
		return parse_text(parse->tokener, text, tree);
	if (value->depth > DEPTH_PARSED)
		return true;
	deeper = tokener_new(value->depth);
	valid = parse_text(deeper, text, tree);
	json_tokener_free(deeper);
	return valid;
}

static bool
read_element(struct parse *parse, const struct json_text *element)
{
	struct json_object *tree;

	if (!parse_value(parse, element, &tree))
		return false;
	if (element->depth > DEPTH_MAX)
		refuse(parse, element->text, "record is nested more than 32 deep");
	else if (json_object_is_type(tree, json_type_object))
		read_record(parse, tree, element);
	else
		refuse(parse, element->text, "record is not an object");
	json_object_put(tree);
	return true;
}

static struct slice
after(struct slice rest, size_t length)
{
	return json_text_skip_space((struct slice){ rest.bytes + length, rest.length - length });
}

static bool
starts_with(struct slice rest, char c)
{
	return rest.length > 0 && *rest.bytes == c;
}

/* A list whose "[" is the first byte of *rest, which is then what follows its "]". */
static bool
read_list(struct parse *parse, struct slice *rest)
{
	struct json_text element;

	*rest = after(*rest, 1);
	if (starts_with(*rest, ']')) {
		*rest = after(*rest, 1);
		return true;
	}
	for (;;) {
		if (!json_text_measure(*rest, &element) || !read_element(parse, &element))
			return false;
		*rest = after(*rest, element.text.length);
		if (!starts_with(*rest, ','))
			break;
		*rest = after(*rest, 1);
	}
	if (!starts_with(*rest, ']'))
		return false;
	*rest = after(*rest, 1);
	return true;
}

/* A value that is not looked into further, but has to be JSON. */
static bool
skip_value(struct parse *parse, struct slice *rest, struct slice *text)
{
	struct json_text value;
	struct json_object *tree;
	bool valid;

	if (!json_text_measure(*rest, &value))
		return false;
	valid = parse_value(parse, &value, &tree);
	json_object_put(tree);
	*text = value.text;
	*rest = after(*rest, value.text.length);
	return valid;
}

static bool
names_list(const struct parse *parse, const char *name)
{
	return strcmp(name, "callResultList") == 0 || (parse->list_name != NULL && strcmp(name, parse->list_name) == 0);
}

/* A member's name and its colon.  *is_list: the name, with or without escapes, is that of the list. */
static bool
skip_name(struct parse *parse, struct slice *rest, bool *is_list)
{
	struct json_text name;
	struct json_object *tree;

	if (!starts_with(*rest, '"') || !json_text_measure(*rest, &name) || !parse_value(parse, &name, &tree))
		return false;
	*is_list = names_list(parse, json_object_get_string(tree)) && !name.nul;
	json_object_put(tree);
	*rest = after(*rest, name.text.length);
	if (!starts_with(*rest, ':'))
		return false;
	*rest = after(*rest, 1);
	return true;
}

/* An object whose "{" is the first byte of *rest.  *found is the value of its last list, if it has one. */
static bool
read_wrapper(struct parse *parse, struct slice *rest, struct slice *found)
{
	struct slice value;
	bool is_list;

	*found = (struct slice){ NULL, 0 };
	*rest = after(*rest, 1);
	if (!starts_with(*rest, '}')) {
		for (;;) {
			if (!skip_name(parse, rest, &is_list) || !skip_value(parse, rest, &value))
				return false;
			if (is_list)
				*found = value;
			if (!starts_with(*rest, ','))
				break;
			*rest = after(*rest, 1);
		}
	}
	if (!starts_with(*rest, '}'))
		return false;
	*rest = after(*rest, 1);
	return true;
}

static enum outcome
read_body(struct parse *parse, struct slice rest)
{
	struct slice found = { NULL, 0 };

	if (starts_with(rest, '[')) {
		if (!read_list(parse, &rest))
			return OUTCOME_BODY_NOT_JSON;
		return rest.length > 0 ? OUTCOME_BODY_TRAILING : OUTCOME_OK;
	}
	if (starts_with(rest, '{') ? !read_wrapper(parse, &rest, &found) : !skip_value(parse, &rest, &found))
		return OUTCOME_BODY_NOT_JSON;
	if (rest.length > 0)
		return OUTCOME_BODY_TRAILING;
	if (!starts_with(found, '['))
		return OUTCOME_BODY_NOT_LIST;
	return read_list(parse, &found) ? OUTCOME_OK : OUTCOME_BODY_NOT_JSON;
}

/* The body itself is what is kept of so many. */
static void
reject_together(struct record_list *list, struct slice body)
{
	memory_free(list->rejects);
	list->rejects = NULL;
	list->reject_count = 0;
	record_list_reject(list, body, "more than 10000 elements of the list are bad; this is the whole body");
}

static enum outcome
parse_body(struct record_list *list, struct slice body, const char *list_name)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";
	struct parse parse = { .list = list, .list_name = list_name };
	struct slice rest = body;
	enum outcome outcome;

	if (rest.length >= 3 && memcmp(rest.bytes, byte_order_mark, 3) == 0)
		rest = (struct slice){ rest.bytes + 3, rest.length - 3 };
	rest = json_text_skip_space(rest);
	if (rest.length == 0)
		return OUTCOME_BODY_EMPTY;
	if (u8_check((const uint8_t *)rest.bytes, rest.length) != NULL)
		return OUTCOME_BODY_NOT_UTF8;

	parse.tokener = tokener_new(DEPTH_MAX);
	outcome = read_body(&parse, rest);
	json_tokener_free(parse.tokener);
	if (outcome != OUTCOME_OK)
		record_list_free(list);
	else if (list->reject_count > REJECTS_MAX)
		reject_together(list, body);
	return outcome;
}

enum outcome
record_list_parse(struct record_list *list, struct slice body)
{
	return parse_body(list, body, NULL);
}

enum outcome
record_list_parse_answer(struct record_list *list, struct slice body)
{
	return parse_body(list, body, "data");
}

void
record_list_reject(struct record_list *list, struct slice raw, const char *reason)
{
	/* mostly there are few: room grows by doubling at every power of two */
	if ((list->reject_count & (list->reject_count - 1)) == 0)
		list->rejects = memory_resize(list->rejects, 2 * list->reject_count + 1, sizeof *list->rejects);
	list->rejects[list->reject_count++] = (struct reject){ raw, reason };
}

void
record_list_reject_records(struct record_list *list, const char *const *reasons)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->record_count; i++) {
		if (reasons[i] != NULL) {
			record_list_reject(list, list->records[i].raw, reasons[i]);
			list->bad_count++;
		} else {
			list->records[kept++] = list->records[i];
		}
	}
	list->record_count = kept;
}

void
record_list_free(struct record_list *list)
{
	memory_free(list->records);
	memory_free(list->rejects);
	arena_free(&list->arena);
	*list = (struct record_list){ 0 };
}
