/*
 * Preloaded into the worker: makes every FAILING_EVERY-th call named by FAILING_CALL (sync or write) fail, where it
 * concerns the file that FAILING_PATH is part of the name of.  A failed write leaves half of what it should have
 * written.  FAILING_CALL hang: what syncs does not come back.  FAILING_WHILE: only as long as this file is there.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_int calls;

static int
fails(const char *call, int descriptor)
{
	const char *wanted = getenv("FAILING_CALL"), *path = getenv("FAILING_PATH"), *every = getenv("FAILING_EVERY");
	const char *flag = getenv("FAILING_WHILE");
	char link[64], name[4096];
	ssize_t length;

	if (wanted == NULL || path == NULL || every == NULL || strcmp(wanted, call) != 0 ||
	    (flag != NULL && access(flag, F_OK) != 0))
		return 0;
	snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
	length = readlink(link, name, sizeof name - 1);
	if (length < 0)
		return 0;
	name[length] = '\0';
	return strstr(name, path) != NULL && ++calls % atoi(every) == 0;
}

static void
hang(int descriptor)
{
	while (fails("hang", descriptor))
		usleep(10000);
}

int
fsync(int descriptor)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");

	hang(descriptor);
	if (fails("sync", descriptor)) {
		errno = EIO;
		return -1;
	}
	return real(descriptor);
}

int
fdatasync(int descriptor)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");

	hang(descriptor);
	if (fails("sync", descriptor)) {
		errno = EIO;
		return -1;
	}
	return real(descriptor);
}

ssize_t
pwrite64(int descriptor, const void *bytes, size_t length, off64_t at)
{
	ssize_t (*real)(int, const void *, size_t, off64_t) =
	    (ssize_t (*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");

	if (fails("write", descriptor)) {
		real(descriptor, bytes, length / 2, at);
		errno = EIO;
		return -1;
	}
	return real(descriptor, bytes, length, at);
}

ssize_t
pwrite(int descriptor, const void *bytes, size_t length, off_t at)
{
	return pwrite64(descriptor, bytes, length, at);
}
