/* The pool's life, and its thread, which connects and asks idle connections whether they still work. */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/clock_ahead.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/thread.h"
#include "db/pool_internal.h"
#include "metrics/metrics.h"

enum {                              /* milliseconds */
	CONNECT_TIME = 5 * 1000,    /* for the checks of a new connection */
	CHECK_TIME = 1000,          /* for an idle one to answer */
	CHECK_PERIOD = 1000,
	SURPLUS_TIME = 60 * 1000,   /* after which an idle connection that nobody needs is closed */
	BACKOFF_MAX = 1000,         /* between two tries to connect */
	END_TIME = 2000,            /* for what the background has begun when its end comes */
	JOIN_TIME = 100,            /* for the thread to end */
};

static void
note_well(struct pool *pool, struct db *db, int64_t since)
{
	clock_set_ahead(db_clock_ahead(db));
	pool_insert_idle(pool, 0, db, since);
	pool->known = true;
	pool->failed = false;
	if (!pool->failing)
		outage_end(&pool->outage, clock_ms());
	pool_note_change(pool);
}

static void
note_unwell(struct pool *pool, struct db *db)
{
	int64_t now = clock_ms();

	pool->failed = true;
	if (pool->stopping)
		;    /* it was cut short */
	else if (pool_well_count(pool) == 0)
		outage_note(&pool->outage, db_problem(db), now);
	else if (log_limit_allows(&pool->fewer, LOG_PAUSE))
		log_warning("database: fewer connections than wanted; pushes, replay and housekeeper share those there"
		    " are: %s", db_problem(db));
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
	pool->full = !well && pool->idle_count + pool->lent > 0;
	if (well && !pool->failing)
		backoff_reset(&pool->backoff);
	if (well)
		note_well(pool, db, clock_ms());
	else
		note_unwell(pool, db);
}

/* One that is suspect or swollen, or, now and then, the one that has been idle longest; -1: none. */
static int
idle_to_check(struct pool *pool, int64_t now)
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
	struct db *db = pool_remove_idle(pool, i);
	bool well;

	db_set_end(db, &pool->end);
	pool->next_check = clock_ms() + CHECK_PERIOD;
	if (!pool_wants_more(pool) && clock_ms() - since > SURPLUS_TIME) {
		db_free(db);
		return;
	}
	pthread_mutex_unlock(&pool->mutex);
	well = db_connect(db, clock_ms() + CHECK_TIME) && db_check(db, clock_ms() + CHECK_TIME);
	pthread_mutex_lock(&pool->mutex);
	if (well) {
		note_well(pool, db, since);
	} else {
		pool_suspect_all(pool);
		note_unwell(pool, db);
	}
}

static void *
run(void *argument)
{
	struct pool *pool = argument;

	pthread_mutex_lock(&pool->mutex);
	while (!pool->stopping) {
		int64_t now = clock_ms();
		int i = idle_to_check(pool, now);

		if (i >= 0)
			check_one(pool, i);
		else if (!pool_wants_more(pool))
			pool_wait_until(pool, now + CHECK_PERIOD);
		else if (backoff_allows(&pool->backoff))
			connect_one(pool);
		else
			pool_wait_until(pool, pool->backoff.next);
	}
	pool->stopped = true;
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->mutex);
	return NULL;
}

/* --- its life ------------------------------------------------------------------------------------------------ */

/* A metrics_collect. */
static void
collect(void *pool)
{
	metrics_set(METRIC_DATABASE_UP, pool_is_up(pool));
}

static struct db_end
no_end(void)
{
	struct db_end end = { .at = INT64_MAX, .descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };

	if (end.descriptor == -1)
		log_fatal("cannot start: %s", strerror(errno));
	return end;
}

static void
set_end(struct db_end *end, int64_t at)
{
	static const uint64_t one = 1;

	end->at = at;
	(void)!write(end->descriptor, &one, sizeof one);
}

struct pool *
pool_start(const char *conninfo, const char *call_timezone, int writers)
{
	enum { BACKGROUND_BORROWERS = 2 };      /* replay and housekeeper */
	struct pool *pool = memory_zalloc(sizeof *pool);

	pool->conninfo = conninfo;
	pool->call_timezone = call_timezone;
	pool->writers = writers;
	pool->end_at = INT64_MAX;
	pool->end = no_end();
	pool->background_end = no_end();
	pool->idle = memory_resize(NULL, (size_t)writers + BACKGROUND_BORROWERS + 1, sizeof *pool->idle);
	TAILQ_INIT(&pool->waiters);
	pool->lost_at = clock_ms();
	backoff_init(&pool->backoff, BACKOFF_MAX);
	pthread_mutex_init(&pool->mutex, NULL);
	thread_cond_init(&pool->changed);
	metrics_register(collect, pool);
	pool->thread = thread_start(run, pool, "the pool");
	return pool;
}

void
pool_end_pushes(struct pool *pool)
{
	pthread_mutex_lock(&pool->mutex);
	pool->writers = 0;
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->mutex);
}

void
pool_end_background(struct pool *pool, int64_t at)
{
	pthread_mutex_lock(&pool->mutex);
	pool->end_at = at;
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->mutex);
	set_end(&pool->background_end, at + END_TIME);
}

/* Looking up a name cannot be cut short: the thread that does it ends with the process. */
static bool
join(struct pool *pool)
{
	int64_t end = clock_ms() + JOIN_TIME;
	bool stopped;

	pthread_mutex_lock(&pool->mutex);
	pool->stopping = true;
	set_end(&pool->end, clock_ms());
	pthread_cond_broadcast(&pool->changed);
	while (!pool->stopped && clock_ms() < end)
		pool_wait_until(pool, end);
	stopped = pool->stopped;
	pthread_mutex_unlock(&pool->mutex);
	if (stopped)
		pthread_join(pool->thread, NULL);
	else
		pthread_detach(pool->thread);
	return stopped;
}

void
pool_stop(struct pool *pool)
{
	metrics_unregister(pool);
	if (!join(pool))
		return;
	while (pool->idle_count > 0)
		db_free(pool_remove_idle(pool, pool->idle_count - 1));
	close(pool->end.descriptor);
	close(pool->background_end.descriptor);
	pthread_cond_destroy(&pool->changed);
	pthread_mutex_destroy(&pool->mutex);
	memory_free(pool->idle);
	memory_free(pool);
}
