/* Group commit: the queue between the threads that carry requests and the writers.  The only mutex on a push's way. */
#include "batch.h"

#include <errno.h>
#include <stdbool.h>
#include <time.h>

#include "clock.h"
#include "memory.h"

/* What one statement carries besides its records is bounded too: a message to PostgreSQL has at most 1 GiB. */
enum { BATCH_BYTES = 64 * 1024 * 1024 };

enum { SPOOL_TIME = 500 };      /* milliseconds */

struct batch {
	pthread_mutex_t mutex;
	pthread_cond_t  arrival;     /* a push has come, or the end */
	struct push    *oldest;      /* handed in and not yet taken */
	struct push   **newest_end;  /* where the next one is linked */
	size_t          record_limit;
	bool            closed;
};

struct batch *
batch_new(size_t record_limit)
{
	struct batch *batch = memory_zalloc(sizeof *batch);
	pthread_condattr_t monotonic;

	pthread_mutex_init(&batch->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&batch->arrival, &monotonic);
	pthread_condattr_destroy(&monotonic);
	batch->newest_end = &batch->oldest;
	batch->record_limit = record_limit;
	return batch;
}

void
batch_free(struct batch *batch)
{
	pthread_cond_destroy(&batch->arrival);
	pthread_mutex_destroy(&batch->mutex);
	memory_free(batch);
}

/* False when the deadline has passed. */
static bool
wait_until(struct batch *batch, pthread_cond_t *condition, int64_t deadline)
{
	struct timespec time = { .tv_sec = deadline / 1000, .tv_nsec = deadline % 1000 * 1000000 };

	return pthread_cond_timedwait(condition, &batch->mutex, &time) != ETIMEDOUT;
}

static void
append(struct batch *batch, struct push *push)
{
	push->next = NULL;
	*batch->newest_end = push;
	batch->newest_end = &push->next;
}

/* Takes back a push that no writer has taken.  False when one has. */
static bool
withdraw(struct batch *batch, struct push *push)
{
	struct push **link = &batch->oldest;

	while (*link != NULL && *link != push)
		link = &(*link)->next;
	if (*link == NULL)
		return false;
	*link = push->next;
	if (batch->newest_end == &push->next)
		batch->newest_end = link;
	return true;
}

enum outcome
batch_submit(struct batch *batch, struct push *push, int64_t time)
{
	enum outcome outcome;

	push->deadline = clock_monotonic() + time;
	push->settled = false;
	pthread_mutex_lock(&batch->mutex);
	append(batch, push_hold(push));
	pthread_cond_signal(&batch->arrival);
	while (!push->settled && wait_until(batch, &push->settling, push->deadline + SPOOL_TIME))
		;
	if (push->settled) {
		outcome = push->outcome;
	} else {
		/* the writer that has it in hand gives up its own hold when it settles */
		outcome = OUTCOME_UNAVAILABLE;
		if (withdraw(batch, push))
			push_release(push);
	}
	pthread_mutex_unlock(&batch->mutex);
	return outcome;
}

static bool
fits(const struct batch *batch, size_t records, size_t bytes)
{
	return records <= batch->record_limit && bytes <= BATCH_BYTES;
}

int
batch_take(struct batch *batch, struct push **pushes, int room, int64_t time)
{
	int64_t deadline = clock_monotonic() + time;
	size_t records = 0, bytes = 0;
	int count = 0;

	pthread_mutex_lock(&batch->mutex);
	while (batch->oldest == NULL && !batch->closed && wait_until(batch, &batch->arrival, deadline))
		;
	if (batch->oldest == NULL && batch->closed)
		count = BATCH_CLOSED;
	while (batch->oldest != NULL && count < room) {
		struct push *push = batch->oldest;

		records += push->list.record_count + push->list.reject_count;
		bytes += push->body.length;
		if (count > 0 && !fits(batch, records, bytes))
			break;
		pushes[count++] = push;
		batch->oldest = push->next;
	}
	if (batch->oldest == NULL)
		batch->newest_end = &batch->oldest;
	pthread_mutex_unlock(&batch->mutex);
	return count;
}

void
batch_settle(struct batch *batch, struct push **pushes, int count, enum outcome outcome)
{
	pthread_mutex_lock(&batch->mutex);
	for (int i = 0; i < count; i++) {
		pushes[i]->outcome = outcome;
		pushes[i]->settled = true;
	}
	pthread_mutex_unlock(&batch->mutex);
	/* who is woken wants the mutex, so it is free by now */
	for (int i = 0; i < count; i++) {
		pthread_cond_signal(&pushes[i]->settling);
		push_release(pushes[i]);
	}
}

void
batch_close(struct batch *batch)
{
	pthread_mutex_lock(&batch->mutex);
	batch->closed = true;
	pthread_cond_broadcast(&batch->arrival);
	pthread_mutex_unlock(&batch->mutex);
}
