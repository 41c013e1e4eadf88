/* The replay: stores the pushes of the spool in the database, oldest first, and deletes each only after its commit. */
#ifndef REPLAY_H
#define REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "db/pool.h"
#include "spool/spool.h"

struct replay;

/* Starts its thread, which borrows connections from the pool.  Pool and spool must outlive it. */
struct replay *replay_start(struct pool *pool, struct spool *spool);

/*
 * Stops the thread at the time at (clock_ms, ms), or earlier once the spool is empty, and frees it.  False, logged,
 * when the thread does not end, because the spool's disk hangs: it then uses pool and spool until the process ends.
 */
bool replay_stop(struct replay *replay, int64_t at) __attribute__((warn_unused_result));

#endif
