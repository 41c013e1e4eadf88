/*
 * Built into the library under ThreadSanitizer, which knows pthread_mutex_timedlock, but not this one: tried again and
 * again until its time, by means of what it does know.
 */
#include <errno.h>
#include <pthread.h>
#include <time.h>

int
pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock, const struct timespec *end)
{
	struct timespec now;

	while (pthread_mutex_trylock(mutex) != 0) {
		clock_gettime(clock, &now);
		if (now.tv_sec > end->tv_sec || (now.tv_sec == end->tv_sec && now.tv_nsec >= end->tv_nsec))
			return ETIMEDOUT;
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	return 0;
}
