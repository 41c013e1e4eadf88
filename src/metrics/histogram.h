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
	int64_t        unit;                             /* observations in one of the metric's unit */
	const int64_t *bounds;                           /* rising, the last one 0; no more than buckets */
	_Atomic int64_t counts[HISTOGRAM_BUCKETS + 1];   /* each bucket by itself; behind the last bound the rest */
	_Atomic int64_t sum;
};

/* Safe in any thread. */
void histogram_observe(struct histogram *histogram, int64_t value);

/* Its count is that of its buckets, whatever is observed meanwhile. */
void histogram_write(FILE *file, struct histogram *histogram);

#endif
