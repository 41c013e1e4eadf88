/* What is logged of an outage of the database. */
#include "db/outage.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

enum {
	CAUSES_AT_ONCE = 5,     /* new causes that are logged as they come */
	PAUSE = 10 * 1000,      /* milliseconds between those after them, and between two short outages of one cause */
	SHORT = 1000,           /* milliseconds that a short outage lasts at most */
};

static void
start(struct outage *outage, const char *cause, int64_t now)
{
	outage->away = true;
	outage->since = now;
	outage->causes_logged = 0;
	outage->folded = strcmp(cause, outage->cause) == 0 && now - outage->last_end < PAUSE;
}

static bool
is_news(const struct outage *outage, const char *cause, int64_t now)
{
	if (outage->causes_logged == 0)
		return !outage->folded || now - outage->since > SHORT;
	return strcmp(cause, outage->cause) != 0 &&
	    (outage->causes_logged < CAUSES_AT_ONCE || now - outage->last_logged >= PAUSE);
}

void
outage_note(struct outage *outage, const char *cause, int64_t now)
{
	if (!outage->away)
		start(outage, cause, now);
	if (!is_news(outage, cause, now))
		return;
	log_error("database: unavailable, pushes go to the spool: %s", cause);
	outage->causes_logged++;
	outage->last_logged = now;
	snprintf(outage->cause, sizeof outage->cause, "%s", cause);
}

void
outage_count_spooled(struct outage *outage, int count)
{
	outage->spooled += count;
}

void
outage_end(struct outage *outage, int64_t now)
{
	if (outage->away && outage->causes_logged > 0) {
		log_info("database: available again after_ms=%lld spooled=%lld", (long long)(now - outage->since),
		    (long long)outage->spooled);
		outage->last_end = now;
	}
	outage->away = false;
	outage->spooled = 0;
}
