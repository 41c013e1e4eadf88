/* The records of one body.  Each element is judged by itself, so that a bad one costs no good one. */
#include "push/record_list.h"

#include <stdint.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "push/json_text.h"

struct parse {
	struct record_list *list;
	struct json_text    text;
	size_t              capacity;    /* of the list's records */
	const char         *list_name;   /* of the list in an object, besides callResultList; NULL: none */
};

static void
add_record(struct parse *parse, const struct record *record)
{
	struct record_list *list = parse->list;

	list->records = memory_grow(list->records, &parse->capacity, list->record_count + 1, sizeof *list->records);
	list->records[list->record_count++] = *record;
}

static void
add_bad(struct record_list *list, const struct record *record, const char *problem)
{
	if (++list->bad_count <= REJECTS_MAX)
		record_list_reject(list, record->raw, problem);
}

/* Of two lists in one object the last stands. */
static void
forget(struct record_list *list)
{
	list->record_count = list->reject_count = list->bad_count = 0;
}

static bool
read_list(struct parse *parse)
{
	struct record record;
	const char *problem;

	forget(parse->list);
	parse->text.at++;       /* the "[" */
	if (json_text_take(&parse->text, ']'))
		return true;
	do {
		if (!record_read(&parse->text, &parse->list->arena, &record, &problem))
			return false;
		if (problem == NULL)
			add_record(parse, &record);
		else
			add_bad(parse->list, &record, problem);
	} while (json_text_take(&parse->text, ','));
	return json_text_take(&parse->text, ']');
}

static bool
names_list(const struct parse *parse, const struct json_value *name)
{
	static const char list_name[] = "callResultList";

	return json_value_is(name, list_name, sizeof list_name - 1) ||
	    (parse->list_name != NULL && json_value_is(name, parse->list_name, strlen(parse->list_name)));
}

/* A whole number of up to 18 digits, which may stand in quotes; 0: it is none. */
static int64_t
read_count(struct slice text)
{
	size_t quoted = text.length > 2 && *text.bytes == '"';
	int64_t count = 0;

	for (size_t i = quoted; i < text.length - quoted; i++) {
		if (text.bytes[i] < '0' || text.bytes[i] > '9' || i > 18)
			return 0;
		count = 10 * count + text.bytes[i] - '0';
	}
	return count;
}

/* Reads an object around a list.  *found: the last member with the list's name is a list. */
static bool
read_wrapper(struct parse *parse, bool *found)
{
	struct json_value name, value;

	parse->text.at++;       /* the "{" */
	if (json_text_take(&parse->text, '}'))
		return true;
	do {
		bool is_list;

		if (!json_text_read_name(&parse->text, &name))
			return false;
		is_list = json_text_next(&parse->text) == '[';
		if (names_list(parse, &name))
			*found = is_list;
		if (is_list && names_list(parse, &name) ? !read_list(parse) : !json_text_read(&parse->text, &value))
			return false;
		if (!is_list && parse->list_name != NULL && json_value_is(&name, "totalCount", 10))
			parse->list->total_count = read_count(value.text);
	} while (json_text_take(&parse->text, ','));
	return json_text_take(&parse->text, '}');
}

static enum outcome
read_body(struct parse *parse)
{
	char first = json_text_next(&parse->text);
	struct json_value value;
	bool found = first == '[';

	if (parse->text.at == parse->text.end)
		return OUTCOME_BODY_EMPTY;
	if (first == '[' ? !read_list(parse) : first == '{' ? !read_wrapper(parse, &found) :
	    !json_text_read(&parse->text, &value))
		return OUTCOME_BODY_NOT_JSON;
	json_text_next(&parse->text);
	if (parse->text.at < parse->text.end)
		return OUTCOME_BODY_TRAILING;
	return found ? OUTCOME_OK : OUTCOME_BODY_NOT_LIST;
}

/* Keeps the whole body in place of so many rejects. */
static void
reject_together(struct record_list *list, struct slice body)
{
	_Static_assert(REJECTS_MAX == 10000, "the text says so");
	list->reject_count = 0;
	record_list_reject(list, body, "more than 10000 elements of the list are bad; this is the whole body");
}

static enum outcome
parse_body(struct record_list *list, struct slice body, const char *list_name)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";
	struct parse parse = { .list = list, .list_name = list_name };
	enum outcome outcome;

	if (body.bytes == NULL)
		return OUTCOME_BODY_EMPTY;
	parse.text.at = body.bytes;
	parse.text.end = body.bytes + body.length;
	if (body.length >= 3 && memcmp(body.bytes, byte_order_mark, 3) == 0)
		parse.text.at += 3;
	outcome = read_body(&parse);
	json_text_free(&parse.text);
	if (outcome != OUTCOME_OK)
		record_list_free(list);
	else if (list->bad_count > REJECTS_MAX)
		reject_together(list, body);
	if (outcome == OUTCOME_BODY_NOT_JSON && !utf8_is_valid(body.bytes, body.length))
		return OUTCOME_BODY_NOT_UTF8;
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
	/* mostly there are few: the array doubles whenever its length is a power of two */
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
