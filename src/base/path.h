/* Paths of files: their folders, locks on these, and the files beside them. */
#ifndef PATH_H
#define PATH_H

#include <glob.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

/* The folder of path: "." without a slash, "/" at the root.  False when it does not fit. */
bool path_folder(char folder[PATH_MAX], const char *path) __attribute__((warn_unused_result));

/*
 * Finds the files whose names are path, which is taken as it is, and an ending that a pattern of glob(7) with braces
 * matches.  False when there is none; otherwise the caller frees found with globfree(3).
 */
bool path_find_beside(const char *path, const char *ending, glob_t *found) __attribute__((warn_unused_result));

/*
 * Locks the folder of path with flock(2), waiting up to timeout milliseconds.  Returns a descriptor; closing it unlocks
 * the folder.  -1, with errno, on failure.
 */
int path_lock_folder(const char *path, int64_t timeout) __attribute__((warn_unused_result));

#endif
