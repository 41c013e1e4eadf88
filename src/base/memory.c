/* Allocation. */
#include "base/memory.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <unistd.h>

#include "base/log.h"

enum { LARGE_BLOCK = 1 << 20, FREE_AT_MOST = 4 << 20, BYTES_AT_FIRST = 1024 };

void
memory_init(void)
{
	/* as many threads as can run at a time */
	mallopt(M_ARENA_MAX, (int)sysconf(_SC_NPROCESSORS_ONLN));
	/* by default malloc raises both limits as the freed blocks get larger, and keeps more and more */
	mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
	mallopt(M_TRIM_THRESHOLD, FREE_AT_MOST);
}

static void *
must(void *block)
{
	if (block == NULL)
		log_fatal("out of memory");
	return block;
}

void *
memory_alloc(size_t size)
{
	return must(malloc(size > 0 ? size : 1));
}

void *
memory_zalloc(size_t size)
{
	return must(calloc(1, size > 0 ? size : 1));
}

void *
memory_resize(void *old, size_t count, size_t size)
{
	return must(reallocarray(old, count > 0 ? count : 1, size > 0 ? size : 1));
}

void *
memory_grow(void *array, size_t *capacity, size_t needed, size_t size)
{
	if (needed <= *capacity)
		return array;
	*capacity = MAX(needed, 2 * *capacity + BYTES_AT_FIRST / size);
	return memory_resize(array, *capacity, size);
}

char *
memory_strdup(const char *text)
{
	return must(strdup(text));
}

void
memory_free(const void *block)
{
	free((void *)block);
}
