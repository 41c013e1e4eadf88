/* What is told of the database while it is away. */
#include "outage.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "log.h"

enum {
	REASON_SIZE = 512,
	NEWS_AT_ONCE = 5,           /* reasons of one outage that are said as they come */
	NEWS_PAUSE = 10 * 1000,     /* milliseconds between those after them */
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static bool away;
static int told;                /* reasons of this outage */
static int64_t since, last_said;
static long long spooled;
static char last_reason[REASON_SIZE];

void
outage_note(const char *reason)
{
	int64_t now = clock_monotonic();
	bool news;

	pthread_mutex_lock(&mutex);
	if (!away) {
		since = now;
		told = 0;
	}
	news = !away || (strcmp(reason, last_reason) != 0 && (told < NEWS_AT_ONCE || now - last_said >= NEWS_PAUSE));
	away = true;
	if (news) {
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
	if (away)
		log_info("database: it takes pushes again, after %lld ms; %lld pushes were spooled",
		    (long long)(clock_monotonic() - since), spooled);
	away = false;
	spooled = 0;
	pthread_mutex_unlock(&mutex);
}
