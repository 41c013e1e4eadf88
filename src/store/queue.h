/*
 * The queue between the threads that carry requests and the writers, for group commit: threads post pushes; a writer
 * takes all that wait, stores them together and settles them.  While it commits, the next batch gathers, so no timer is
 * needed.  No thread waits for its push: whoever is free takes those that are done.  All functions are safe in any
 * thread.
 */
#ifndef QUEUE_H
#define QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "push/outcome.h"
#include "push/push.h"

struct queue;

enum { QUEUE_SPOOL_TIME = 500 };   /* milliseconds beyond its deadline that a writer still has to spool a push */

/* A batch holds at most record_limit records, unless its first push alone holds more. */
struct queue *queue_new(size_t record_limit);
void queue_free(struct queue *queue);

/*
 * Hands in the push and the caller's reference to it; both come back from queue_done().  Its deadline is timeout_ms
 * from now.  Only the callers bound how many are in the queue.
 */
void queue_post(struct queue *queue, struct push *push, int64_t timeout_ms);

/*
 * The pushes that got their outcome since the last call, linked by next, each with the reference it was posted with;
 * NULL: none.  A push gets it when it is settled, or else, OUTCOME_UNAVAILABLE, at QUEUE_SPOOL_TIME after its deadline,
 * and once more as long when this process was stopped meanwhile.
 */
struct push *queue_done(struct queue *queue) __attribute__((warn_unused_result));

/* The queue's own descriptor: readable while queue_done(), which drains it, is to be called. */
int queue_descriptor(const struct queue *queue);

enum { QUEUE_CLOSED = -1 };

/*
 * Waits up to timeout_ms for pushes, and takes at most capacity of those that have waited longest.  Returns how many; 0
 * when none came; QUEUE_CLOSED when none will come any more.  The taker has a reference to each until it settles it.
 * While another writer has pushes in flight, a few new ones are left to it for a moment.
 */
int queue_take(struct queue *queue, struct push **pushes, int capacity, int64_t timeout_ms)
    __attribute__((warn_unused_result));

/* Gives pushes that were taken their outcome, unless they got one meanwhile, and their references back to the queue. */
void queue_settle(struct queue *queue, struct push **pushes, int count, enum outcome outcome);

/* No more pushes will come; those that wait are still taken. */
void queue_close(struct queue *queue);

#endif
