/* The writers: take, store, settle. */
#include "writer.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>

#include "backoff.h"
#include "clock.h"
#include "db.h"
#include "fold.h"
#include "isolate.h"
#include "log.h"
#include "memory.h"
#include "metrics.h"

enum {
	TAKE_MAX = 1024,        /* pushes a batch */
	IDLE_TIME = 1000,       /* milliseconds without a push, after which the connection is looked at */
	CHECK_TIME = 3000,      /* milliseconds that connecting and looking may take while no push waits */
};

struct writer {
	pthread_t      thread;
	struct batch  *batch;
	struct db     *db;
	struct fold    fold;
	struct backoff backoff;    /* between tries to connect */
	bool           was_connected;
	sem_t          looked;     /* posted once the connection was tried for the first time */
};

/* Keeps the gauge in step with the connection. */
static void
note_connection(struct writer *writer)
{
	bool connected = db_is_connected(writer->db);

	metrics_add_connection(connected - writer->was_connected);
	writer->was_connected = connected;
}

/* Connects by the deadline, with pauses between the tries.  False when that was not to be. */
static bool
connect_by(struct writer *writer, int64_t deadline)
{
	while (!db_is_connected(writer->db)) {
		if (!backoff_wait(&writer->backoff, deadline))
			return false;
		db_connect(writer->db, deadline);
		note_connection(writer);
	}
	return true;
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

static void
count_records(struct push **pushes, int count, const struct db_fates *fates)
{
	int64_t quarantined = 0;

	for (int i = 0; i < count; i++)
		if (!pushes[i]->body_is_bad)
			quarantined += (int64_t)pushes[i]->list.reject_count;
	metrics_count_records(fates->inserted, fates->updated, fates->duplicates, quarantined);
}

/*
 * One transaction for the pushes the fold holds, tried again on a new connection while there is time: a transaction
 * that was committed unnoticed finds its rows there and changes nothing.
 */
static enum db_result
store(struct writer *writer, struct push **pushes, int count, int64_t deadline)
{
	struct db_fates fates = { 0 };
	enum db_result result = DB_UNAVAILABLE;

	while (result != DB_STORED && result != DB_BAD_RECORD && connect_by(writer, deadline) &&
	    clock_monotonic() < deadline) {
		result = db_store(writer->db, pushes, count, &writer->fold, deadline, &fates);
		note_connection(writer);
	}
	if (result == DB_STORED) {
		backoff_reset(&writer->backoff);
		count_records(pushes, count, &fates);
	}
	return result;
}

/* A push by itself; records that the database refuses go to quarantine, and the rest is stored. */
static enum db_result
store_alone(struct writer *writer, struct push *push, int64_t deadline)
{
	enum db_result result;

	do {
		fold_pushes(&writer->fold, &push, 1);
		result = store(writer, &push, 1, deadline);
	} while (result == DB_BAD_RECORD && isolate_refused(writer->db, &writer->fold, push, deadline) > 0);
	note_connection(writer);
	return result;
}

/* The data of some push is refused: none of the others is to suffer for it. */
static void
store_one_by_one(struct writer *writer, struct push **pushes, int count, int64_t deadline)
{
	for (int i = 0; i < count; i++) {
		enum db_result result = store_alone(writer, pushes[i], deadline);

		batch_settle(writer->batch, &pushes[i], 1, result == DB_STORED ? OUTCOME_OK : OUTCOME_UNAVAILABLE);
	}
}

static void
store_batch(struct writer *writer, struct push **pushes, int count)
{
	int64_t deadline = earliest_deadline(pushes, count);
	int folded;

	/* a push that says otherwise than one before it is stored after it */
	for (; count > 0; pushes += folded, count -= folded) {
		enum db_result result;

		folded = fold_pushes(&writer->fold, pushes, count);
		result = store(writer, pushes, folded, deadline);
		if (result == DB_BAD_RECORD)
			store_one_by_one(writer, pushes, folded, deadline);
		else
			batch_settle(writer->batch, pushes, folded,
			    result == DB_STORED ? OUTCOME_OK : OUTCOME_UNAVAILABLE);
	}
}

/* With no push to store: whether the database is still there, or is there again. */
static void
look_at_connection(struct writer *writer)
{
	int64_t deadline = clock_monotonic() + CHECK_TIME;

	if (db_is_connected(writer->db))
		db_check(writer->db, deadline);
	else if (backoff_is_over(&writer->backoff))
		db_connect(writer->db, deadline);
	note_connection(writer);
}

static void *
run(void *argument)
{
	struct writer *writer = argument;
	struct push *pushes[TAKE_MAX];
	int count;

	look_at_connection(writer);
	sem_post(&writer->looked);
	while ((count = batch_take(writer->batch, pushes, TAKE_MAX, IDLE_TIME)) != BATCH_CLOSED) {
		if (count > 0)
			store_batch(writer, pushes, count);
		else
			look_at_connection(writer);
	}
	return NULL;
}

struct writer *
writer_start(struct batch *batch, const char *conninfo, const char *call_timezone)
{
	struct writer *writer = memory_zalloc(sizeof *writer);
	sigset_t all, before;

	writer->batch = batch;
	writer->db = db_new(conninfo, call_timezone);
	backoff_reset(&writer->backoff);
	sem_init(&writer->looked, 0, 0);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&writer->thread, NULL, run, writer) != 0)
		log_fatal("cannot start a writer");
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return writer;
}

void
writer_await_first_look(struct writer *writer)
{
	while (sem_wait(&writer->looked) != 0)
		;
	sem_post(&writer->looked);
}

void
writer_join(struct writer *writer)
{
	pthread_join(writer->thread, NULL);
	db_free(writer->db);
	fold_free(&writer->fold);
	sem_destroy(&writer->looked);
	memory_free(writer);
}
