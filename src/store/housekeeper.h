/*
 * The housekeeper: has the database fold the tally's journal and make the months ahead, in a thread and on a connection
 * of its own, so that no push waits for it.  It logs and counts failures.
 */
#ifndef HOUSEKEEPER_H
#define HOUSEKEEPER_H

#include <stdint.h>

#include "db/pool.h"

struct housekeeper;

/*
 * Starts its thread, which works at once, and then every second while pushes are stored, else every 30.  The pool must
 * outlive it.
 */
struct housekeeper *housekeeper_start(struct pool *pool);

/* Stops the thread at the time at (clock_ms, ms), or earlier once there is nothing to do, and frees it. */
void housekeeper_stop(struct housekeeper *housekeeper, int64_t at);

#endif
