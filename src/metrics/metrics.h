/*
 * What is counted, and its text for Prometheus: a table (metrics.def), one row a series.  Those who know tell it, or
 * register a function that tells it when it is asked; it asks nobody, and nobody decides by it.  All functions are
 * safe in any thread.
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

/* Adds to a counter, or to a gauge. */
void metrics_add(enum metric metric, int64_t difference);

/* Sets a gauge.  A gauge that nobody has set is not shown. */
void metrics_set(enum metric metric, int64_t value);

/* Has collect called before each text is written, for gauges that are read when they are asked for; a few at most. */
typedef void metrics_collect(void *context);
void metrics_register(metrics_collect *collect, void *context);

/* Forgets what was registered with that context. */
void metrics_unregister(void *context);

/* status: the HTTP status of an answer to a push; duration: microseconds since its request was begun. */
void metrics_count_answer(int status, int64_t duration);

/* A push that came by the token of that name was answered 200.  A few hundred names at most are told apart. */
void metrics_count_source(const char *source);

/* One transaction that is committed. */
struct metrics_stored {
	int64_t pushes;
	int64_t replayed;       /* of them, those that came from the spool */
	int64_t bad_bodies;     /* of them, those whose body went to quarantine whole */
	int64_t records;        /* of the other pushes: as many as the four below make together */
	int64_t inserted;
	int64_t updated;
	int64_t duplicates;
	int64_t quarantined;
	int64_t duration;       /* microseconds from BEGIN to COMMIT */
};

/* Adds all of it at once, so that no text shows half a transaction. */
void metrics_count_stored(const struct metrics_stored *stored);

/* The text exposition format, version 0.0.4. */
void metrics_write(FILE *file);

#endif
