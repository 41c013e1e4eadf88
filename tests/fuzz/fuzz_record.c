/* Bodies, read as records and by the rules of the interface over another reader's tree: each verdict and each value. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "push/record_list.h"
#include "reference.h"

/* --- what a record is -------------------------------------------------------------------------------------- */

static bool
is_integer(struct slice text, int64_t min, int64_t max, int64_t *number)
{
	char digits[24] = "";
	char *end;

	if (text.length == 0 || text.length > 19)
		return false;
	memcpy(digits, text.bytes, text.length);
	if (strspn(digits, "-0123456789") != text.length || strlen(digits + (digits[0] == '-')) > 18)
		return false;
	*number = strtoll(digits, &end, 10);
	return *end == '\0' && end[-1] != '-' && *number >= min && *number <= max;
}

/* Whether a field may say this; nothing is said by null and "". */
static bool
may_say(const struct field *field, const struct ref *given, struct record_value *value)
{
	*value = (struct record_value){ 0 };
	if (given == NULL || given->kind == REF_NULL)
		return true;
	if (given->kind != REF_STRING && given->kind != REF_NUMBER)
		return false;
	if (given->said.length == 0)
		return true;
	value->bytes = given->said.bytes;
	switch (field->kind) {
	case FIELD_TEXT:
		value->length = given->said.length;
		return field->limit == 0 || given->said.length <= field->limit;
	case FIELD_TIME:
		return ref_time(given->said, &value->number);
	case FIELD_INT2:
		return is_integer(given->said, SHRT_MIN, SHRT_MAX, &value->number);
	default:
		return is_integer(given->said, INT_MIN, INT_MAX, &value->number);
	}
}

static struct slice
name_of(const struct field *field)
{
	return (struct slice){ field->name, strlen(field->name) };
}

static bool
is_good(const struct ref *element, struct record_value *values)
{
	if (element->kind != REF_OBJECT || element->depth > 32 || element->nul || element->not_utf8 || element->control)
		return false;
	for (int i = 0; i < RECORD_FIELDS; i++)
		if (!may_say(&record_fields[i], ref_member(element, name_of(&record_fields[i])), &values[i]))
			return false;
	return values[RECORD_CAMPAIGN_ID].bytes != NULL && values[RECORD_CALL_STATUS].bytes != NULL &&
	    (values[RECORD_SESSION_ID].bytes != NULL || values[RECORD_CALLED].bytes != NULL ||
	    values[RECORD_CALL_ID].bytes != NULL);
}

/* --- what was made of it ----------------------------------------------------------------------------------- */

static bool
is_listed(struct slice name)
{
	for (int i = 0; i < RECORD_FIELDS; i++)
		if (ref_equal(name, name_of(&record_fields[i])))
			return true;
	return false;
}

static void
check_extra(const struct record *record, const struct ref *element, struct arena *arena)
{
	char *copy = malloc(record_extra_size(record));
	const char *end = record_write_extra(record, copy), *at = copy;
	bool too_deep;
	const struct ref *extra = ref_read(&at, end, arena, &too_deep), *kept = extra == NULL ? NULL : extra->first;

	if ((size_t)(end - copy) > record_extra_size(record) || extra == NULL || at != end)
		ref_fail("the unlisted fields as JSON");
	for (const struct ref *sent = element->first; sent != NULL; sent = sent->next) {
		if (is_listed(sent->name))
			continue;
		if (kept == NULL || !ref_equal(sent->name, kept->name) ||
		    (sent->kind == REF_STRING && !ref_equal(sent->said, kept->said)))
			ref_fail("an unlisted field");
		kept = kept->next;
	}
	if (kept != NULL)
		ref_fail("more unlisted fields than came");
	free(copy);
}

static void
check_record(const struct record *record, const struct ref *element, const struct record_value *values,
    struct arena *arena)
{
	bool has_extra = false;

	for (int i = 0; i < RECORD_FIELDS; i++) {
		const struct record_value *found = &record->value[i];

		if ((found->bytes == NULL) != (values[i].bytes == NULL))
			ref_fail("whether a field says something");
		if (found->bytes != NULL && (record_fields[i].kind != FIELD_TEXT ? found->number != values[i].number :
		    !ref_equal((struct slice){ found->bytes, found->length },
			(struct slice){ values[i].bytes, values[i].length })))
			ref_fail("what a field says");
	}
	if (!ref_equal(record->raw, element->raw))
		ref_fail("the raw text of a record");
	for (const struct ref *member = element->first; member != NULL; member = member->next)
		has_extra |= !is_listed(member->name);
	if (record->has_extra != has_extra)
		ref_fail("whether there are unlisted fields");
	if (has_extra)
		check_extra(record, element, arena);
}

static void
check_list(const struct record_list *list, const struct ref *body, struct arena *arena)
{
	struct record_value values[RECORD_FIELDS];
	size_t good = 0, bad = 0;

	for (const struct ref *element = body->first; element != NULL; element = element->next) {
		if (is_good(element, values)) {
			if (good >= list->record_count)
				ref_fail("a good record that is none");
			check_record(&list->records[good++], element, values, arena);
		} else if (list->bad_count <= REJECTS_MAX) {
			if (bad >= list->reject_count || !ref_equal(list->rejects[bad].raw, element->raw))
				ref_fail("a bad record that is none");
			bad++;
		} else {
			bad++;
		}
	}
	if (good != list->record_count || bad != list->bad_count)
		ref_fail("the number of records");
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const struct slice list_name = { "callResultList", 14 };
	const char *at = (const char *)bytes, *end = at + size;
	struct record_list list = { 0 };
	struct arena arena = { 0 };
	enum outcome outcome = record_list_parse(&list, (struct slice){ at, size });
	const struct ref *body;
	bool too_deep;

	if (size >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
		at += 3;
	body = ref_read(&at, end, &arena, &too_deep);
	if (body != NULL && body->kind == REF_OBJECT)
		body = ref_member(body, list_name);
	if (outcome == OUTCOME_OK) {
		if (!too_deep && (body == NULL || at != end || body->kind != REF_LIST))
			ref_fail("a list that is none");
		if (!too_deep)
			check_list(&list, body, &arena);
	} else if (list.record_count + list.reject_count > 0 || (body != NULL && at == end && body->kind == REF_LIST)) {
		ref_fail("a list that was refused");
	}
	record_list_free(&list);
	arena_free(&arena);
	return 0;
}
