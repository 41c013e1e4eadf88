/* The writers: take, store or spool, settle. */
#include "store/writer.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/thread.h"
#include "base/watchdog.h"
#include "db/db.h"
#include "db/outage.h"
#include "metrics/metrics.h"
#include "store/store.h"

enum {
	TAKE_MAX = 1024,        /* pushes a batch */
	IDLE_TIME = 1000,       /* milliseconds without a push, after which the connection is looked at */
	CHECK_TIME = 1000,      /* milliseconds that looking may take */
	DESK_PAUSE = 5,         /* milliseconds between two looks at the desk */
};

struct writer {
	pthread_t     thread;
	struct queue *queue;
	struct desk  *desk;
	struct spool *spool;     /* NULL: none */
	struct db    *db;        /* connected; NULL: lost, and a new one is wanted from the desk */
	struct fold   fold;
	struct push  *again[TAKE_MAX];   /* without a spool: pushes to be tried once more */
	int           again_count;
};

/* --- the connection ---------------------------------------------------------------------------------------- */

static void
give_up_connection(struct writer *writer)
{
	outage_note(db_problem(writer->db));
	desk_set_failing(writer->desk, true);
	db_free(writer->db);
	writer->db = NULL;
	desk_count_connection(-1);
	desk_want(writer->desk);
}

static bool
have_connection(struct writer *writer)
{
	if (writer->db != NULL)
		return true;
	writer->db = desk_take(writer->desk);
	if (writer->db != NULL)
		desk_count_connection(1);
	return writer->db != NULL;
}

/*
 * The database is waited for while it is not known to be away, or where there is no spool to turn to; else a push goes
 * to the spool at once.
 */
static bool
await_connection(struct writer *writer, int64_t deadline)
{
	static const struct timespec pause = { .tv_nsec = DESK_PAUSE * 1000000L };

	while (!have_connection(writer) && !desk_has_connection() && clock_monotonic() < deadline &&
	    (writer->spool == NULL || !desk_is_tried(writer->desk)))
		nanosleep(&pause, NULL);
	return have_connection(writer);
}

static void
look_at_connection(struct writer *writer)
{
	if (have_connection(writer) && !db_check(writer->db, clock_monotonic() + CHECK_TIME))
		give_up_connection(writer);
}

/* --- pushes ------------------------------------------------------------------------------------------------ */

static void
spool_pushes(struct writer *writer, struct push **pushes, int count)
{
	bool kept = writer->spool != NULL && spool_put(writer->spool, pushes, count);

	if (kept) {
		outage_count_spooled(count);
		metrics_add(METRIC_SPOOLED_PUSHES, count);
	}
	queue_settle(writer->queue, pushes, count, kept ? OUTCOME_OK : OUTCOME_UNAVAILABLE);
}

/* A store_settled.  Without a spool a push whose connection was lost is tried again while there is time. */
static void
settle(void *context, struct push **pushes, int count, enum db_result result)
{
	struct writer *writer = context;

	if (result == DB_STORED) {
		desk_set_failing(writer->desk, false);
		outage_end();
		queue_settle(writer->queue, pushes, count, OUTCOME_OK);
	} else if (writer->spool == NULL && result != DB_BAD_RECORD) {
		memcpy(writer->again + writer->again_count, pushes, (size_t)count * sizeof *pushes);
		writer->again_count += count;
	} else {
		spool_pushes(writer, pushes, count);
	}
}

static int64_t
earliest_deadline(struct push **pushes, int count)
{
	int64_t earliest = pushes[0]->deadline;

	for (int i = 1; i < count; i++)
		if (pushes[i]->deadline < earliest)
			earliest = pushes[i]->deadline;
	return earliest;
}

/*
 * At a start, and after an outage, a writer may wait for pushes since before there was any connection, and be handed one
 * when another writer has a connection and it has none.
 */
static bool
leave_to_others(struct writer *writer, struct push **pushes, int count, int64_t deadline)
{
	return writer->db == NULL && desk_has_connection() && clock_monotonic() < deadline &&
	    queue_give_back(writer->queue, pushes, count);
}

static void
store_batch(struct writer *writer, struct push **pushes, int count)
{
	int64_t deadline = earliest_deadline(pushes, count);

	while (count > 0 && clock_monotonic() < deadline && await_connection(writer, deadline)) {
		writer->again_count = 0;
		store_pushes(writer->db, &writer->fold, pushes, count, deadline, settle, writer);
		if (!db_is_connected(writer->db))
			give_up_connection(writer);
		count = writer->again_count;
		memcpy(pushes, writer->again, (size_t)count * sizeof *pushes);
	}
	if (count > 0 && !leave_to_others(writer, pushes, count, deadline))
		spool_pushes(writer, pushes, count);
}

/* --- its life ---------------------------------------------------------------------------------------------- */

/* A writer that waits for a connection leaves the pushes to those that have one, and takes none itself. */
static int
take(struct writer *writer, struct push **pushes)
{
	static const struct timespec pause = { .tv_nsec = DESK_PAUSE * 1000000L };

	if (have_connection(writer) || !desk_has_connection())
		return queue_take(writer->queue, pushes, TAKE_MAX, IDLE_TIME);
	nanosleep(&pause, NULL);
	return queue_take(writer->queue, pushes, 0, 0);
}

static void *
run(void *argument)
{
	struct writer *writer = argument;
	struct push *pushes[TAKE_MAX];
	int count;

	while ((count = take(writer, pushes)) != QUEUE_CLOSED) {
		watchdog_note_writer();
		if (count > 0)
			store_batch(writer, pushes, count);
		else
			look_at_connection(writer);
	}
	return NULL;
}

struct writer *
writer_start(struct queue *queue, struct desk *desk, struct spool *spool)
{
	struct writer *writer = memory_zalloc(sizeof *writer);

	writer->queue = queue;
	writer->desk = desk;
	writer->spool = spool;
	desk_want(desk);
	writer->thread = thread_start(run, writer, "a writer");
	return writer;
}

void
writer_join(struct writer *writer)
{
	pthread_join(writer->thread, NULL);
	if (writer->db != NULL)
		db_free(writer->db);
	fold_free(&writer->fold);
	memory_free(writer);
}
