/* Finding the records that the database refuses, so that a bad one costs no good one. */
#ifndef BISECT_H
#define BISECT_H

#include <stdint.h>

#include "db/db.h"
#include "push/fold.h"
#include "push/push.h"

enum { BISECT_UNFINISHED = -1 };

/*
 * Looks by halving for the records of the push that the database refuses, and makes them rejects of it.  Everything
 * tried is taken back.  Returns how many were found, also when the connection or the time did not last for all;
 * BISECT_UNFINISHED when none was found by then.  fold is used for the search.
 */
int bisect_refused(struct db *db, struct fold *fold, struct push *push, int64_t deadline)
    __attribute__((warn_unused_result));

#endif
