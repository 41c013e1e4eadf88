/* Finds the records that the database refuses, so that a bad one costs no good one. */
#ifndef BISECT_H
#define BISECT_H

#include <stdint.h>

#include "db/db.h"
#include "push/fold.h"
#include "push/push.h"

enum { BISECT_UNFINISHED = -1 };

/*
 * Finds, by halving, the records of the push that the database refuses, and makes them rejects of the push.  Stores
 * nothing.  Uses fold, and db until the deadline (clock_ms, ms).  Returns how many it has found, even if the connection
 * or the time did not last for all; BISECT_UNFINISHED if it had found none by then.
 */
int bisect_refused(struct db *db, struct fold *fold, struct push *push, int64_t deadline)
    __attribute__((warn_unused_result));

#endif
