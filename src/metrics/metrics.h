/*
 * The metrics, and their text for Prometheus: a table (metrics.def) with one row a series.  Whoever knows a figure sets
 * it, or registers a function that sets it when the text is written.  The metrics ask nobody, and nobody decides by
 * them.
 * All functions are safe in any thread.
 */
#ifndef METRICS_H
#define METRICS_H

#include <stdint.h>
#include <stdio.h>

enum metric {
#define METRIC(symbol, name, labels, type, unit, help) METRIC_##symbol,
#include "metrics/metrics.def"
#undef METRIC
	METRICS
};

/* Adds to a counter. */
void metrics_add(enum metric metric, int64_t difference);

/* Sets a metric.  A gauge that nobody has set is not shown. */
void metrics_set(enum metric metric, int64_t value);

/* Registers collect, to be called before each text is written and to set gauges.  Aborts at the ninth. */
typedef void metrics_collect(void *context);
void metrics_register(metrics_collect *collect, void *context);

/* Forgets what was registered with that context. */
void metrics_unregister(void *context);

/* status: the HTTP status of an answer to a push; duration: microseconds since its request was begun. */
void metrics_count_answer(int status, int64_t duration);

/* Counts a push answered 200 under the name of its token; only the first 256 names are counted. */
void metrics_count_source(const char *source);

/* A transaction that was committed. */
struct metrics_stored {
	int64_t pushes;
	int64_t replayed;       /* of them, those that came from the spool */
	int64_t bad_bodies;     /* of them, those whose body went to quarantine whole */
	int64_t records;        /* of the other pushes: the sum of the next four */
	int64_t inserted;
	int64_t updated;
	int64_t duplicates;
	int64_t quarantined;
	int64_t duration;       /* microseconds from BEGIN to COMMIT */
};

/* Adds all of it at once: no text shows half a transaction. */
void metrics_count_stored(const struct metrics_stored *stored);

/* Writes all of it in the text exposition format, version 0.0.4. */
void metrics_write(FILE *file);

#endif
