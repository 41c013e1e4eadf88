/* What is counted, and its text for Prometheus.  All functions are safe in any thread. */
#ifndef METRICS_H
#define METRICS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "spool.h"

/* status: the HTTP status of an answer to a push. */
void metrics_count_answer(int status);
void metrics_count_unwritten_answer(void);
void metrics_count_records(int64_t inserted, int64_t updated, int64_t duplicates, int64_t quarantined);

/* Pushes went to the spool. */
void metrics_count_spooled(int count);

/* The spool whose depth is shown; NULL: none. */
void metrics_set_spool(struct spool *spool);

/* A writer has gained or lost its connection to the database. */
void metrics_add_connection(int difference);

/* Whether there is a spool and it is well. */
bool metrics_spool_is_well(void);

/* Whether some writer stands with the database. */
bool metrics_database_is_up(void);

/* The text exposition format, version 0.0.4. */
void metrics_write(FILE *file);

#endif
