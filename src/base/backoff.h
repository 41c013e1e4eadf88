/* The pause before the next try: short at first, doubling up to a cap, with jitter. */
#ifndef BACKOFF_H
#define BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

struct backoff {
	int64_t next;    /* clock_ms() of the next try; 0: at once */
	int64_t pause;   /* milliseconds from that try to the one after it, without jitter */
	int64_t most;    /* the cap of pause */
};

/* most: milliseconds. */
void backoff_init(struct backoff *backoff, int64_t most);

/* After a success: the next try is due at once. */
void backoff_reset(struct backoff *backoff);

/* Whether a try is due; if so, it counts as made. */
bool backoff_allows(struct backoff *backoff) __attribute__((warn_unused_result));

#endif
