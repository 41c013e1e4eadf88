/* Paths of files: the folder of one, and a lock on it. */
#ifndef PATH_H
#define PATH_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

/* The folder that path lies in: "." without a slash, "/" at the root.  False when it is longer than PATH_MAX. */
bool path_folder(char folder[PATH_MAX], const char *path) __attribute__((warn_unused_result));

/*
 * Locks the folder that path lies in against other processes that lock it (flock), waiting up to timeout milliseconds.
 * The descriptor that holds the lock, to be closed; -1, with errno, when it cannot be had.
 */
int path_lock_folder(const char *path, int64_t timeout) __attribute__((warn_unused_result));

#endif
