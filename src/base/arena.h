/* Memory that is freed all at once: a push's records lie in one. */
#ifndef ARENA_H
#define ARENA_H

#include <stddef.h>

/* {0} is an empty one. */
struct arena {
	struct arena_chunk *newest;  /* NULL: it is empty */
};

/* size bytes, aligned for any type; never NULL. */
void *arena_alloc(struct arena *arena, size_t size);

/* A copy of length bytes, without a terminating NUL; never NULL, not even for length 0. */
const char *arena_copy(struct arena *arena, const void *bytes, size_t length);

/* Frees all of it; the arena is empty then. */
void arena_free(struct arena *arena);

#endif
