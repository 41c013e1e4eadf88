/* Threads that take no signals, and what threads wait with. */
#include "base/thread.h"

#include <errno.h>
#include <signal.h>

#include "base/log.h"

pthread_t
thread_start(void *(*function)(void *), void *argument, const char *what)
{
	pthread_t thread;
	sigset_t all, before;

	/* a thread inherits the mask of the one that starts it */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&thread, NULL, function, argument) != 0)
		log_fatal("cannot start %s", what);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return thread;
}

void
thread_cond_init(pthread_cond_t *condition)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

struct timespec
thread_timespec(int64_t milliseconds)
{
	return (struct timespec){ .tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000 };
}

bool
thread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t deadline)
{
	struct timespec end = thread_timespec(deadline);

	return pthread_cond_timedwait(condition, mutex, &end) != ETIMEDOUT;
}

void
thread_sleep(int64_t milliseconds)
{
	struct timespec time = thread_timespec(milliseconds);

	nanosleep(&time, NULL);
}
