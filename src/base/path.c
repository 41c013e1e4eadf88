/* Paths of files. */
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/thread.h"

enum { LOCK_PAUSE = 10 };    /* milliseconds between two tries */

bool
path_folder(char folder[PATH_MAX], const char *path)
{
	const char *slash = strrchr(path, '/');
	int length;

	if (slash == NULL)
		length = snprintf(folder, PATH_MAX, ".");
	else
		length = snprintf(folder, PATH_MAX, "%.*s", slash > path ? (int)(slash - path) : 1, path);
	return length < PATH_MAX;
}

bool
path_find_beside(const char *path, const char *ending, glob_t *found)
{
	char pattern[2 * PATH_MAX + NAME_MAX], *to = pattern;

	for (; *path != '\0' && to < pattern + 2 * PATH_MAX - 1; path++) {
		if (strchr("*?[]{},\\", *path) != NULL)
			*to++ = '\\';
		*to++ = *path;
	}
	snprintf(to, NAME_MAX, "%s", ending);
	return glob(pattern, GLOB_BRACE, NULL, found) == 0;
}

int
path_lock_folder(const char *path, int64_t timeout)
{
	int64_t end = clock_ms() + timeout;
	char folder[PATH_MAX];
	int descriptor;

	if (!path_folder(folder, path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (descriptor != -1 && flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
		if (clock_ms() >= end) {
			close(descriptor);
			errno = EWOULDBLOCK;
			return -1;
		}
		thread_sleep(LOCK_PAUSE);
	}
	return descriptor;
}
