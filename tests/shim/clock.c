/*
 * Preloaded into the worker: its clock is ahead by the seconds that the file CLOCK_FILE holds (a number of 64 bits),
 * from the moment they are written there.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *ahead;

__attribute__((constructor)) static void
start(void)
{
	const char *path = getenv("CLOCK_FILE");
	int descriptor = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	void *map = MAP_FAILED;

	if (descriptor >= 0) {
		map = mmap(NULL, sizeof *ahead, PROT_READ, MAP_SHARED, descriptor, 0);
		close(descriptor);
	}
	if (map != MAP_FAILED)
		ahead = map;
}

int
clock_gettime(clockid_t clock, struct timespec *now)
{
	int result = (int)syscall(SYS_clock_gettime, clock, now);

	if (clock == CLOCK_REALTIME && ahead != NULL)
		now->tv_sec += *ahead;
	return result;
}
