/* Group commit: the queue between the threads that carry requests and the writers.  The only mutex on a push's way. */
#include "store/batch.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

/* What one statement carries besides its records is bounded too: a message to PostgreSQL has at most 1 GiB. */
enum { BATCH_BYTES = 64 * 1024 * 1024 };

enum {
	SPOOL_TIME = 500,       /* milliseconds beyond its deadline after which a push is given up */
	LOOK_TIME = 100,        /* milliseconds between two looks for such pushes, while there are any to look at */
};

/*
 * While one writer stores, another takes only what is worth a transaction of its own; the rest is the first one's next
 * batch.  Single pushes would else be stored in twice as many transactions of half the size.
 */
enum {
	SHARE_RECORDS = 256,
	PATIENCE = 3,           /* milliseconds after which anything is worth it: the first one has met something slow */
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

	struct push    *awaited;     /* in no order */
	struct push    *answerable;  /* in the order in which their outcomes came */
	struct push   **answerable_end;
	int             event;       /* an eventfd: something has become answerable */
	int             timer;       /* a timerfd: somebody is to look for what is late */
	int64_t         next_look;   /* clock_monotonic(); 0: the timer does not run */
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
	batch->answerable_end = &batch->answerable;
	batch->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	batch->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (batch->event == -1 || batch->timer == -1)
		log_fatal("cannot serve: %s", strerror(errno));
	return batch;
}

void
batch_free(struct batch *batch)
{
	close(batch->event);
	close(batch->timer);
	pthread_cond_destroy(&batch->arrival);
	pthread_mutex_destroy(&batch->mutex);
	memory_free(batch);
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

/* --- those that wait for an outcome ------------------------------------------------------------------------- */

static void
start_timer(struct batch *batch, int64_t now)
{
	static const struct itimerspec once = { .it_value.tv_nsec = LOOK_TIME * 1000000L };

	batch->next_look = now + LOOK_TIME;
	timerfd_settime(batch->timer, 0, &once, NULL);
}

static void
await(struct batch *batch, struct push *push, int64_t now)
{
	push->awaited = true;
	push->earlier = NULL;
	push->later = batch->awaited;
	if (batch->awaited != NULL)
		batch->awaited->earlier = push;
	batch->awaited = push;
	if (batch->next_look == 0)
		start_timer(batch, now);
}

static void
make_answerable(struct batch *batch, struct push *push, enum outcome outcome)
{
	push->outcome = outcome;
	push->awaited = false;
	if (push->earlier != NULL)
		push->earlier->later = push->later;
	else
		batch->awaited = push->later;
	if (push->later != NULL)
		push->later->earlier = push->earlier;
	push->next = NULL;
	*batch->answerable_end = push;
	batch->answerable_end = &push->next;
}

/* A writer that has one in hand gives up its own hold when it settles. */
static void
give_up_late(struct batch *batch, int64_t now)
{
	struct push *push, *later;

	for (push = batch->awaited; push != NULL; push = later) {
		later = push->later;
		if (now < push->deadline + SPOOL_TIME)
			continue;
		if (withdraw(batch, push))
			push_release(push);
		make_answerable(batch, push, OUTCOME_UNAVAILABLE);
	}
}

void
batch_post(struct batch *batch, struct push *push, int64_t time)
{
	int64_t now = clock_monotonic();
	bool is_first;

	push->deadline = now + time;
	pthread_mutex_lock(&batch->mutex);
	is_first = batch->oldest == NULL;
	await(batch, push, now);
	append(batch, push_hold(push), now);
	/* of the first one that waits a writer has to know even if it is not to take it yet */
	if (is_first || is_worth_taking(batch, now))
		pthread_cond_signal(&batch->arrival);
	pthread_mutex_unlock(&batch->mutex);
}

struct push *
batch_answerable(struct batch *batch)
{
	int64_t now = clock_monotonic();
	struct push *first;

	pthread_mutex_lock(&batch->mutex);
	if (batch->next_look != 0 && now >= batch->next_look) {
		give_up_late(batch, now);
		batch->next_look = 0;
		if (batch->awaited != NULL)
			start_timer(batch, now);
	}
	first = batch->answerable;
	batch->answerable = NULL;
	batch->answerable_end = &batch->answerable;
	pthread_mutex_unlock(&batch->mutex);
	return first;
}

void
batch_descriptors(const struct batch *batch, int descriptors[BATCH_DESCRIPTORS])
{
	descriptors[0] = batch->event;
	descriptors[1] = batch->timer;
}

/* --- the writers' side -------------------------------------------------------------------------------------- */

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

/* Also until what waits is worth taking.  False when the deadline has passed. */
static bool
wait_for_arrival(struct batch *batch, int64_t deadline)
{
	int64_t worth = batch->oldest != NULL ? batch->waiting_since + PATIENCE : deadline;
	int64_t end = worth < deadline ? worth : deadline;
	const struct timespec time = { .tv_sec = end / 1000, .tv_nsec = end % 1000 * 1000000 };

	return pthread_cond_timedwait(&batch->arrival, &batch->mutex, &time) != ETIMEDOUT || end < deadline;
}

int
batch_take(struct batch *batch, struct push **pushes, int room, int64_t time)
{
	int64_t deadline = clock_monotonic() + time;
	int count = 0;

	pthread_mutex_lock(&batch->mutex);
	/* who takes none must not use up the signal that is meant for another */
	while (room > 0 && !is_worth_taking(batch, clock_monotonic()) && !batch->closed && wait_for_arrival(batch, deadline))
		;
	if (batch->oldest == NULL && batch->closed)
		count = BATCH_CLOSED;
	else if (batch->closed || is_worth_taking(batch, clock_monotonic()))
		count = take_oldest(batch, pushes, room);
	pthread_mutex_unlock(&batch->mutex);
	return count;
}

static void
prepend(struct batch *batch, struct push *push)
{
	if (batch->oldest == NULL) {
		batch->waiting_since = clock_monotonic();
		batch->newest_end = &push->next;
	}
	batch->waiting_records += records_of(push);
	push->next = batch->oldest;
	batch->oldest = push;
}

bool
batch_give_back(struct batch *batch, struct push **pushes, int count)
{
	bool open;

	pthread_mutex_lock(&batch->mutex);
	open = !batch->closed;
	if (open) {
		batch->in_hand -= count;
		for (int i = count - 1; i >= 0; i--)
			if (pushes[i]->awaited)
				prepend(batch, pushes[i]);
			else
				push_release(pushes[i]);
		pthread_cond_signal(&batch->arrival);
	}
	pthread_mutex_unlock(&batch->mutex);
	return open;
}

void
batch_settle(struct batch *batch, struct push **pushes, int count, enum outcome outcome)
{
	static const uint64_t one = 1;
	bool answerable = false;

	pthread_mutex_lock(&batch->mutex);
	batch->in_hand -= count;
	for (int i = 0; i < count; i++)
		if (pushes[i]->awaited) {
			make_answerable(batch, pushes[i], outcome);
			answerable = true;
		}
	pthread_mutex_unlock(&batch->mutex);
	/* once for all of them, and who is woken wants the mutex, so it is free by now */
	if (answerable)
		(void)!write(batch->event, &one, sizeof one);
	for (int i = 0; i < count; i++)
		push_release(pushes[i]);
}

void
batch_close(struct batch *batch)
{
	pthread_mutex_lock(&batch->mutex);
	batch->closed = true;
	pthread_cond_broadcast(&batch->arrival);
	pthread_mutex_unlock(&batch->mutex);
}
