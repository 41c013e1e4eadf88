/* The sleep of a thread, from which others can wake it. */
#include "base/sleeper.h"

#include "base/clock.h"
#include "base/thread.h"

void
sleeper_init(struct sleeper *sleeper)
{
	pthread_mutex_init(&sleeper->mutex, NULL);
	thread_cond_init(&sleeper->woken);
	sleeper->wake = false;
}

void
sleeper_destroy(struct sleeper *sleeper)
{
	pthread_cond_destroy(&sleeper->woken);
	pthread_mutex_destroy(&sleeper->mutex);
}

void
sleeper_sleep(struct sleeper *sleeper, int64_t milliseconds)
{
	int64_t end = clock_ms() + milliseconds;

	pthread_mutex_lock(&sleeper->mutex);
	while (!sleeper->wake && thread_cond_wait(&sleeper->woken, &sleeper->mutex, end))
		;
	sleeper->wake = false;
	pthread_mutex_unlock(&sleeper->mutex);
}

void
sleeper_wake(struct sleeper *sleeper)
{
	pthread_mutex_lock(&sleeper->mutex);
	sleeper->wake = true;
	pthread_cond_signal(&sleeper->woken);
	pthread_mutex_unlock(&sleeper->mutex);
}
