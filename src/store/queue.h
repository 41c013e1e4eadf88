/*
 * The queue between the threads that carry requests and the writers, for group commit: threads post pushes; a writer
 * takes all that wait, stores them together and settles them.  While it commits, the next batch gathers, so no timer is
 * needed.  Whoever is free takes those that are done.  All functions are safe in any thread.
 */
#ifndef QUEUE_H
#define QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "push/outcome.h"
#include "push/push.h"

struct queue;

enum { QUEUE_SPOOL_TIME = 500 };   /* milliseconds after a push's deadline in which a writer may still spool it */

/* A batch holds at most record_limit records, unless its first push alone holds more. */
struct queue *queue_new(size_t record_limit);
void queue_free(struct queue *queue);

/*
 * Posts the push with the caller's reference; queue_done() gives it back.  Sets the push's deadline to timeout_ms from
 * now.  The queue has no limit of its own: the callers bound how many pushes are in it.
 *
 * True, only with may_keep: pushes come one at a time, no other waits or is in flight, and the caller has this one like
 * one from queue_take().  So no thread has to be woken to store it, and none to answer it: the caller settles it, and
 * then calls queue_done().
 */
bool queue_post(struct queue *queue, struct push *push, int64_t timeout_ms, bool may_keep)
    __attribute__((warn_unused_result));

/*
 * Returns the pushes that got their outcome since the last call, linked by next, each with the reference it was posted
 * with; NULL when there are none.  A push that no writer settles gets OUTCOME_UNAVAILABLE at QUEUE_SPOOL_TIME after its
 * deadline, and that much later again if this process was stopped meanwhile.
 */
struct push *queue_done(struct queue *queue) __attribute__((warn_unused_result));

/* A descriptor of the queue's own, readable while there is work for queue_done(), which drains it. */
int queue_descriptor(const struct queue *queue);

enum { QUEUE_CLOSED = -1 };

/*
 * Waits up to timeout_ms for pushes, and takes at most capacity of those that have waited longest.  Returns how many; 0
 * when none came; QUEUE_CLOSED when none will come any more.  The taker has a reference to each until it settles it.
 * While another writer has pushes in flight, a few new ones are left to it for a moment.
 */
int queue_take(struct queue *queue, struct push **pushes, int capacity, int64_t timeout_ms)
    __attribute__((warn_unused_result));

/* Sets the outcome of pushes that were taken or kept, unless they got one meanwhile; gives their references back. */
void queue_settle(struct queue *queue, struct push **pushes, int count, enum outcome outcome);

/* No more pushes will come; those that wait are still taken. */
void queue_close(struct queue *queue);

#endif
