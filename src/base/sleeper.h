/* The sleep of a thread that has nothing to do for a while, from which others can wake it. */
#ifndef SLEEPER_H
#define SLEEPER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct sleeper {
	pthread_mutex_t mutex;
	pthread_cond_t  woken;
	bool            wake;
};

void sleeper_init(struct sleeper *sleeper);
void sleeper_destroy(struct sleeper *sleeper);

/* Sleeps for that long, or until it is woken; not at all when it was woken since the last sleep. */
void sleeper_sleep(struct sleeper *sleeper, int64_t milliseconds);

/* Safe in any thread. */
void sleeper_wake(struct sleeper *sleeper);

#endif
