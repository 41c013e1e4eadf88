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

/*
 * While one writer stores, another takes only what is worth a transaction of its own; the rest is the first one's next
 * batch.  Single pushes would else be stored in twice as many transactions of half the size.
 */
enum {
	SHARE_RECORDS = 256,
	PATIENCE = 50,          /* milliseconds after which anything is worth it: the first one may hang */
};

struct batch {
	pthread_mutex_t mutex;
	pthread_cond_t  arrival;     /* a push has come, or the end */
	struct push    *oldest;      /* handed in and not yet taken */
	struct push   **newest_end;  /* where the next one is linked */
	size_t          waiting_records;
	int64_t         waiting_since;   /* clock_monotonic() when the first of those that wait came */
	int             in_hand;     /* taken and not yet settled */
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

static size_t
records_of(const struct push *push)
{
	return push->list.record_count + push->list.reject_count;
}

static bool
is_worth_taking(const struct batch *batch, int64_t now)
{
	return batch->oldest != NULL && (batch->in_hand == 0 || batch->waiting_records >= SHARE_RECORDS ||
	    now - batch->waiting_since >= PATIENCE);
}

static void
append(struct batch *batch, struct push *push, int64_t now)
{
	if (batch->oldest == NULL)
		batch->waiting_since = now;
	batch->waiting_records += records_of(push);
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
	batch->waiting_records -= records_of(push);
	if (batch->newest_end == &push->next)
		batch->newest_end = link;
	return true;
}

enum outcome
batch_submit(struct batch *batch, struct push *push, int64_t time)
{
	int64_t now = clock_monotonic();
	enum outcome outcome;

	push->deadline = now + time;
	push->settled = false;
	pthread_mutex_lock(&batch->mutex);
	append(batch, push_hold(push), now);
	if (is_worth_taking(batch, now))
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

/* The oldest pushes, room at most and within the limits.  Gives how many. */
static int
take_oldest(struct batch *batch, struct push **pushes, int room)
{
	size_t records = 0, bytes = 0;
	int count = 0;

	while (batch->oldest != NULL && count < room) {
		struct push *push = batch->oldest;

		records += records_of(push);
		bytes += push->body.length;
		if (count > 0 && !fits(batch, records, bytes))
			break;
		pushes[count++] = push;
		batch->oldest = push->next;
		batch->waiting_records -= records_of(push);
	}
	if (batch->oldest == NULL)
		batch->newest_end = &batch->oldest;
	batch->in_hand += count;
	return count;
}

int
batch_take(struct batch *batch, struct push **pushes, int room, int64_t time)
{
	int64_t deadline = clock_monotonic() + time;
	int count = 0;

	pthread_mutex_lock(&batch->mutex);
	while (!is_worth_taking(batch, clock_monotonic()) && !batch->closed && wait_until(batch, &batch->arrival, deadline))
		;
	if (batch->oldest == NULL && batch->closed)
		count = BATCH_CLOSED;
	else if (batch->closed || is_worth_taking(batch, clock_monotonic()))
		count = take_oldest(batch, pushes, room);
	pthread_mutex_unlock(&batch->mutex);
	return count;
}

void
batch_settle(struct batch *batch, struct push **pushes, int count, enum outcome outcome)
{
	pthread_mutex_lock(&batch->mutex);
	batch->in_hand -= count;
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
