/*
 * Group commit: threads hand in one push each and wait; a writer takes all that wait, stores them together and settles
 * each.  While it commits, the next batch gathers, so no timer is needed.
 */
#ifndef BATCH_H
#define BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "outcome.h"
#include "push.h"

struct batch;

/* A batch taken holds at most record_limit records, unless its first push alone holds more. */
struct batch *batch_new(size_t record_limit);
void batch_free(struct batch *batch);

/*
 * Hands the push in and waits until it is settled; a little beyond time milliseconds, which the database is given, so
 * that the spool has its chance; then OUTCOME_UNAVAILABLE.  The queue is bounded by the number of threads that call
 * this, since each waits here for its own push.
 */
enum outcome batch_submit(struct batch *batch, struct push *push, int64_t time);

enum { BATCH_CLOSED = -1 };

/*
 * Waits up to time milliseconds for pushes and takes those that have waited longest into pushes, room at most.  Gives
 * how many, 0 when none came, BATCH_CLOSED when none will come any more.  Each is held for the taker until settled.
 * While others are in hand, a few pushes are left for a moment to him who has those.
 */
int batch_take(struct batch *batch, struct push **pushes, int room, int64_t time);

/* Tells each waiting thread how its push ended, and gives up the hold. */
void batch_settle(struct batch *batch, struct push **pushes, int count, enum outcome outcome);

/* No push comes any more; what waits is still taken. */
void batch_close(struct batch *batch);

#endif
