/* What is told of the database while it is away. */
#include "db/outage.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

enum {
	REASON_SIZE = 512,
	NEWS_AT_ONCE = 5,           /* reasons of one outage that are said as they come */
	NEWS_PAUSE = 10 * 1000,     /* milliseconds between those after them, and between two brief outages alike */
	BRIEF = 1000,               /* milliseconds that a brief outage lasts at most */
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static bool away;
static bool folded;             /* a brief outage like this one has just been told */
static int told;                /* reasons of this outage */
static int64_t since, last_said, last_end;
static long long spooled;
static char last_reason[REASON_SIZE];

static void
begin(const char *reason, int64_t now)
{
	away = true;
	since = now;
	told = 0;
	folded = strcmp(reason, last_reason) == 0 && now - last_end < NEWS_PAUSE;
}

static bool
is_news(const char *reason, int64_t now)
{
	if (told == 0)
		return !folded || now - since > BRIEF;
	return strcmp(reason, last_reason) != 0 && (told < NEWS_AT_ONCE || now - last_said >= NEWS_PAUSE);
}

void
outage_note(const char *reason)
{
	int64_t now = clock_monotonic();

	pthread_mutex_lock(&mutex);
	if (!away)
		begin(reason, now);
	if (is_news(reason, now)) {
		told++;
		log_error("database: %s", reason);
		last_said = now;
		snprintf(last_reason, sizeof last_reason, "%s", reason);
	}
	pthread_mutex_unlock(&mutex);
}

void
outage_count_spooled(int count)
{
	pthread_mutex_lock(&mutex);
	spooled += count;
	pthread_mutex_unlock(&mutex);
}

void
outage_end(void)
{
	pthread_mutex_lock(&mutex);
	if (away && told > 0) {
		last_end = clock_monotonic();
		log_info("database: it takes pushes again after_ms=%lld spooled=%lld",
		    (long long)(last_end - since), spooled);
	}
	away = false;
	spooled = 0;
	pthread_mutex_unlock(&mutex);
}
