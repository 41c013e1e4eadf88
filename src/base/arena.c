/* Memory that is freed all at once: a list of chunks, each filled from its front. */
#include "base/arena.h"

#include <stdalign.h>
#include <string.h>
#include <sys/param.h>

#include "base/memory.h"

/* malloc keeps blocks of the first chunk's size at hand, and most pushes need no second */
enum { FIRST_CHUNK = 960, LARGEST_CHUNK = 2 << 20 };

struct arena_chunk {
	struct arena_chunk *older;
	size_t              used;
	size_t              size;
	alignas(max_align_t) char bytes[];
};

static struct arena_chunk *
chunk_add(struct arena *arena, size_t size)
{
	struct arena_chunk *chunk = memory_alloc(sizeof *chunk + size);

	chunk->older = arena->newest;
	chunk->used = 0;
	chunk->size = size;
	arena->newest = chunk;
	return chunk;
}

/* Chunks double, because large blocks go back to the system one by one, and many small ones would not. */
static size_t
next_size(const struct arena_chunk *chunk)
{
	return chunk == NULL ? FIRST_CHUNK : chunk->size < LARGEST_CHUNK ? 2 * chunk->size : LARGEST_CHUNK;
}

void *
arena_alloc(struct arena *arena, size_t size)
{
	struct arena_chunk *chunk = arena->newest;
	size_t aligned = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	void *start;

	if (chunk == NULL || chunk->size - chunk->used < aligned)
		chunk = chunk_add(arena, MAX(aligned, next_size(chunk)));
	start = chunk->bytes + chunk->used;
	chunk->used += aligned;
	return start;
}

const char *
arena_copy(struct arena *arena, const void *bytes, size_t length)
{
	char *copy = arena_alloc(arena, length);

	if (length > 0)
		memcpy(copy, bytes, length);
	return copy;
}

void
arena_free(struct arena *arena)
{
	struct arena_chunk *chunk, *older;

	for (chunk = arena->newest; chunk != NULL; chunk = older) {
		older = chunk->older;
		memory_free(chunk);
	}
	arena->newest = NULL;
}
