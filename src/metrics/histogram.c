/* Observations counted in buckets, as Prometheus has it. */
#include "metrics/histogram.h"

#include <inttypes.h>

void
histogram_observe(struct histogram *histogram, int64_t value)
{
	int bucket = 0;

	while (histogram->bounds[bucket] != 0 && value > histogram->bounds[bucket])
		bucket++;
	atomic_fetch_add_explicit(&histogram->counts[bucket], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&histogram->sum, value, memory_order_relaxed);
}

void
histogram_write(FILE *file, struct histogram *histogram)
{
	double unit = (double)histogram->unit;
	int64_t count = 0;
	int bucket = 0;

	fprintf(file, "# HELP %s %s\n# TYPE %s histogram\n", histogram->name, histogram->help, histogram->name);
	for (; histogram->bounds[bucket] != 0; bucket++) {
		count += histogram->counts[bucket];
		fprintf(file, "%s_bucket{le=\"%.9g\"} %" PRId64 "\n", histogram->name,
		    (double)histogram->bounds[bucket] / unit, count);
	}
	count += histogram->counts[bucket];
	fprintf(file, "%s_bucket{le=\"+Inf\"} %" PRId64 "\n", histogram->name, count);
	fprintf(file, "%s_sum %.9g\n", histogram->name, (double)histogram->sum / unit);
	fprintf(file, "%s_count %" PRId64 "\n", histogram->name, count);
}
