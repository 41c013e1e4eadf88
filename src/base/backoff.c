/* The pause before the next try. */
#include "base/backoff.h"

#include <sys/random.h>

#include "base/clock.h"

enum { PAUSE_FIRST = 50 };    /* milliseconds */

void
backoff_init(struct backoff *backoff, int64_t most)
{
	backoff->most = most;
	backoff_reset(backoff);
}

void
backoff_reset(struct backoff *backoff)
{
	backoff->next = 0;
	backoff->pause = PAUSE_FIRST;
}

/* Half of the pause is random, so that many processes do not come back at once. */
static int64_t
jitter(int64_t pause)
{
	uint32_t chance = 0;

	(void)!getrandom(&chance, sizeof chance, GRND_NONBLOCK);
	return pause / 2 + chance % (uint32_t)(pause / 2 + 1);
}

bool
backoff_allows(struct backoff *backoff)
{
	int64_t now = clock_ms();

	if (now < backoff->next)
		return false;
	backoff->next = now + jitter(backoff->pause);
	backoff->pause = 2 * backoff->pause < backoff->most ? 2 * backoff->pause : backoff->most;
	return true;
}
