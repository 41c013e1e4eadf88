/* How long to wait before the next try. */
#include "backoff.h"

#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "clock.h"

enum { PAUSE_FIRST = 50, PAUSE_MAX = 1000 };    /* milliseconds */

void
backoff_reset(struct backoff *backoff)
{
	backoff->next = 0;
	backoff->pause = PAUSE_FIRST;
}

/* Half of the pause is left to chance, so that many processes do not come back at one moment. */
static int64_t
jitter(int64_t pause)
{
	uint32_t chance = 0;

	(void)!getrandom(&chance, sizeof chance, GRND_NONBLOCK);
	return pause / 2 + chance % (uint32_t)(pause / 2 + 1);
}

bool
backoff_is_over(struct backoff *backoff)
{
	int64_t now = clock_monotonic();

	if (now < backoff->next)
		return false;
	backoff->next = now + jitter(backoff->pause);
	backoff->pause = 2 * backoff->pause < PAUSE_MAX ? 2 * backoff->pause : PAUSE_MAX;
	return true;
}

bool
backoff_wait(struct backoff *backoff, int64_t deadline)
{
	int64_t wait = backoff->next - clock_monotonic();

	if (backoff->next >= deadline || clock_monotonic() >= deadline)
		return false;
	if (wait > 0)
		nanosleep(&(struct timespec){ .tv_sec = wait / 1000, .tv_nsec = wait % 1000 * 1000000 }, NULL);
	return backoff_is_over(backoff);
}
