/* Finds the records that the database refuses, so that a bad one costs no good one. */
#ifndef BISECT_H
#define BISECT_H

#include <stdbool.h>
#include <stdint.h>

#include "db/db.h"
#include "push/fold.h"
#include "push/push.h"

/*
 * Finds, by halving, the records of the push that the database refuses, and makes them rejects of the push.  Stores
 * nothing.  Uses fold, and db until the deadline (clock_ms, ms).  False if the connection or the time did not last for
 * all; *found is how many it has found by then.
 */
bool bisect_refused(struct db *db, struct fold *fold, struct push *push, int64_t deadline, int *found)
    __attribute__((warn_unused_result));

#endif
