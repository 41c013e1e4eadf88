/* Threads that take no signals. */
#include "base/thread.h"

#include <signal.h>
#include <time.h>

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
