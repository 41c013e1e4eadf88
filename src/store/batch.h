/*
 * Group commit: threads hand in pushes; a writer takes all that wait, stores them together and settles each.  While it
 * commits, the next batch gathers, so no timer is needed.  Nobody waits for a single push: what is settled becomes
 * answerable, a whole batch at a time.
 */
#ifndef BATCH_H
#define BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "push/outcome.h"
#include "push/push.h"

struct batch;

/* A batch taken holds at most record_limit records, unless its first push alone holds more. */
struct batch *batch_new(size_t record_limit);
void batch_free(struct batch *batch);

/*
 * Hands the push in, with the caller's hold on it; it comes back as answerable.  The database is given time
 * milliseconds.  The queue is bounded by how many the callers have in hand.
 */
void batch_post(struct batch *batch, struct push *push, int64_t time);

/*
 * The pushes whose outcome has been found since the last call, linked by next, each with the hold it was posted with;
 * NULL: none.  That is so when they are settled, or a little beyond their deadline, so that the spool has its chance;
 * then it is OUTCOME_UNAVAILABLE.
 */
struct push *batch_answerable(struct batch *batch);

/*
 * Two descriptors, either of which is readable when batch_answerable() is to be called.  Eight bytes are to be read from
 * one that is, before the call.  They are the batch's own, and nonblocking.
 */
enum { BATCH_DESCRIPTORS = 2 };
void batch_descriptors(const struct batch *batch, int descriptors[BATCH_DESCRIPTORS]);

enum { BATCH_CLOSED = -1 };

/*
 * Waits up to time milliseconds for pushes and takes those that have waited longest into pushes, room at most.  Gives
 * how many, 0 when none came, BATCH_CLOSED when none will come any more.  Each is held for the taker until settled.
 * While others are in hand, a few pushes are left for a moment to him who has those.  With room 0 it only says at once
 * whether any will come.
 */
int batch_take(struct batch *batch, struct push **pushes, int room, int64_t time);

/*
 * Gives pushes that were taken back to the others who take, in front of those that wait, with the hold on them.  False
 * when the queue is closed: nobody else may come for them, and they are still the taker's.
 */
bool batch_give_back(struct batch *batch, struct push **pushes, int count);

/* Makes the pushes answerable, unless they have been given up meanwhile, and gives up the hold. */
void batch_settle(struct batch *batch, struct push **pushes, int count, enum outcome outcome);

/* No push comes any more; what waits is still taken. */
void batch_close(struct batch *batch);

#endif
