/* Allocation.  Without memory the process ends: no push that was acknowledged is lost by that, and no caller checks. */
#ifndef MEMORY_H
#define MEMORY_H

#include <stddef.h>

/*
 * To be called once, before there are threads.  Caps malloc's arenas, because our threads free what others allocated,
 * and an arena for each would hoard it.  The memory of a large push goes back to the system.
 */
void memory_init(void);

void *memory_alloc(size_t size) __attribute__((malloc, returns_nonnull, alloc_size(1)));
void *memory_zalloc(size_t size) __attribute__((malloc, returns_nonnull, alloc_size(1)));

/* realloc(3) to count elements of size each.  A product that overflows ends the process. */
void *memory_resize(void *old, size_t count, size_t size) __attribute__((returns_nonnull, alloc_size(2, 3)));

char *memory_strdup(const char *text) __attribute__((malloc, returns_nonnull));

/* NULL is fine, and so is what a slice owns. */
void memory_free(const void *block);

#endif
