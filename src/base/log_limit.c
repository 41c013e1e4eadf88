/* A line of the log that may repeat. */
#include "base/log_limit.h"

#include <stdatomic.h>

#include "base/clock.h"

bool
log_limit_allows(struct log_limit *limit, int64_t period)
{
	int64_t now = clock_ms(), next = limit->next;

	return now >= next && atomic_compare_exchange_strong(&limit->next, &next, now + period);
}
