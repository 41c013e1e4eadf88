/* Bodies, with a NUL between them, as pushes of one call: the arrays, decoded here, say what the parser took. */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "db/store_call.h"
#include "reference.h"

enum { PUSHES_MAX = 6, HEADER_SIZE = 20, EMPTY_SIZE = 12 };

/* An array as the server reads it. */
struct array {
	const char *at, *end;
	int32_t     left;
};

static int64_t
take_integer(struct array *array, int size)
{
	uint64_t value = 0;

	if (array->end - array->at < size)
		ref_fail("an array is cut short");
	for (int i = 0; i < size; i++)
		value = value << 8 | (unsigned char)*array->at++;
	return (int64_t)(value << (64 - 8 * size)) >> (64 - 8 * size);
}

static struct array
open_array(const struct store_call *call, int parameter)
{
	struct array array = { .at = call->values[parameter],
	    .end = call->values[parameter] + call->lengths[parameter] };
	int64_t dimensions = take_integer(&array, 4);

	if (take_integer(&array, 4) > 1 || take_integer(&array, 4) <= 0 || dimensions > 1)
		ref_fail("the head of an array");
	if (dimensions == 1) {
		array.left = (int32_t)take_integer(&array, 4);
		if (array.left <= 0 || take_integer(&array, 4) != 1)
			ref_fail("the dimension of an array");
	} else if (array.at != array.end) {
		ref_fail("an empty array");
	}
	return array;
}

/* The next element; bytes NULL: null. */
static struct slice
take(struct array *array)
{
	int64_t length;
	struct slice element = { NULL, 0 };

	if (array->left-- == 0)
		ref_fail("an element is missing");
	length = take_integer(array, 4);
	if (length < -1 || length > array->end - array->at)
		ref_fail("the length of an element");
	if (length >= 0) {
		element = (struct slice){ array->at, (size_t)length };
		array->at += length;
	}
	return element;
}

static int64_t
number_of(struct slice element)
{
	struct array bytes = { .at = element.bytes, .end = element.bytes + element.length };

	return take_integer(&bytes, (int)element.length);
}

static void
check_field(struct slice element, const struct field *field, const struct record_value *value)
{
	const size_t sizes[] = { [FIELD_TIME] = 8, [FIELD_INT2] = 2, [FIELD_INT4] = 4 };
	int64_t epoch = field->kind == FIELD_TIME ? INT64_C(946684800000000) : 0;

	if ((element.bytes == NULL) != (value->bytes == NULL))
		ref_fail("whether an element is null");
	if (element.bytes == NULL)
		return;
	if (field->kind == FIELD_TEXT ? !ref_equal(element, (struct slice){ value->bytes, value->length }) :
	    element.length != sizes[field->kind] || number_of(element) + epoch != value->number)
		ref_fail(field->column);
}

static void
check_extra(struct slice element, const struct record *record)
{
	char *extra, *end;

	if ((element.bytes != NULL) != record->has_extra)
		ref_fail("whether there are unlisted fields");
	if (element.bytes == NULL)
		return;
	extra = malloc(record_extra_size(record));
	end = record_write_extra(record, extra);
	if (element.bytes[0] != 1 || !ref_equal((struct slice){ element.bytes + 1, element.length - 1 },
	    (struct slice){ extra, (size_t)(end - extra) }))
		ref_fail("the unlisted fields");
	free(extra);
}

static void
check_records(const struct store_call *call, struct push **pushes, int count, const struct fold *fold)
{
	struct array fields[RECORD_FIELDS], numbers = open_array(call, R_PUSH), extras = open_array(call, R_EXTRA);

	for (int f = 0; f < RECORD_FIELDS; f++)
		fields[f] = open_array(call, R_FIELD + f);
	for (size_t i = 0; i < fold->count; i++) {
		const struct fold_row *row = &fold->rows[i];

		int64_t number = number_of(take(&numbers));

		if (number < 1 || number > count || pushes[number - 1] != row->push)
			ref_fail("the push of a record");
		for (int f = 0; f < RECORD_FIELDS; f++)
			check_field(take(&fields[f]), &record_fields[f], &row->record->value[f]);
		check_extra(take(&extras), row->record);
	}
	for (int f = 0; f < RECORD_FIELDS; f++)
		if (fields[f].left != 0 || fields[f].at != fields[f].end)
			ref_fail("more elements than records");
}

static void
check_tally(const struct store_call *call, const struct fold *fold)
{
	struct array campaigns = open_array(call, T_CAMPAIGN_ID), calls = open_array(call, T_CALLS);
	int64_t counted = 0;

	while (calls.left > 0) {
		if (take(&campaigns).bytes == NULL)
			ref_fail("a count without a campaign");
		counted += number_of(take(&calls));
	}
	if (counted != (int64_t)fold->count || campaigns.left != 0 || calls.at != calls.end)
		ref_fail("the tally");
}

static void
check_pushes(const struct store_call *call, struct push **pushes, int count)
{
	struct array ids = open_array(call, P_ID), records = open_array(call, P_RECORDS),
	    rows = open_array(call, P_ROWS),
	    quarantined = open_array(call, P_QUARANTINED), reasons = open_array(call, Q_REASON),
	    raws = open_array(call, Q_RAW);

	for (int i = 0; i < count; i++) {
		const struct record_list *list = &pushes[i]->list;
		size_t bad = pushes[i]->fault != NULL ? 0 : list->bad_count;

		if (!ref_equal(take(&ids), (struct slice){ (const char *)pushes[i]->id.bytes, PUSH_ID_SIZE }) ||
		    number_of(take(&quarantined)) != (int64_t)bad ||
		    number_of(take(&records)) != (int64_t)(bad + list->record_count) ||
		    number_of(take(&rows)) > (int64_t)list->record_count)
			ref_fail("a push");
		for (size_t k = 0; k < list->reject_count; k++)
			if (!ref_equal(take(&raws), list->rejects[k].raw) ||
			    !ref_equal(take(&reasons), (struct slice){ list->rejects[k].reason,
			    strlen(list->rejects[k].reason) }))
				ref_fail("a reject");
	}
	if (ids.left != 0 || raws.left != 0 || raws.at != raws.end)
		ref_fail("more elements than pushes and rejects");
}

static struct push *
push_of(const char *bytes, size_t size)
{
	struct push *push = push_new(NULL);
	enum outcome outcome;

	push->body = (struct slice){ memcpy(memory_alloc(size), bytes, size), size };
	outcome = record_list_parse(&push->list, push->body);
	if (outcome != OUTCOME_OK)
		push_refuse(push, outcome_sentence(outcome));
	return push;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct fold fold;
	static struct store_call call;
	const char *at = (const char *)bytes, *end = at + size;
	struct push *pushes[PUSHES_MAX];
	int count = 0, folded;

	do {
		const char *stop = memchr(at, '\0', (size_t)(end - at));

		if (stop == NULL || count == PUSHES_MAX - 1)
			stop = end;
		pushes[count++] = push_of(at, (size_t)(stop - at));
		at = stop < end ? stop + 1 : end;
	} while (at < end);
	for (int i = 0; i < count; i += folded) {
		folded = fold_pushes(&fold, pushes + i, count - i);
		if (folded < 1 || folded > count - i)
			ref_fail("how many pushes go together");
		store_call_fill(&call, pushes + i, folded, &fold, "UTC", i > 0);
		check_pushes(&call, pushes + i, folded);
		check_records(&call, pushes + i, folded, &fold);
		check_tally(&call, &fold);
	}
	for (int i = 0; i < count; i++)
		push_unref(pushes[i]);
	return 0;
}
