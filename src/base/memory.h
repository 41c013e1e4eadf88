/* Allocation.  When there is no memory the process ends, so no caller checks; no acknowledged push is lost by that. */
#ifndef MEMORY_H
#define MEMORY_H

#include <stddef.h>

/*
 * To be called once, before there are threads.  Caps malloc's arenas, because our threads free what others allocated,
 * and an arena for each would hoard it.  The memory of a large push goes back to the system.
 */
void memory_init(void);

/* Never NULL, not even for 0 bytes. */
void *memory_alloc(size_t size) __attribute__((malloc, returns_nonnull, alloc_size(1)));
void *memory_zalloc(size_t size) __attribute__((malloc, returns_nonnull, alloc_size(1)));

/* realloc(3) to count elements of size each.  A product that overflows ends the process. */
void *memory_resize(void *old, size_t count, size_t size) __attribute__((returns_nonnull, alloc_size(2, 3)));

/*
 * Makes an array of *capacity elements, size each, hold at least needed, and changes *capacity: it is doubled, or more.
 * An array starts as NULL with capacity 0.
 */
void *memory_grow(void *array, size_t *capacity, size_t needed, size_t size) __attribute__((warn_unused_result));

char *memory_strdup(const char *text) __attribute__((malloc, returns_nonnull));

/* NULL is fine.  const, because a slice owns its bytes through a pointer to const. */
void memory_free(const void *block);

#endif
