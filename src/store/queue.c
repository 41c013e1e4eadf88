/* The queue: the line of pushes that wait for a writer, the pushes without an outcome, and those that are done. */
#include "store/queue.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/thread.h"

/* A message to PostgreSQL has at most 1 GiB, and a batch carries more than its records. */
enum { BATCH_BYTES = 64 * 1024 * 1024 };

enum { LOOK_TIME = 100 };       /* milliseconds between two looks for late pushes, while any are pending */

/*
 * While one writer stores, another takes only what is worth a transaction of its own; the rest is the first one's next
 * batch.  Otherwise single pushes would be stored in twice as many transactions of half the size.
 */
enum {
	SHARE_RECORDS = 256,
	PATIENCE = 3,           /* milliseconds after which anything is worth it, since the first writer is slow */
};

struct queue {
	pthread_mutex_t mutex;       /* guards all below; no other lock is taken under it */
	pthread_cond_t  arrival;     /* a push has come, or the end */
	TAILQ_HEAD(, push) line;     /* posted and not yet taken, the oldest first */
	size_t          waiting_records;
	int64_t         waiting_since_ms;   /* clock_ms() when the line was last empty and a push came */
	int             in_flight;   /* taken and not yet settled */
	bool            one_by_one;  /* when the last push was settled, it was alone and none waited */
	size_t          record_limit;
	bool            closed;

	LIST_HEAD(, push) pending;   /* without an outcome yet, in no order */
	struct push    *done;        /* in the order in which their outcomes came */
	struct push   **done_end;
	int             event;       /* an eventfd: something is done */
	int             timer;       /* a timerfd: somebody is to look for late pushes */
	int             descriptor;  /* an epoll set of both: readable when either is */
	int64_t         next_look_ms;   /* clock_ms() when the timer rings; 0: it does not run */
};

static bool
watch(struct queue *queue, int descriptor)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(queue->descriptor, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

struct queue *
queue_new(size_t record_limit)
{
	struct queue *queue = memory_zalloc(sizeof *queue);

	pthread_mutex_init(&queue->mutex, NULL);
	thread_cond_init(&queue->arrival);
	TAILQ_INIT(&queue->line);
	LIST_INIT(&queue->pending);
	queue->record_limit = record_limit;
	queue->one_by_one = true;
	queue->done_end = &queue->done;
	queue->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	queue->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	queue->descriptor = epoll_create1(EPOLL_CLOEXEC);
	if (queue->event == -1 || queue->timer == -1 || !watch(queue, queue->event) || !watch(queue, queue->timer))
		log_fatal("cannot start: %s", strerror(errno));
	return queue;
}

void
queue_free(struct queue *queue)
{
	close(queue->descriptor);
	close(queue->event);
	close(queue->timer);
	pthread_cond_destroy(&queue->arrival);
	pthread_mutex_destroy(&queue->mutex);
	memory_free(queue);
}

static size_t
records_of(const struct push *push)
{
	return push->list.record_count + push->list.reject_count;
}

static bool
is_worth_taking(const struct queue *queue, int64_t now)
{
	return !TAILQ_EMPTY(&queue->line) && (queue->in_flight == 0 || queue->waiting_records >= SHARE_RECORDS ||
	    now - queue->waiting_since_ms >= PATIENCE);
}

static void
append(struct queue *queue, struct push *push, int64_t now)
{
	if (TAILQ_EMPTY(&queue->line))
		queue->waiting_since_ms = now;
	queue->waiting_records += records_of(push);
	push->waiting = true;
	TAILQ_INSERT_TAIL(&queue->line, push, in_line);
}

static void
withdraw(struct queue *queue, struct push *push)
{
	TAILQ_REMOVE(&queue->line, push, in_line);
	push->waiting = false;
	queue->waiting_records -= records_of(push);
}

/* --- those without an outcome ------------------------------------------------------------------------- */

static void
start_timer(struct queue *queue, int64_t now, int64_t after_ms)
{
	const struct itimerspec once = { .it_value = thread_timespec(after_ms) };

	queue->next_look_ms = now + after_ms;
	timerfd_settime(queue->timer, 0, &once, NULL);
}

static void
add_pending(struct queue *queue, struct push *push, int64_t now)
{
	push->pending = true;
	LIST_INSERT_HEAD(&queue->pending, push, among_pending);
	if (queue->next_look_ms == 0)
		start_timer(queue, now, LOOK_TIME);
}

static void
mark_done(struct queue *queue, struct push *push, enum outcome outcome)
{
	push->outcome = outcome;
	push->pending = false;
	LIST_REMOVE(push, among_pending);
	push->next = NULL;
	*queue->done_end = push;
	queue->done_end = &push->next;
}

/* A writer that has a late push in flight gives its own reference up when it settles the push. */
static void
give_up_late(struct queue *queue, int64_t now)
{
	struct push *push, *later;

	for (push = LIST_FIRST(&queue->pending); push != NULL; push = later) {
		later = LIST_NEXT(push, among_pending);
		if (now < push->deadline + QUEUE_SPOOL_TIME)
			continue;
		if (push->waiting) {
			withdraw(queue, push);
			push_unref(push);
		}
		mark_done(queue, push, OUTCOME_UNAVAILABLE);
	}
}

bool
queue_post(struct queue *queue, struct push *push, int64_t timeout_ms, bool may_keep)
{
	int64_t now = clock_ms();
	bool is_first, kept;

	push->deadline = now + timeout_ms;
	pthread_mutex_lock(&queue->mutex);
	is_first = TAILQ_EMPTY(&queue->line);
	/* where several senders push, others follow while a writer wakes, and are stored with the first */
	kept = may_keep && is_first && queue->in_flight == 0 && queue->one_by_one;
	push->kept = kept;
	add_pending(queue, push_ref(push), now);
	if (kept)
		queue->in_flight = 1;
	else
		append(queue, push, now);
	/* the first push wakes a writer even if that must not take it yet: the writer's PATIENCE begins */
	if (!kept && (is_first || is_worth_taking(queue, now)))
		pthread_cond_signal(&queue->arrival);
	pthread_mutex_unlock(&queue->mutex);
	return kept;
}

static void
drain(int descriptor)
{
	uint64_t ignored;

	(void)!read(descriptor, &ignored, sizeof ignored);
}

/*
 * If this look comes far too late, the process was stopped or starved, and the writers with it: they get
 * QUEUE_SPOOL_TIME more before a push is given up.
 */
static void
look_for_late(struct queue *queue)
{
	int64_t now = clock_ms(), due_ms = queue->next_look_ms;
	bool stopped = now - due_ms > QUEUE_SPOOL_TIME;

	if (due_ms == 0 || now < due_ms)
		return;
	drain(queue->timer);
	if (!stopped)
		give_up_late(queue, now);
	queue->next_look_ms = 0;
	if (!LIST_EMPTY(&queue->pending))
		start_timer(queue, now, stopped ? QUEUE_SPOOL_TIME : LOOK_TIME);
}

struct push *
queue_done(struct queue *queue)
{
	struct push *first;

	/* drained first: an outcome that comes later raises the event again */
	drain(queue->event);
	pthread_mutex_lock(&queue->mutex);
	look_for_late(queue);
	first = queue->done;
	queue->done = NULL;
	queue->done_end = &queue->done;
	pthread_mutex_unlock(&queue->mutex);
	return first;
}

int
queue_descriptor(const struct queue *queue)
{
	return queue->descriptor;
}

/* --- the writers' side -------------------------------------------------------------------------------------- */

static bool
fits(const struct queue *queue, size_t records, size_t bytes)
{
	return records <= queue->record_limit && bytes <= BATCH_BYTES;
}

/* A first push that is over the limits by itself is taken all the same. */
static int
take_oldest(struct queue *queue, struct push **pushes, int capacity)
{
	size_t records = 0, bytes = 0;
	struct push *push;
	int count = 0;

	while ((push = TAILQ_FIRST(&queue->line)) != NULL && count < capacity) {
		records += records_of(push);
		bytes += push->body.length;
		if (count > 0 && !fits(queue, records, bytes))
			break;
		pushes[count++] = push;
		withdraw(queue, push);
	}
	queue->in_flight += count;
	return count;
}

/* Waits for a push, or until the pushes in line are worth taking.  False when the deadline has passed. */
static bool
wait_for_arrival(struct queue *queue, int64_t deadline)
{
	int64_t worth = !TAILQ_EMPTY(&queue->line) ? queue->waiting_since_ms + PATIENCE : deadline;
	int64_t end = worth < deadline ? worth : deadline;

	return thread_cond_wait(&queue->arrival, &queue->mutex, end) || end < deadline;
}

int
queue_take(struct queue *queue, struct push **pushes, int capacity, int64_t timeout_ms)
{
	int64_t deadline = clock_ms() + timeout_ms;
	int count = 0;

	pthread_mutex_lock(&queue->mutex);
	while (!is_worth_taking(queue, clock_ms()) && !queue->closed && wait_for_arrival(queue, deadline))
		;
	if (TAILQ_EMPTY(&queue->line) && queue->closed)
		count = QUEUE_CLOSED;
	else if (queue->closed || is_worth_taking(queue, clock_ms()))
		count = take_oldest(queue, pushes, capacity);
	pthread_mutex_unlock(&queue->mutex);
	return count;
}

void
queue_settle(struct queue *queue, struct push **pushes, int count, enum outcome outcome)
{
	static const uint64_t one = 1;
	bool any = false, kept = count > 0 && pushes[0]->kept;

	pthread_mutex_lock(&queue->mutex);
	queue->in_flight -= count;
	queue->one_by_one = count == 1 && queue->in_flight == 0 && TAILQ_EMPTY(&queue->line);
	/* who kept a push does not come for more, as a writer does */
	if (kept && is_worth_taking(queue, clock_ms()))
		pthread_cond_signal(&queue->arrival);
	for (int i = 0; i < count; i++)
		if (pushes[i]->pending) {
			mark_done(queue, pushes[i], outcome);
			any = true;
		}
	pthread_mutex_unlock(&queue->mutex);
	/* one event for all pushes, after the unlock: the thread that it wakes takes the mutex at once */
	if (any && !kept)
		(void)!write(queue->event, &one, sizeof one);
	for (int i = 0; i < count; i++)
		push_unref(pushes[i]);
}

void
queue_close(struct queue *queue)
{
	pthread_mutex_lock(&queue->mutex);
	queue->closed = true;
	pthread_cond_broadcast(&queue->arrival);
	pthread_mutex_unlock(&queue->mutex);
}
