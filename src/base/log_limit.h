/* A line of the log that may repeat, and is logged once in a while only: a flood in an outage is itself an outage. */
#ifndef LOG_LIMIT_H
#define LOG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

/* One for each line; {0} at first. */
struct log_limit {
	_Atomic int64_t next;    /* clock_ms() from which the line may be logged again */
};

/* True once in period milliseconds; false in between.  Safe in any thread. */
bool log_limit_allows(struct log_limit *limit, int64_t period) __attribute__((warn_unused_result));

#endif
