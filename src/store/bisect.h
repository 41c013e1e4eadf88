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
 * nothing.  Overwrites fold, and works on db until the deadline (clock_ms, ms).  Sets *found to the number of records
 * found.  False if the connection broke or the time ran out before all were tried.
 */
bool bisect_refused(struct db *db, struct fold *fold, struct push *push, int64_t deadline, int *found)
    __attribute__((warn_unused_result));

#endif
