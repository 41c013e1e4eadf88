/* Observations counted in buckets, as Prometheus has it.  Counting takes no lock. */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

enum { HISTOGRAM_BUCKETS = 16 };

struct histogram {
	const char    *name;
	const char    *help;
	int64_t        unit;                             /* observed units in one of the metric's */
	const int64_t *bounds;                           /* rising, then 0; at most HISTOGRAM_BUCKETS */
	_Atomic int64_t counts[HISTOGRAM_BUCKETS + 1];   /* of each bucket alone, then of all above the bounds */
	_Atomic int64_t sum;
};

/* Safe in any thread. */
void histogram_observe(struct histogram *histogram, int64_t value);

/* Writes it.  The count is always the sum of the buckets that are written, whatever is observed meanwhile. */
void histogram_write(FILE *file, struct histogram *histogram);

#endif
