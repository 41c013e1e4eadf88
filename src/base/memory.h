/* Allocation that ends the process when memory does: nothing unacknowledged is lost by that, and no caller checks. */
#ifndef MEMORY_H
#define MEMORY_H

#include <stddef.h>

/*
 * Once, before there are threads.  Caps malloc's arenas: our threads free what other threads allocated, and arenas of
 * single threads would hoard it.  The memory of a large push returns to the system.
 */
void memory_init(void);

void *memory_alloc(size_t size) __attribute__((malloc, returns_nonnull, alloc_size(1)));
void *memory_zalloc(size_t size) __attribute__((malloc, returns_nonnull, alloc_size(1)));

/* Room for count elements of size each; old is given up.  An overflowing product ends the process. */
void *memory_resize(void *old, size_t count, size_t size) __attribute__((returns_nonnull, alloc_size(2, 3)));

char *memory_strdup(const char *text) __attribute__((malloc, returns_nonnull));

/* Also what a slice owns; NULL is fine. */
void memory_free(const void *block);

#endif
