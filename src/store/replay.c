/* The way back: the spool's pushes into the database. */
#include "store/replay.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/sleeper.h"
#include "base/thread.h"
#include "db/db.h"
#include "db/pool.h"
#include "push/outcome.h"
#include "push/record.h"
#include "store/store.h"

enum {
	BATCH_PUSHES = 256,
	SMALLER = 4,                /* a batch that fails is tried again with a quarter of its pushes */
	BATCH_BYTES = 1024 * 1024,
	BATCH_TIME = 10 * 1000,     /* milliseconds for one batch: nobody waits for its answer */
	LONE_TIME = 30 * 1000,      /* milliseconds for a push by itself, which may be a large one */
	BACKOFF_MAX = 5 * 1000,     /* milliseconds between two batches that fail, at most */
	COUNT_TIME = 1000,          /* milliseconds between two counts of an empty spool */
	SAY_PAUSE = 60 * 1000,      /* milliseconds between two complaints */
	REASON_SIZE = 512,
};

struct replay {
	pthread_t       thread;
	struct pool    *pool;
	struct spool   *spool;
	struct sleeper  sleeper;
	struct db      *db;          /* of the batch; NULL: none */
	bool            stored;      /* something of the batch */
	struct fold     fold;
	struct backoff  backoff;     /* between batches that fail */
	int             batch_size;  /* pushes taken next; 1 where something does not go through */
	struct push    *doubtful;    /* has failed by itself; NULL: none */
	char            reason[REASON_SIZE];   /* why it has */
	int64_t         say_next;    /* clock_monotonic() from which that may be said again */
	int64_t         next_count;  /* clock_monotonic() of the next count */
	_Atomic int64_t end;         /* clock_monotonic() after which it ends; INT64_MAX while it is to go on */
};

/* --- the spool --------------------------------------------------------------------------------------------- */

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
		push_refuse(push, outcome_sentence(outcome));
}

/*
 * Only what is committed leaves the spool; what is there again after a crash changes nothing then.  What cannot leave it
 * would be stored again at once, and for ever: that waits like a batch that fails.
 */
static void
remove_stored(struct replay *replay, struct push **pushes, int count)
{
	replay->stored = true;
	replay->batch_size = BATCH_PUSHES;
	if (spool_remove(replay->spool, pushes, count))
		backoff_reset(&replay->backoff);
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

/* --- what does not go through ------------------------------------------------------------------------------- */

/* Perhaps the database is away, which others notice and say; perhaps one push of the batch is at fault. */
static void
note_failure(struct replay *replay, struct push **pushes, int count)
{
	snprintf(replay->reason, sizeof replay->reason, "%s", db_problem(replay->db));
	replay->batch_size = count > SMALLER ? count / SMALLER : 1;
	if (count == 1)
		replay->doubtful = push_ref(pushes[0]);
}

/*
 * A push has failed by itself, with a code that nobody knows to be the data's fault, and here is a connection again, so
 * the database was not away for long: the push has to wait behind the others, not they behind it.
 */
static void
postpone_doubtful(struct replay *replay)
{
	if (clock_monotonic() >= replay->say_next) {
		log_error("spool: a push does not go into the database and waits behind the others: %s", replay->reason);
		replay->say_next = clock_monotonic() + SAY_PAUSE;
	}
	spool_postpone(replay->spool, replay->doubtful);
	push_unref(replay->doubtful);
	replay->doubtful = NULL;
}

/* --- the thread -------------------------------------------------------------------------------------------- */

/* One batch.  False when nothing could be done. */
static bool
store_oldest(struct replay *replay)
{
	struct push *pushes[BATCH_PUSHES];
	int64_t time = replay->batch_size > 1 ? BATCH_TIME : LONE_TIME;
	int count = spool_oldest(replay->spool, pushes, replay->batch_size, BATCH_BYTES);
	bool stored;

	for (int i = 0; i < count; i++)
		read_push(pushes[i]);
	if (count == 0)     /* others have drained it */
		spool_count(replay->spool);
	if (count > 0)
		store_pushes(replay->db, &replay->fold, pushes, count, clock_monotonic() + time, settle, replay);
	stored = count > 0 && db_is_connected(replay->db);
	if (count > 0 && !stored)
		note_failure(replay, pushes, count);
	for (int i = 0; i < count; i++)
		push_unref(pushes[i]);
	return stored;
}

/* False when nothing was done. */
static bool
work(struct replay *replay)
{
	bool done;

	replay->db = pool_borrow(replay->pool, POOL_BACKGROUND, INT64_MAX);
	if (replay->db == NULL)
		return false;
	if (replay->doubtful != NULL)
		postpone_doubtful(replay);
	replay->stored = false;
	done = store_oldest(replay);
	pool_return(replay->pool, POOL_BACKGROUND, replay->db, replay->stored);
	return done;
}

/* Goes on to its end, and beyond it only as long as there is something to do and it gets done. */
static void *
run(void *argument)
{
	struct replay *replay = argument;

	while (clock_monotonic() < replay->end) {
		bool due = has_work(replay);

		if (due && backoff_is_over(&replay->backoff) && work(replay))
			continue;
		if (!due && replay->end != INT64_MAX)
			break;
		sleeper_sleep(&replay->sleeper, due ? replay->backoff.next - clock_monotonic() : COUNT_TIME);
	}
	return NULL;
}

struct replay *
replay_start(struct pool *pool, struct spool *spool)
{
	struct replay *replay = memory_zalloc(sizeof *replay);

	replay->pool = pool;
	replay->spool = spool;
	replay->end = INT64_MAX;
	replay->batch_size = BATCH_PUSHES;
	sleeper_init(&replay->sleeper);
	backoff_init(&replay->backoff, BACKOFF_MAX);
	replay->thread = thread_start(run, replay, "the replay");
	return replay;
}

void
replay_stop(struct replay *replay, int64_t at)
{
	replay->end = at;
	sleeper_wake(&replay->sleeper);
	pthread_join(replay->thread, NULL);
	sleeper_destroy(&replay->sleeper);
	push_unref(replay->doubtful);
	fold_free(&replay->fold);
	memory_free(replay);
}
