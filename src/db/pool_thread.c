/* The pool's thread: connects, and asks idle connections whether they still work. */
#include <stddef.h>

#include "base/clock.h"
#include "base/clock_ahead.h"
#include "base/log.h"
#include "db/pool_internal.h"

enum {                              /* milliseconds */
	CONNECT_TIME = 5 * 1000,    /* for the checks of a new connection */
	CHECK_TIME = 1000,          /* for an idle one to answer */
	CHECK_PERIOD = 1000,
	SURPLUS_TIME = 60 * 1000,   /* after which an idle connection is closed that nobody needs */
	FEWER_PAUSE = 60 * 1000,    /* between two lines of the log */
};

static void
note_well(struct pool *pool, struct db *db, int64_t since)
{
	clock_set_ahead(db_clock_ahead(db));
	pool_take_seat(pool, 0, db, since);
	pool->known = true;
	pool->failed = false;
	if (!pool->failing) {
		backoff_reset(&pool->backoff);
		outage_end(&pool->outage, clock_ms());
	}
	pool_note_change(pool);
}

static void
note_unwell(struct pool *pool, struct db *db)
{
	int64_t now = clock_ms();

	pool->failed = true;
	if (pool->stopping)
		;    /* the end has cut it short */
	else if (pool_well_count(pool) == 0)
		outage_note(&pool->outage, db_problem(db), now);
	else if (log_limit_allows(&pool->fewer, FEWER_PAUSE))
		log_warning("database: not every writer has a connection; pushes share those there are: %s",
		    db_problem(db));
	db_free(db);
	pool_note_change(pool);
}

static void
connect_one(struct pool *pool)
{
	struct db *db = db_new(pool->conninfo, pool->call_timezone);
	bool well;

	db_set_end(db, &pool->end);
	pthread_mutex_unlock(&pool->mutex);
	well = db_connect(db, clock_ms() + CONNECT_TIME) && db_check(db, clock_ms() + CONNECT_TIME);
	pthread_mutex_lock(&pool->mutex);
	if (well)
		note_well(pool, db, clock_ms());
	else
		note_unwell(pool, db);
}

/* One that is suspect or swollen, or, now and then, the one that has been idle longest; -1: none. */
static int
seat_to_check(struct pool *pool, int64_t now)
{
	for (int i = 0; i < pool->idle_count; i++)
		if (pool->idle[i].suspect || db_is_swollen(pool->idle[i].db))
			return i;
	return pool->idle_count > 0 && now >= pool->next_check ? 0 : -1;
}

static void
check_one(struct pool *pool, int i)
{
	int64_t since = pool->idle[i].since;
	struct db *db = pool_leave_seat(pool, i);
	bool well;

	db_set_end(db, &pool->end);
	pool->next_check = clock_ms() + CHECK_PERIOD;
	if (!pool_wants_more(pool) && clock_ms() - since > SURPLUS_TIME) {
		db_free(db);
		return;
	}
	pthread_mutex_unlock(&pool->mutex);
	db_slim(db);
	well = db_connect(db, clock_ms() + CHECK_TIME) && db_check(db, clock_ms() + CHECK_TIME);
	pthread_mutex_lock(&pool->mutex);
	if (well) {
		note_well(pool, db, since);
	} else {
		pool_suspect_all(pool);
		note_unwell(pool, db);
	}
}

void *
pool_run(void *argument)
{
	struct pool *pool = argument;

	pthread_mutex_lock(&pool->mutex);
	while (!pool->stopping) {
		int64_t now = clock_ms();
		int i = seat_to_check(pool, now);

		if (i >= 0)
			check_one(pool, i);
		else if (!pool_wants_more(pool))
			pool_wait_until(pool, now + CHECK_PERIOD);
		else if (backoff_is_over(&pool->backoff))
			connect_one(pool);
		else
			pool_wait_until(pool, pool->backoff.next);
	}
	pool->stopped = true;
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->mutex);
	return NULL;
}
