/* A writer's thread: how the time of a batch is shared between the database and the spool. */
#include "store/writer.h"

#include <pthread.h>
#include <string.h>
#include <sys/param.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/systemd.h"
#include "base/thread.h"
#include "db/db.h"
#include "db/pool.h"
#include "metrics/metrics.h"
#include "store/store.h"

enum {
	TAKE_MAX = 1024,        /* pushes a batch */
	IDLE_TIME = 1000,       /* milliseconds without a push, after which the watchdog is told all the same */
	SPOOL_RATE = 16 * 1024, /* bytes that even a slow disk takes in a millisecond */
};

struct writer {
	pthread_t     thread;
	struct queue *queue;
	struct pool  *pool;
	struct spool *spool;
	struct fold   fold;
	struct push  *left[TAKE_MAX];    /* those of the batch that the database did not store */
	int           left_count;
};

/* The latest deadline of the pushes, or the earliest. */
static int64_t
deadline_of(struct push **pushes, int count, bool latest)
{
	int64_t deadline = pushes[0]->deadline;

	for (int i = 1; i < count; i++)
		if ((pushes[i]->deadline > deadline) == latest)
			deadline = pushes[i]->deadline;
	return deadline;
}

/* Milliseconds that the spool needs to write them. */
static int64_t
time_to_spool(struct push **pushes, int count)
{
	size_t bytes = 0;

	for (int i = 0; i < count; i++)
		bytes += pushes[i]->body.length;
	return (int64_t)(bytes / SPOOL_RATE);
}

/*
 * Gives the spool half of the time that is left, since the database may be back while the disk hangs; more if large
 * pushes need more; after the deadline, half of QUEUE_SPOOL_TIME.  Moves the pushes that it did not take to the front
 * of the array, and returns how many.
 */
static int
try_spool(struct writer *writer, struct push **pushes, int count)
{
	int64_t now = clock_ms(), left = deadline_of(pushes, count, true) - now;
	int64_t time = left > QUEUE_SPOOL_TIME ? left / 2 : QUEUE_SPOOL_TIME / 2;
	int64_t writing = time_to_spool(pushes, count), needed = MIN(writing, left + QUEUE_SPOOL_TIME / 2);
	int64_t end = now + MAX(needed, time);
	int kept = spool_put(writer->spool, pushes, count, end);

	if (kept == 0 && clock_ms() - end > QUEUE_SPOOL_TIME)     /* this process was stopped meanwhile */
		kept = spool_put(writer->spool, pushes, count, clock_ms() + QUEUE_SPOOL_TIME / 2);
	pool_count_spooled(writer->pool, kept);
	metrics_add(METRIC_SPOOLED_PUSHES, kept);
	queue_settle(writer->queue, pushes, kept, OUTCOME_OK);
	memmove(pushes, pushes + kept, (size_t)(count - kept) * sizeof *pushes);
	return count - kept;
}

/* A store_settled. */
static void
settle(void *context, struct push **pushes, int count, const struct db_counts *counts)
{
	struct writer *writer = context;

	if (counts != NULL) {
		queue_settle(writer->queue, pushes, count, OUTCOME_OK);
		return;
	}
	memcpy(writer->left + writer->left_count, pushes, (size_t)count * sizeof *pushes);
	writer->left_count += count;
}

/*
 * Leaves time for the spool, unless the database is the last resort.  Moves the pushes that it did not store to the
 * front of the array, and returns how many.
 */
static int
try_database(struct writer *writer, enum pool_use use, struct push **pushes, int count)
{
	int64_t deadline = deadline_of(pushes, count, false), left = deadline - clock_ms();
	int64_t writing = time_to_spool(pushes, count);
	struct db *db;

	if (use == POOL_PUSH && left > 0)
		deadline -= MIN(writing, left / 2);
	db = pool_borrow(writer->pool, use, deadline);
	if (db == NULL)
		return count;
	writer->left_count = 0;
	store_pushes(db, &writer->fold, pushes, count, deadline, settle, writer);
	pool_return(writer->pool, use, db, writer->left_count < count);
	memcpy(pushes, writer->left, (size_t)writer->left_count * sizeof *pushes);
	return writer->left_count;
}

/* Refuses the pushes whose time is over.  Moves the others to the front of the array, and returns how many. */
static int
refuse_late(struct writer *writer, struct push **pushes, int count)
{
	int64_t now = clock_ms();
	int left = 0;

	for (int i = 0; i < count; i++)
		if (now < pushes[i]->deadline)
			pushes[left++] = pushes[i];
		else
			queue_settle(writer->queue, &pushes[i], 1, OUTCOME_UNAVAILABLE);
	return left;
}

/* Tries the database and the spool by turns, as long as a push has time. */
static void
store_batch(struct writer *writer, struct push **pushes, int count)
{
	enum pool_use use = spool_is_well(writer->spool) ? POOL_PUSH : POOL_LAST_RESORT;

	for (;;) {
		if ((count = try_database(writer, use, pushes, count)) == 0 ||
		    (count = try_spool(writer, pushes, count)) == 0 ||
		    (count = refuse_late(writer, pushes, count)) == 0)
			break;
		use = POOL_LAST_RESORT;
	}
}

static void *
run(void *argument)
{
	struct writer *writer = argument;
	struct push *pushes[TAKE_MAX];
	int count;

	while ((count = queue_take(writer->queue, pushes, TAKE_MAX, IDLE_TIME)) != QUEUE_CLOSED) {
		systemd_watchdog_note_writer();
		if (count > 0)
			store_batch(writer, pushes, count);
	}
	return NULL;
}

void
writer_store(struct queue *queue, struct pool *pool, struct spool *spool, struct push *push)
{
	struct writer writer;

	writer.queue = queue;
	writer.pool = pool;
	writer.spool = spool;
	writer.fold = (struct fold){ 0 };
	store_batch(&writer, &push, 1);
	fold_free(&writer.fold);
}

struct writer *
writer_start(struct queue *queue, struct pool *pool, struct spool *spool)
{
	struct writer *writer = memory_zalloc(sizeof *writer);

	writer->queue = queue;
	writer->pool = pool;
	writer->spool = spool;
	writer->thread = thread_start(run, writer, "a writer");
	return writer;
}

void
writer_join(struct writer *writer)
{
	pthread_join(writer->thread, NULL);
	fold_free(&writer->fold);
	memory_free(writer);
}
