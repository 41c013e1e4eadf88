/* The way back: the prober, and the spool's pushes into the database. */
#include "replay.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "backoff.h"
#include "clock.h"
#include "db.h"
#include "memory.h"
#include "record.h"
#include "reply.h"
#include "store.h"
#include "thread.h"

enum {
	BATCH_PUSHES = 256,
	SMALLER = 4,                /* a batch that fails is tried again with a quarter of its pushes */
	BATCH_BYTES = 1024 * 1024,
	BATCH_TIME = 10 * 1000,     /* milliseconds for one batch: nobody waits for its answer */
	CONNECT_TIME = 5 * 1000,    /* milliseconds for the checks of a new connection */
	COUNT_TIME = 1000,          /* milliseconds between two counts of an empty spool */
	PAUSE = 50,                 /* milliseconds between two looks when there is nothing to do */
};

struct replay {
	pthread_t      thread;
	struct desk   *desk;
	struct spool  *spool;
	const char    *conninfo;
	const char    *call_timezone;
	struct db     *db;
	struct fold    fold;
	struct backoff backoff;     /* between tries to connect, and to use the spool */
	int            batch_size;  /* pushes taken next; 1 where something does not go through */
	int64_t        next_count;  /* clock_monotonic() of the next count */
	_Atomic int64_t end;        /* clock_monotonic() after which it ends; INT64_MAX while it is to go on */
};

/* --- the database ------------------------------------------------------------------------------------------ */

/* Other processes use the spool too, and may have left pushes there, so it is counted anew now and then. */
static bool
has_work(struct replay *replay)
{
	int64_t now = clock_monotonic();

	if (replay->spool == NULL)
		return false;
	if (spool_depth(replay->spool).pushes > 0)
		return true;
	if (now < replay->next_count)
		return false;
	replay->next_count = now + COUNT_TIME;
	return spool_count(replay->spool).pushes > 0;
}

/* Off the pushes' time: looking up names and connecting may take as long as they like. */
static bool
probe(struct replay *replay)
{
	bool connected;

	if (db_is_connected(replay->db))
		return true;
	if (!backoff_is_over(&replay->backoff))
		return false;
	connected = db_connect(replay->db, clock_monotonic() + CONNECT_TIME) &&
	    db_check(replay->db, clock_monotonic() + CONNECT_TIME);
	desk_set_tried(replay->desk);
	return connected;
}

static void
give_connection(struct replay *replay)
{
	backoff_reset(&replay->backoff);
	desk_give(replay->desk, replay->db);
	replay->db = db_new(replay->conninfo, replay->call_timezone);
}

/* --- the spool --------------------------------------------------------------------------------------------- */

/*
 * As a live push is read.  Its body was a list when it was put there; should another version of this program say
 * otherwise, it is kept whole.
 */
static void
read_push(struct push *push)
{
	enum outcome outcome = OUTCOME_OK;

	if (push->fault == NULL)
		outcome = record_list_parse(&push->list, push->body);
	if (outcome != OUTCOME_OK)
		push_refuse(push, reply_sentence(outcome));
}

/* Only what is committed leaves the spool; what is there again after a crash changes nothing then. */
static void
remove_stored(struct replay *replay, struct push **pushes, int count)
{
	backoff_reset(&replay->backoff);
	replay->batch_size = BATCH_PUSHES;
	spool_remove(replay->spool, pushes, count);
}

static store_settled settle;

/* Nothing of it can be stored as records, not even what isolation left of it: it is kept whole, and the queue goes on. */
static void
quarantine_whole(struct replay *replay, struct push *push)
{
	if (push->fault != NULL)
		return;
	push_refuse(push, db_refusal(replay->db));
	store_pushes(replay->db, &replay->fold, &push, 1, clock_monotonic() + BATCH_TIME, settle, replay);
}

static void
settle(void *context, struct push **pushes, int count, enum db_result result)
{
	struct replay *replay = context;

	if (result == DB_STORED)
		remove_stored(replay, pushes, count);
	for (int i = 0; result == DB_BAD_RECORD && i < count; i++)
		quarantine_whole(replay, pushes[i]);
}

/*
 * The batch did not go through.  Perhaps the database is away; but if it is there and a single push fails by itself, with
 * a code that nobody knows to be the data's fault, it has to wait behind the others, not they behind it.
 */
static void
note_failure(struct replay *replay, const struct push *oldest)
{
	if (replay->batch_size > 1) {
		replay->batch_size /= SMALLER;
		return;
	}
	if (db_connect(replay->db, clock_monotonic() + CONNECT_TIME) &&
	    db_check(replay->db, clock_monotonic() + CONNECT_TIME))
		spool_postpone(replay->spool, oldest);
}

/* One batch.  False when nothing could be done. */
static bool
store_oldest(struct replay *replay)
{
	struct push *pushes[BATCH_PUSHES];
	int count = spool_oldest(replay->spool, pushes, replay->batch_size, BATCH_BYTES);
	bool stored;

	for (int i = 0; i < count; i++)
		read_push(pushes[i]);
	if (count > 0)
		store_pushes(replay->db, &replay->fold, pushes, count, clock_monotonic() + BATCH_TIME, settle, replay);
	stored = count > 0 && db_is_connected(replay->db);
	if (count > 0 && !stored)
		note_failure(replay, pushes[0]);
	for (int i = 0; i < count; i++)
		push_release(pushes[i]);
	return stored;
}

/* --- the thread -------------------------------------------------------------------------------------------- */

static bool
is_wanted(struct replay *replay)
{
	return desk_is_wanted(replay->desk) || has_work(replay);
}

/* Goes on to its end, and beyond it only as long as there is something to do and it gets done. */
static void *
run(void *argument)
{
	static const struct timespec pause = { .tv_nsec = PAUSE * 1000000L };
	struct replay *replay = argument;
	bool busy = false;

	while (clock_monotonic() < replay->end) {
		busy = false;
		if (is_wanted(replay) && probe(replay)) {
			if (desk_is_wanted(replay->desk)) {
				give_connection(replay);
				busy = true;
			} else {
				busy = store_oldest(replay);
			}
		}
		if (!busy && replay->end != INT64_MAX && !has_work(replay))
			break;
		if (!busy)
			nanosleep(&pause, NULL);
	}
	return NULL;
}

struct replay *
replay_start(struct desk *desk, struct spool *spool, const char *conninfo, const char *call_timezone)
{
	struct replay *replay = memory_zalloc(sizeof *replay);

	replay->desk = desk;
	replay->spool = spool;
	replay->conninfo = conninfo;
	replay->call_timezone = call_timezone;
	replay->db = db_new(conninfo, call_timezone);
	replay->end = INT64_MAX;
	replay->batch_size = BATCH_PUSHES;
	backoff_reset(&replay->backoff);
	replay->thread = thread_start(run, replay, "the replay");
	return replay;
}

void
replay_stop(struct replay *replay, int64_t time)
{
	replay->end = clock_monotonic() + time;
	pthread_join(replay->thread, NULL);
	db_free(replay->db);
	fold_free(&replay->fold);
	memory_free(replay);
}
