/* How long to wait before the next try: short at first, then longer, up to a cap, and never in step with others. */
#ifndef BACKOFF_H
#define BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

struct backoff {
	int64_t next;    /* clock_ms() of the next try; 0: at once */
	int64_t pause;   /* milliseconds before the one after it, jitter left out */
	int64_t most;    /* milliseconds that pause grows to */
};

void backoff_init(struct backoff *backoff, int64_t most);

/* All is well: the next try is made at once. */
void backoff_reset(struct backoff *backoff);

/* Whether a try is due.  If so it counts as made. */
bool backoff_is_over(struct backoff *backoff);

#endif
