/*
 * Group commit: threads hand in pushes; a writer takes all that wait, stores them together and settles each.  While it
 * commits, the next batch gathers, so no timer is needed.  Nobody waits for a single push: what is settled is done, a
 * whole batch at a time.  All functions are safe in any thread.
 */
#ifndef QUEUE_H
#define QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "push/outcome.h"
#include "push/push.h"

struct queue;

enum { QUEUE_SPOOL_TIME = 500 };   /* milliseconds beyond its deadline after which a push is given up */

/* A batch holds at most record_limit records, unless its first push alone holds more. */
struct queue *queue_new(size_t record_limit);
void queue_free(struct queue *queue);

/*
 * Hands the push in, with the caller's reference to it; it comes back as done.  The database is given timeout_ms.  The
 * queue is bounded by how many the callers have in flight.
 */
void queue_post(struct queue *queue, struct push *push, int64_t timeout_ms);

/*
 * The pushes whose outcome has been found since the last call, linked by next, each with the reference it was posted
 * with; NULL: none.  A push has one when it is settled, or QUEUE_SPOOL_TIME after its deadline, so that a writer can
 * still spool it; then it is OUTCOME_UNAVAILABLE.
 */
struct push *queue_done(struct queue *queue) __attribute__((warn_unused_result));

/* One descriptor, the queue's own, that is readable while queue_done() is to be called, which drains it. */
int queue_descriptor(const struct queue *queue);

enum { QUEUE_CLOSED = -1 };

/*
 * Waits up to timeout_ms for pushes and takes those that have waited longest into pushes, capacity at most.  Returns
 * how many, 0 when none came, QUEUE_CLOSED when none will come any more.  The taker has a reference to each until it
 * settles it.  While others are in flight, a few pushes are left for a moment to the writer that has those.
 */
int queue_take(struct queue *queue, struct push **pushes, int capacity, int64_t timeout_ms)
    __attribute__((warn_unused_result));

/* The pushes are done, unless they have been given up meanwhile; the references to them are the queue's again. */
void queue_settle(struct queue *queue, struct push **pushes, int count, enum outcome outcome);

/* No more pushes will come; those that wait are still taken. */
void queue_close(struct queue *queue);

#endif
