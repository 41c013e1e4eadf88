/* The reader of JSON against another: what is JSON, what is noted of it, and that a copy for jsonb says the same. */
#include <stdlib.h>

#include "push/json_text.h"
#include "reference.h"

/* A copy may hold a number as a string. */
static bool
says_the_same(const struct ref *sent, const struct ref *kept)
{
	const struct ref *a, *b;

	if (sent->kind != kept->kind && !(sent->kind == REF_NUMBER && kept->kind == REF_STRING))
		return false;
	if (sent->kind != REF_LIST && sent->kind != REF_OBJECT)
		return ref_equal(sent->said, kept->said);
	for (a = sent->first, b = kept->first; a != NULL && b != NULL; a = a->next, b = b->next)
		if (!ref_equal(a->name, b->name) || !says_the_same(a, b))
			return false;
	return a == NULL && b == NULL;
}

static void
check_copy(const struct json_value *value, const struct ref *ref, struct arena *arena)
{
	char *copy = malloc(2 * value->text.length);
	const char *end = json_value_copy(value, copy), *at = copy;
	bool too_deep;
	const struct ref *kept = ref_read(&at, end, arena, &too_deep);

	if ((size_t)(end - copy) > 2 * value->text.length)
		ref_fail("the length of a copy");
	if (kept == NULL || at != end || !says_the_same(ref, kept))
		ref_fail("a copy");
	free(copy);
}

static void
check_string(const struct json_value *value, const struct ref *ref)
{
	char *said = malloc(value->text.length);
	const char *end = json_value_unescape(value, said);

	if (!ref_equal((struct slice){ said, (size_t)(end - said) }, ref->said))
		ref_fail("what a string says");
	if (!json_value_is(value, ref->said.bytes, ref->said.length) && ref->said.length <= 32)
		ref_fail("a string by what it says");
	free(said);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct json_text text = { .at = (const char *)bytes, .end = (const char *)bytes + size };
	struct arena arena = { 0 };
	const char *at = text.at;
	struct json_value value;
	bool too_deep, is_json = json_text_read(&text, &value);
	const struct ref *ref = ref_read(&at, text.end, &arena, &too_deep);

	json_text_next(&text);
	if (!too_deep && is_json != (ref != NULL))
		ref_fail("whether it is JSON");
	if (ref != NULL) {
		if (text.at != at || !ref_equal(value.text, ref->raw))
			ref_fail("where it ends");
		if ((int)value.depth != ref->depth || value.nul != ref->nul || value.not_utf8 != ref->not_utf8 ||
		    value.control != ref->control)
			ref_fail("what is noted");
		if (!ref->not_utf8 && !ref->control)
			check_copy(&value, ref, &arena);
		if (!ref->not_utf8 && ref->kind == REF_STRING)
			check_string(&value, ref);
	}
	json_text_free(&text);
	arena_free(&arena);
	return 0;
}
