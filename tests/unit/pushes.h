/* The pushes of a test: each is made of a list of records, and all are dropped at its end. */
#ifndef PUSHES_H
#define PUSHES_H

#include "unit.h"

#include "base/memory.h"
#include "push/push.h"

enum { PUSHES_MAX = 64 };

static struct push *pushes[PUSHES_MAX];
static int push_count;

/* A further push, in memory of its exact size, so that a byte read behind it is noticed. */
static inline struct push *
arrives(const char *records)
{
	struct push *push = push_new(NULL);
	size_t length = strlen(records);

	push->body = (struct slice){ memcpy(memory_alloc(length), records, length), length };
	assert_int_equal(record_list_parse(&push->list, push->body), OUTCOME_OK);
	assert_true(push_count < PUSHES_MAX);
	return pushes[push_count++] = push;
}

static inline void
drop_pushes(void)
{
	while (push_count > 0)
		push_unref(pushes[--push_count]);
}

#endif
