/* The replay's thread: batches of the spool's pushes, and what becomes of a push that does not go through. */
#include "store/replay.h"

#include <pthread.h>
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
#include "store/store.h"

enum {
	BATCH_PUSHES = 256,
	SMALLER = 4,                /* a batch that fails is tried again with a quarter of its pushes */
	BATCH_BYTES = 1024 * 1024,
	BATCH_TIME = 10 * 1000,     /* milliseconds for one batch: nobody waits for its answer */
	LONE_TIME = 30 * 1000,      /* milliseconds for a push by itself, which may be a large one */
	BACKOFF_MAX = 5 * 1000,     /* milliseconds between two batches that fail, at most */
	LOOK_TIME = 1000,           /* milliseconds between two looks at a spool that its keeper finds empty */
	SUSPECTS = 16 * 1024,       /* pushes whose failures are counted at a time */
	FAILURES = 8,               /* failures of a push stored alone, after which it is blamed and taken apart */
	FAILURE_PAUSE = 1000,       /* milliseconds between two failures that count, at least */
	FORGET_TIME = 3600 * 1000,  /* milliseconds without a failure, after which a suspect is forgotten */
	STOP_TIME = 5 * 1000,       /* milliseconds for its end: its exchange with the database, then the disk */
};

/* A push that failed by itself, with a code that does not say whose fault it is. */
struct suspect {
	struct push_id id;
	int            failures;       /* 0: not in use */
	int64_t        stored_count;   /* pool_stored_count() at the last failure that counted */
	int64_t        at;             /* clock_ms() of that failure */
};

struct replay {
	pthread_t       thread;
	struct pool    *pool;
	struct spool   *spool;
	struct sleeper  sleeper;
	struct db      *db;          /* of the batch */
	int             settled;     /* pushes of the batch that are settled so far */
	size_t          bad_counts[BATCH_PUSHES];   /* list.bad_count of each push, before the batch was stored */
	bool            stored;      /* something was committed on db */
	bool            progress;    /* the last store() stored a push, or found refused records */
	struct fold     fold;
	struct backoff  backoff;     /* between batches that fail */
	int             batch_size;  /* how many pushes to take next; fewer after a failure */
	struct push    *begun;       /* a push of whose refused records only some are found; NULL: none */
	struct push    *failed;      /* a push that failed alone and still heads the spool; NULL: none */
	bool            unexplained; /* the last failure's code does not say whose fault it was */
	char            reason[DB_PROBLEM_SIZE];   /* of the last failure */
	struct suspect  suspects[SUSPECTS];
	struct log_limit limit;
	_Atomic int64_t end;         /* clock_ms() after which it ends; INT64_MAX while it is to go on */
	atomic_bool     ended;
	struct sleeper  stopper;     /* of replay_stop(), which the end wakes */
};

/* --- the spool --------------------------------------------------------------------------------------------- */

/* A body without a fault was a list when it was spooled.  If this version cannot read it, the push is kept whole. */
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
 * A push leaves the spool only after its COMMIT; after a crash it may be stored twice, which changes nothing.  If a
 * stored push cannot be removed, the backoff goes on: otherwise it would be stored again at once, and for ever.
 */
static void
remove_stored(struct replay *replay, struct push **pushes, int count)
{
	replay->stored = replay->progress = true;
	replay->batch_size = BATCH_PUSHES;
	if (spool_remove(replay->spool, pushes, count))
		backoff_reset(&replay->backoff);
}

/* Keeps a push of which refused records were found: read anew from the spool, it would not know them. */
static void
keep_begun(struct replay *replay, struct push *push, size_t bad_before)
{
	if (push->fault != NULL || push->list.bad_count == bad_before)
		return;
	push_unref(replay->begun);
	replay->begun = push_ref(push);
	replay->progress = true;
}

/* A store_settled. */
static void
settle(void *context, struct push **pushes, int count, const struct db_counts *counts)
{
	struct replay *replay = context;

	if (counts != NULL)
		remove_stored(replay, pushes, count);
	for (int i = 0; counts == NULL && i < count; i++)
		keep_begun(replay, pushes[i], replay->bad_counts[replay->settled + i]);
	replay->settled += count;
}

static void
store(struct replay *replay, struct push **pushes, int count, int64_t time)
{
	for (int i = 0; i < count; i++)
		replay->bad_counts[i] = pushes[i]->list.bad_count;
	replay->settled = 0;
	replay->progress = false;
	store_pushes(replay->db, &replay->fold, pushes, count, clock_ms() + time, settle, replay);
}

/* --- what does not go through ------------------------------------------------------------------------------- */

static bool
same_push(const struct push_id *a, const struct push_id *b)
{
	return memcmp(a->bytes, b->bytes, PUSH_ID_SIZE) == 0;
}

/* The entry of the push among the suspects, or a free one that is made its own; NULL if all are in use. */
static struct suspect *
find_suspect(struct replay *replay, const struct push *push, int64_t now)
{
	struct suspect *entry = NULL;

	for (struct suspect *s = replay->suspects; s < replay->suspects + SUSPECTS; s++) {
		if (s->failures > 0 && same_push(&s->id, &push->id))
			return s;
		if (s->failures == 0 || now - s->at > FORGET_TIME)
			entry = s;
	}
	if (entry != NULL)
		*entry = (struct suspect){ .id = push->id };
	return entry;
}

/*
 * Counts a failure only if other pushes were stored since the last one (else the database may be at fault), and some
 * time has passed (the work of an administrator may be at fault, and end).  NULL when there are too many suspects.
 */
static struct suspect *
count_failure(struct replay *replay, const struct push *push)
{
	int64_t stored = pool_stored_count(replay->pool), now = clock_ms();
	struct suspect *suspect = find_suspect(replay, push, now);

	if (suspect != NULL && (suspect->failures == 0 ||
	    (suspect->stored_count < stored && now - suspect->at >= FAILURE_PAUSE))) {
		suspect->failures++;
		suspect->stored_count = stored;
		suspect->at = now;
		backoff_reset(&replay->backoff);
	}
	return suspect;
}

/* The database is connected, so the push itself is the obstacle: it goes behind the others, which need not wait. */
static void
postpone(struct replay *replay, struct push *push)
{
	if (log_limit_allows(&replay->limit, LOG_PAUSE))
		log_error("spool: a push could not be stored and was moved to the end of the spool: %s",
		    replay->reason);
	(void)spool_postpone(replay->spool, push);
}

/* Quarantines the records that the server refuses, by whatever code, and stores the rest. */
static void
take_apart(struct replay *replay, struct push *push, struct suspect *suspect)
{
	db_blame_data(replay->db, true);
	store(replay, &push, 1, LONE_TIME);
	db_blame_data(replay->db, false);
	if (replay->stored)
		suspect->failures = 0;
}

/* Decides about the push that failed alone, now that the pool has lent a connection again. */
static void
settle_failed(struct replay *replay)
{
	struct push *push = replay->failed;
	struct suspect *suspect;

	replay->failed = NULL;
	replay->progress = false;
	suspect = replay->unexplained ? count_failure(replay, push) : NULL;
	if (suspect != NULL && suspect->failures >= FAILURES)
		take_apart(replay, push, suspect);
	if (!replay->progress)
		postpone(replay, push);
	push_unref(push);
}

/* Either the database is away, which the pool logs, or one push is at fault: a smaller batch comes next. */
static void
note_failure(struct replay *replay, struct push **pushes, int count)
{
	snprintf(replay->reason, sizeof replay->reason, "%s", db_problem(replay->db));
	replay->unexplained = db_failed_unexplained(replay->db);
	replay->batch_size = count > SMALLER ? count / SMALLER : 1;
	if (count == 1)
		replay->failed = push_ref(pushes[0]);
}

/* --- the thread -------------------------------------------------------------------------------------------- */

static void
read_batch(struct replay *replay, struct push **pushes, int count)
{
	for (int i = 0; i < count; i++)
		if (replay->begun != NULL && same_push(&pushes[i]->id, &replay->begun->id)) {
			push_unref(pushes[i]);
			pushes[i] = replay->begun;
			replay->begun = NULL;
		} else {
			read_push(pushes[i]);
		}
}

/* Stores one batch.  False when nothing was done. */
static bool
store_oldest(struct replay *replay)
{
	struct push *pushes[BATCH_PUSHES];
	int64_t time = replay->batch_size > 1 ? BATCH_TIME : LONE_TIME;
	int count = spool_oldest(replay->spool, pushes, replay->batch_size, BATCH_BYTES);

	if (count <= 0)
		return false;
	read_batch(replay, pushes, count);
	store(replay, pushes, count, time);
	if (!replay->progress)
		note_failure(replay, pushes, count);
	for (int i = 0; i < count; i++)
		push_unref(pushes[i]);
	return replay->progress;
}

/* False when nothing was done. */
static bool
work(struct replay *replay)
{
	bool done;

	replay->db = pool_borrow(replay->pool, POOL_BACKGROUND, INT64_MAX);
	if (replay->db == NULL)
		return false;
	replay->stored = false;
	if (replay->failed != NULL)
		settle_failed(replay);
	done = db_is_connected(replay->db) && store_oldest(replay);
	pool_return(replay->pool, POOL_BACKGROUND, replay->db, replay->stored);
	return done;
}

/* Runs until replay->end.  Once that is set, stops earlier if the spool is empty. */
static void *
run(void *argument)
{
	struct replay *replay = argument;

	while (clock_ms() < replay->end) {
		bool due = spool_depth(replay->spool).pushes > 0;

		if (due && backoff_allows(&replay->backoff) && work(replay))
			continue;
		if (!due && replay->end != INT64_MAX)
			break;
		sleeper_sleep(&replay->sleeper, due ? replay->backoff.next - clock_ms() : LOOK_TIME);
	}
	replay->ended = true;
	sleeper_wake(&replay->stopper);
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
	sleeper_init(&replay->stopper);
	backoff_init(&replay->backoff, BACKOFF_MAX);
	replay->thread = thread_start(run, replay, "the replay");
	return replay;
}

bool
replay_stop(struct replay *replay, int64_t at)
{
	replay->end = at;
	sleeper_wake(&replay->sleeper);
	sleeper_sleep(&replay->stopper, at + STOP_TIME - clock_ms());
	if (!replay->ended) {
		log_warning("spool: its disk does not respond to the replay; exiting without closing the file");
		pthread_detach(replay->thread);
		return false;
	}
	pthread_join(replay->thread, NULL);
	sleeper_destroy(&replay->stopper);
	sleeper_destroy(&replay->sleeper);
	push_unref(replay->failed);
	push_unref(replay->begun);
	fold_free(&replay->fold);
	memory_free(replay);
	return true;
}
