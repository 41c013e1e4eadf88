/*
 * What is counted, and its text for Prometheus.  What comes with every push costs a few atomic additions; what comes with
 * every transaction is added under one lock, so that no scrape sees half of it.  All functions are safe in any thread.
 */
#ifndef METRICS_H
#define METRICS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "spool/spool.h"

/* status: the HTTP status of an answer to a push; time: microseconds since its request was begun. */
void metrics_count_answer(int status, int64_t time);
void metrics_count_unwritten_answer(void);

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
	int64_t time;           /* microseconds from BEGIN to COMMIT */
};

void metrics_count_stored(const struct metrics_stored *stored);

/* Pushes went to the spool. */
void metrics_count_spooled(int count);

/* The spool whose depth is shown, and its largest size in bytes; NULL: none. */
void metrics_set_spool(struct spool *spool, int64_t max_size);

/* A writer has gained or lost its connection to the database. */
void metrics_add_connection(int difference);

/* Whether there is a spool and it is well. */
bool metrics_spool_is_well(void);

/* Whether some writer stands with the database. */
bool metrics_database_is_up(void);

/* The text exposition format, version 0.0.4. */
void metrics_write(FILE *file);

#endif
