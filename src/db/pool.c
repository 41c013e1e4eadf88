/* The connections to the database: lent, asked, made anew, and what the log says of the database. */
#include "db/pool.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/clock_ahead.h"
#include "base/log.h"
#include "base/log_limit.h"
#include "base/memory.h"
#include "base/thread.h"
#include "db/outage.h"
#include "metrics/metrics.h"

enum {                              /* milliseconds */
	CONNECT_TIME = 5 * 1000,    /* for the checks of a new connection */
	CHECK_TIME = 1000,          /* for an idle one to answer */
	CHECK_PERIOD = 1000,
	QUICK = 500,                /* without any connection, after which pushes go elsewhere */
	SURPLUS_TIME = 60 * 1000,   /* after which an idle connection is closed that nobody needs */
	BACKOFF_MAX = 1000,
	END_TIME = 2000,            /* for what goes on when the end has come */
	FEWER_PAUSE = 60 * 1000,
};

struct seat {
	struct db *db;
	int64_t    since;           /* clock_monotonic() when it was last lent or made */
	bool       suspect;         /* another one has broken: not lent before it has answered */
};

struct waiter {
	enum pool_use  use;
	struct waiter *next;
};

struct pool {
	const char       *conninfo;
	const char       *call_timezone;
	int               writers;
	struct db_end     end;      /* of all exchanges with the server */

	pthread_mutex_t   mutex;    /* guards all below; taken last, but for the log's */
	pthread_cond_t    changed;  /* what a waiter or the thread wait for */
	struct seat      *idle;     /* the last lent on top */
	int               idle_count;
	int               lent, lent_background;   /* lent: with those */
	struct waiter    *waiters;  /* in the order in which they came */
	int64_t           next_check;
	int64_t           lost_at;  /* when the last connection was lost; 0: there is one, not suspect */
	bool              failed;   /* the last try to connect failed */
	bool              failing;  /* pushes failed on connections, and nothing was stored since */
	bool              known;    /* there was a connection once */
	int64_t           end_at;   /* clock_monotonic() from which nobody gets a connection */
	bool              stopping, stopped;
	int64_t           stored_count;
	struct outage     outage;
	struct backoff    backoff;  /* between two tries to connect */
	struct log_limit  fewer;
	pthread_t         thread;
};

/* --- whether it is there ------------------------------------------------------------------------------------- */

static int
well_count(const struct pool *pool)
{
	int count = pool->lent;

	for (int i = 0; i < pool->idle_count; i++)
		count += !pool->idle[i].suspect;
	return count;
}

/* To be called after each change of what there is. */
static void
note_change(struct pool *pool)
{
	if (well_count(pool) > 0)
		pool->lost_at = 0;
	else if (pool->lost_at == 0)
		pool->lost_at = clock_monotonic();
	pthread_cond_broadcast(&pool->changed);
}

static bool
is_away(const struct pool *pool, int64_t now)
{
	return pool->lost_at != 0 && (pool->failed || now - pool->lost_at >= QUICK);
}

static bool
wants_more(const struct pool *pool)
{
	int wanted = pool->writers + pool->lent_background;

	for (const struct waiter *waiter = pool->waiters; waiter != NULL; waiter = waiter->next)
		wanted += waiter->use == POOL_BACKGROUND;
	return pool->idle_count + pool->lent < wanted;
}

/* --- seats --------------------------------------------------------------------------------------------------- */

static struct db *
leave_seat(struct pool *pool, int i)
{
	struct db *db = pool->idle[i].db;

	memmove(&pool->idle[i], &pool->idle[i + 1], (size_t)(--pool->idle_count - i) * sizeof *pool->idle);
	return db;
}

static void
take_seat(struct pool *pool, int i, struct db *db, int64_t since)
{
	memmove(&pool->idle[i + 1], &pool->idle[i], (size_t)(pool->idle_count++ - i) * sizeof *pool->idle);
	pool->idle[i] = (struct seat){ .db = db, .since = since };
}

/* A server that has lost one connection has mostly lost all. */
static void
suspect_all(struct pool *pool)
{
	for (int i = 0; i < pool->idle_count; i++)
		pool->idle[i].suspect = true;
}

/* --- lending ------------------------------------------------------------------------------------------------- */

static bool
is_next(const struct pool *pool, const struct waiter *self)
{
	bool background = self->use == POOL_BACKGROUND, before = true;

	if (background && pool->idle_count + pool->lent - pool->lent_background <= pool->writers)
		return false;
	for (const struct waiter *waiter = pool->waiters; waiter != NULL; waiter = waiter->next) {
		if (waiter == self)
			before = false;
		else if ((waiter->use == POOL_BACKGROUND) == background ? before : background)
			return false;
	}
	return true;
}

/* NULL when it is somebody else's turn, or none is there. */
static struct db *
take(struct pool *pool, const struct waiter *self)
{
	for (int i = pool->idle_count - 1; i >= 0 && is_next(pool, self); i--) {
		struct db *db;

		if (pool->idle[i].suspect)
			continue;
		db = leave_seat(pool, i);
		if (db_stands(db))
			return db;
		db_free(db);
		suspect_all(pool);
		note_change(pool);
	}
	return NULL;
}

static void
wait_until(struct pool *pool, int64_t time)
{
	const struct timespec end = { .tv_sec = time / 1000, .tv_nsec = time % 1000 * 1000000 };

	pthread_cond_timedwait(&pool->changed, &pool->mutex, &end);
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Waits until something may have changed.  False when there is nothing to wait for any more. */
static bool
wait_for_turn(struct pool *pool, enum pool_use use, int64_t deadline)
{
	int64_t now = clock_monotonic();

	deadline = earlier(deadline, pool->end_at);
	if (now >= deadline || (use == POOL_PUSH && is_away(pool, now)))
		return false;
	if (use == POOL_PUSH && pool->lost_at != 0)
		deadline = earlier(deadline, pool->lost_at + QUICK);
	/* pthread_cond_timedwait cannot wait for ever */
	wait_until(pool, earlier(deadline, now + 3600 * 1000));
	return true;
}

static void
leave_line(struct pool *pool, struct waiter *self)
{
	struct waiter **link = &pool->waiters;

	while (*link != self)
		link = &(*link)->next;
	*link = self->next;
	if (pool->waiters != NULL)
		pthread_cond_broadcast(&pool->changed);
}

struct db *
pool_borrow(struct pool *pool, enum pool_use use, int64_t deadline)
{
	struct waiter self = { .use = use }, **link = &pool->waiters;
	struct db *db;

	pthread_mutex_lock(&pool->mutex);
	while (*link != NULL)
		link = &(*link)->next;
	*link = &self;
	if (wants_more(pool))
		pthread_cond_broadcast(&pool->changed);
	do
		db = take(pool, &self);
	while (db == NULL && wait_for_turn(pool, use, deadline));
	leave_line(pool, &self);
	pool->lent += db != NULL;
	pool->lent_background += db != NULL && use == POOL_BACKGROUND;
	pthread_mutex_unlock(&pool->mutex);
	return db;
}

static void
note_stored(struct pool *pool)
{
	pool->stored_count++;
	pool->failing = false;
	backoff_reset(&pool->backoff);
	outage_end(&pool->outage, clock_monotonic());
}

/* What fails in the background may be the fault of what it tried: that is for the borrower to log. */
static void
note_broken(struct pool *pool, enum pool_use use, const char *reason)
{
	suspect_all(pool);
	if (use != POOL_BACKGROUND) {
		outage_note(&pool->outage, reason, clock_monotonic());
		/* not stormed: a database may let everybody in and store nothing */
		pool->failed = pool->failing;
		pool->failing = true;
	}
	note_change(pool);
}

void
pool_return(struct pool *pool, enum pool_use use, struct db *db, bool stored)
{
	pthread_mutex_lock(&pool->mutex);
	pool->lent--;
	pool->lent_background -= use == POOL_BACKGROUND;
	if (stored)
		note_stored(pool);
	if (db_is_connected(db)) {
		take_seat(pool, pool->idle_count, db, clock_monotonic());
		if (pool->waiters != NULL)
			pthread_cond_broadcast(&pool->changed);
	} else {
		note_broken(pool, use, db_problem(db));
		db_free(db);
	}
	pthread_mutex_unlock(&pool->mutex);
}

/* --- the thread ---------------------------------------------------------------------------------------------- */

static void
note_well(struct pool *pool, struct db *db, int64_t since)
{
	clock_set_ahead(db_clock_ahead(db));
	take_seat(pool, 0, db, since);
	pool->known = true;
	pool->failed = false;
	if (!pool->failing) {
		backoff_reset(&pool->backoff);
		outage_end(&pool->outage, clock_monotonic());
	}
	note_change(pool);
}

static void
note_unwell(struct pool *pool, struct db *db)
{
	int64_t now = clock_monotonic();

	pool->failed = true;
	if (pool->end_at != INT64_MAX)
		;    /* the end has cut it short */
	else if (well_count(pool) == 0)
		outage_note(&pool->outage, db_problem(db), now);
	else if (log_limit_allows(&pool->fewer, FEWER_PAUSE))
		log_warning("database: fewer connections than writers, pushes share them: %s", db_problem(db));
	db_free(db);
	note_change(pool);
}

static void
connect_one(struct pool *pool)
{
	struct db *db = db_new(pool->conninfo, pool->call_timezone);
	bool well;

	db_set_end(db, &pool->end);
	pthread_mutex_unlock(&pool->mutex);
	well = db_connect(db, clock_monotonic() + CONNECT_TIME) && db_check(db, clock_monotonic() + CONNECT_TIME);
	pthread_mutex_lock(&pool->mutex);
	if (well)
		note_well(pool, db, clock_monotonic());
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
	struct db *db = leave_seat(pool, i);
	bool well;

	pool->next_check = clock_monotonic() + CHECK_PERIOD;
	if (!wants_more(pool) && clock_monotonic() - since > SURPLUS_TIME) {
		db_free(db);
		return;
	}
	pthread_mutex_unlock(&pool->mutex);
	db_slim(db);
	well = db_connect(db, clock_monotonic() + CHECK_TIME) && db_check(db, clock_monotonic() + CHECK_TIME);
	pthread_mutex_lock(&pool->mutex);
	if (well) {
		note_well(pool, db, since);
	} else {
		suspect_all(pool);
		note_unwell(pool, db);
	}
}

static void *
run(void *argument)
{
	struct pool *pool = argument;

	pthread_mutex_lock(&pool->mutex);
	while (!pool->stopping) {
		int64_t now = clock_monotonic();
		int i = seat_to_check(pool, now);

		if (i >= 0)
			check_one(pool, i);
		else if (!wants_more(pool))
			wait_until(pool, now + CHECK_PERIOD);
		else if (backoff_is_over(&pool->backoff))
			connect_one(pool);
		else
			wait_until(pool, pool->backoff.next);
	}
	pool->stopped = true;
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->mutex);
	return NULL;
}

/* --- questions and its life ---------------------------------------------------------------------------------- */

bool
pool_is_up(struct pool *pool)
{
	bool up;

	pthread_mutex_lock(&pool->mutex);
	up = pool->known && !is_away(pool, clock_monotonic());
	pthread_mutex_unlock(&pool->mutex);
	return up;
}

int64_t
pool_stored_count(struct pool *pool)
{
	int64_t count;

	pthread_mutex_lock(&pool->mutex);
	count = pool->stored_count;
	pthread_mutex_unlock(&pool->mutex);
	return count;
}

void
pool_count_spooled(struct pool *pool, int count)
{
	pthread_mutex_lock(&pool->mutex);
	outage_count_spooled(&pool->outage, count);
	pthread_mutex_unlock(&pool->mutex);
}

/* A metrics_collect. */
static void
collect(void *pool)
{
	metrics_set(METRIC_DATABASE_UP, pool_is_up(pool));
}

struct pool *
pool_start(const char *conninfo, const char *call_timezone, int writers)
{
	enum { BACKGROUND_BORROWERS = 2 };      /* replay and housekeeper */
	struct pool *pool = memory_zalloc(sizeof *pool);
	pthread_condattr_t monotonic;

	pool->conninfo = conninfo;
	pool->call_timezone = call_timezone;
	pool->writers = writers;
	pool->end.at = pool->end_at = INT64_MAX;
	pool->end.descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (pool->end.descriptor == -1)
		log_fatal("cannot serve: %s", strerror(errno));
	pool->idle = memory_resize(NULL, (size_t)writers + BACKGROUND_BORROWERS + 1, sizeof *pool->idle);
	pool->lost_at = clock_monotonic();
	backoff_init(&pool->backoff, BACKOFF_MAX);
	pthread_mutex_init(&pool->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	metrics_register(collect, pool);
	pool->thread = thread_start(run, pool, "the pool");
	return pool;
}

void
pool_end(struct pool *pool, int64_t at)
{
	static const uint64_t one = 1;

	pthread_mutex_lock(&pool->mutex);
	pool->end_at = at;
	pool->end.at = at + END_TIME;
	pool->writers = 0;
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->mutex);
	(void)!write(pool->end.descriptor, &one, sizeof one);
}

/* Looking up a name cannot be cut short: such a thread ends with the process. */
static bool
join(struct pool *pool)
{
	int64_t end = clock_monotonic() + END_TIME;
	bool stopped;

	pthread_mutex_lock(&pool->mutex);
	pool->stopping = true;
	pthread_cond_broadcast(&pool->changed);
	while (!pool->stopped && clock_monotonic() < end)
		wait_until(pool, end);
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
		db_free(leave_seat(pool, pool->idle_count - 1));
	close(pool->end.descriptor);
	pthread_cond_destroy(&pool->changed);
	pthread_mutex_destroy(&pool->mutex);
	memory_free(pool->idle);
	memory_free(pool);
}
