/*
 * A second reader of JSON and of call times, which the fuzzers hold src/push against.  It was written from RFC 8259 and
 * the rules for records, and shares nothing with the first: a tree, recursion, a calendar of its own.
 */
#ifndef REFERENCE_H
#define REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

enum ref_kind { REF_NULL, REF_BOOL, REF_NUMBER, REF_STRING, REF_LIST, REF_OBJECT };

struct ref {
	enum ref_kind kind;
	struct slice  raw;              /* the value in the text */
	struct slice  said;             /* by a string, without its escapes; else as raw */
	struct slice  name;             /* of a member, without its escapes */
	int           depth;            /* of nesting */
	bool          nul, not_utf8, control;   /* in some string or name of it */
	struct ref   *first, *next;     /* elements or members, in their order */
};

/*
 * Reads the value at *at, with white space around it, and moves *at behind that.  NULL: it is no JSON, or *too_deep for
 * recursion.
 */
struct ref *ref_read(const char **at, const char *end, struct arena *arena, bool *too_deep);

/* The last member of that name; NULL: none. */
const struct ref *ref_member(const struct ref *object, struct slice name);

bool ref_equal(struct slice a, struct slice b);
bool ref_is_utf8(struct slice text);

/* Microseconds since 1970 of a time written yyyy-mm-dd hh:mm:ss. */
bool ref_time(struct slice text, int64_t *microseconds);

/* Ends the fuzzer with what is wrong. */
_Noreturn void ref_fail(const char *what);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#endif
