/* Paths of files: their folders, and locks on these. */
#ifndef PATH_H
#define PATH_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

/* The folder of path: "." without a slash, "/" at the root.  False when it does not fit. */
bool path_folder(char folder[PATH_MAX], const char *path) __attribute__((warn_unused_result));

/*
 * Locks the folder of path with flock(2), waiting up to timeout milliseconds.  Returns a descriptor; closing it unlocks
 * the folder.  -1, with errno, on failure.
 */
int path_lock_folder(const char *path, int64_t timeout) __attribute__((warn_unused_result));

#endif
