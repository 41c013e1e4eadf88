/* Memory that is given back all at once: what a push's records are made of. */
#ifndef ARENA_H
#define ARENA_H

#include <stddef.h>

struct arena {
	struct arena_chunk *newest;  /* NULL: empty; {0} is a valid start */
};

/* size bytes, aligned for any type; never NULL (the process ends when memory does). */
void *arena_alloc(struct arena *arena, size_t size);

/* A copy of length bytes, without a terminating NUL; never NULL, not even for length 0. */
const char *arena_copy(struct arena *arena, const void *bytes, size_t length);

void arena_free(struct arena *arena);

#endif
