/* The connections to the database: who gets one when, and what is known of the database. */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/thread.h"
#include "db/pool_internal.h"
#include "metrics/metrics.h"

enum {                              /* milliseconds */
	QUICK = 500,                /* without any connection, after which pushes go elsewhere */
	BACKOFF_MAX = 1000,         /* between two tries to connect */
	END_TIME = 2000,            /* for what the background has begun when its end comes */
	JOIN_TIME = 100,            /* for the thread to end, unless it is stuck */
};

/* --- whether it is there ------------------------------------------------------------------------------------- */

/* One that the background has may hang for a minute before that is known: it says nothing. */
int
pool_well_count(const struct pool *pool)
{
	int count = pool->lent - pool->lent_background;

	for (int i = 0; i < pool->idle_count; i++)
		count += !pool->idle[i].suspect;
	return count;
}

void
pool_note_change(struct pool *pool)
{
	if (pool_well_count(pool) > 0)
		pool->lost_at = 0;
	else if (pool->lost_at == 0)
		pool->lost_at = clock_ms();
	pthread_cond_broadcast(&pool->changed);
}

static bool
is_away(const struct pool *pool, int64_t now)
{
	return pool->lost_at != 0 && (pool->failed || now - pool->lost_at >= QUICK);
}

bool
pool_wants_more(const struct pool *pool)
{
	int wanted = pool->writers + pool->lent_background;

	for (const struct waiter *waiter = pool->waiters; waiter != NULL; waiter = waiter->next)
		wanted += waiter->use == POOL_BACKGROUND;
	return pool->idle_count + pool->lent < wanted;
}

/* --- seats --------------------------------------------------------------------------------------------------- */

struct db *
pool_leave_seat(struct pool *pool, int i)
{
	struct db *db = pool->idle[i].db;

	memmove(&pool->idle[i], &pool->idle[i + 1], (size_t)(--pool->idle_count - i) * sizeof *pool->idle);
	return db;
}

void
pool_take_seat(struct pool *pool, int i, struct db *db, int64_t since)
{
	memmove(&pool->idle[i + 1], &pool->idle[i], (size_t)(pool->idle_count++ - i) * sizeof *pool->idle);
	pool->idle[i] = (struct seat){ .db = db, .since = since };
}

void
pool_suspect_all(struct pool *pool)
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
		db = pool_leave_seat(pool, i);
		if (db_stands(db))
			return db;
		db_free(db);
		pool_suspect_all(pool);
		pool_note_change(pool);
	}
	return NULL;
}

void
pool_wait_until(struct pool *pool, int64_t time)
{
	(void)thread_cond_wait(&pool->changed, &pool->mutex, time);
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
	int64_t now = clock_ms();

	if (use == POOL_BACKGROUND)
		deadline = earlier(deadline, pool->end_at);
	if (now >= deadline || (use == POOL_PUSH && is_away(pool, now)))
		return false;
	if (use == POOL_PUSH && pool->lost_at != 0)
		deadline = earlier(deadline, pool->lost_at + QUICK);
	/* pthread_cond_timedwait cannot wait for ever */
	pool_wait_until(pool, earlier(deadline, now + 3600 * 1000));
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
	if (pool_wants_more(pool))
		pthread_cond_broadcast(&pool->changed);
	do
		db = take(pool, &self);
	while (db == NULL && wait_for_turn(pool, use, deadline));
	leave_line(pool, &self);
	if (db != NULL)
		db_set_end(db, use == POOL_BACKGROUND ? &pool->background_end : NULL);
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
	outage_end(&pool->outage, clock_ms());
}

/* What fails in the background may be the fault of what it tried: that is for the borrower to log. */
static void
note_broken(struct pool *pool, enum pool_use use, const char *reason)
{
	pool_suspect_all(pool);
	if (use != POOL_BACKGROUND) {
		outage_note(&pool->outage, reason, clock_ms());
		/* not stormed: a database may let everybody in and store nothing */
		pool->failed = pool->failing;
		pool->failing = true;
	}
	pool_note_change(pool);
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
		pool_take_seat(pool, pool->idle_count, db, clock_ms());
		if (pool->lost_at != 0)
			pool_note_change(pool);
		else if (pool->waiters != NULL)
			pthread_cond_broadcast(&pool->changed);
	} else {
		note_broken(pool, use, db_problem(db));
		db_free(db);
	}
	pthread_mutex_unlock(&pool->mutex);
}

/* --- questions and its life ---------------------------------------------------------------------------------- */

bool
pool_is_up(struct pool *pool)
{
	bool up;

	pthread_mutex_lock(&pool->mutex);
	up = pool->known && !is_away(pool, clock_ms());
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
	pool->lost_at = clock_ms();
	backoff_init(&pool->backoff, BACKOFF_MAX);
	pthread_mutex_init(&pool->mutex, NULL);
	thread_cond_init(&pool->changed);
	metrics_register(collect, pool);
	pool->thread = thread_start(pool_run, pool, "the pool");
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

/* Looking up a name cannot be cut short: such a thread ends with the process. */
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
		db_free(pool_leave_seat(pool, pool->idle_count - 1));
	close(pool->end.descriptor);
	close(pool->background_end.descriptor);
	pthread_cond_destroy(&pool->changed);
	pthread_mutex_destroy(&pool->mutex);
	memory_free(pool->idle);
	memory_free(pool);
}
