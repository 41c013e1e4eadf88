/* The pool: who gets a connection when, and what is known of the database. */
#include <string.h>
#include <sys/param.h>

#include "base/clock.h"
#include "base/thread.h"
#include "db/pool_internal.h"

enum {
	AWAY_AFTER = 500,       /* milliseconds without any connection, after which pushes go elsewhere */
	BACKGROUND_TIME = 2000, /* milliseconds that the background's connection counts where no more can be had */
	REFUSALS = 2,           /* failures one after another, after which the database is said to take no pushes */
	REFUSED_TIME = 10 * 1000,   /* milliseconds after which it may: perhaps no push comes because of what is said */
};

/* --- whether it is there ------------------------------------------------------------------------------------- */

/*
 * One that is lent to the background does not count, since it may hang for a minute before that is known: where no
 * more can be had, and it may be the only one, not for long.
 */
int
pool_well_count(const struct pool *pool)
{
	bool shared = pool->full && clock_ms() - pool->background_since < BACKGROUND_TIME;
	int count = shared ? pool->lent : pool->lent - pool->lent_background;

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
	return pool->lost_at != 0 && (pool->failed || now - pool->lost_at >= AWAY_AFTER);
}

/* Whether it lets everybody in and stores nothing, as without a privilege. */
static bool
refuses_pushes(const struct pool *pool, int64_t now)
{
	return pool->refusals >= REFUSALS && now - pool->refused_at < REFUSED_TIME;
}

bool
pool_wants_more(const struct pool *pool)
{
	int wanted = pool->writers + pool->lent_background;
	const struct waiter *waiter;

	TAILQ_FOREACH(waiter, &pool->waiters, link)
		wanted += waiter->use == POOL_BACKGROUND;
	return pool->idle_count + pool->lent < wanted;
}

/* --- idle connections ---------------------------------------------------------------------------------------- */

struct db *
pool_remove_idle(struct pool *pool, int i)
{
	struct db *db = pool->idle[i].db;

	memmove(&pool->idle[i], &pool->idle[i + 1], (size_t)(--pool->idle_count - i) * sizeof *pool->idle);
	return db;
}

void
pool_insert_idle(struct pool *pool, int i, struct db *db, int64_t since)
{
	memmove(&pool->idle[i + 1], &pool->idle[i], (size_t)(pool->idle_count++ - i) * sizeof *pool->idle);
	pool->idle[i] = (struct idle){ .db = db, .since = since };
}

void
pool_suspect_all(struct pool *pool)
{
	for (int i = 0; i < pool->idle_count; i++)
		pool->idle[i].suspect = true;
}

/* --- lending ------------------------------------------------------------------------------------------------- */

/* Whether there is a connection beyond those of the writers; where no more can be had, one of theirs will do. */
static bool
has_surplus(const struct pool *pool)
{
	return pool->idle_count + pool->lent - pool->lent_background > pool->writers ||
	    (pool->full && pool->lent_background == 0);
}

/* Whether it is self's turn: pushes come before the background, and among equals whoever asked first. */
static bool
is_next(const struct pool *pool, const struct waiter *self)
{
	bool background = self->use == POOL_BACKGROUND, before = true;
	const struct waiter *waiter;

	if (background && !has_surplus(pool))
		return false;
	TAILQ_FOREACH(waiter, &pool->waiters, link) {
		if (waiter == self)
			before = false;
		else if ((waiter->use == POOL_BACKGROUND) == background ? before : background)
			return false;
	}
	return true;
}

/* NULL when it is somebody else's turn, or no idle connection works. */
static struct db *
take(struct pool *pool, const struct waiter *self)
{
	for (int i = pool->idle_count - 1; i >= 0 && is_next(pool, self); i--) {
		struct db *db;

		if (pool->idle[i].suspect)
			continue;
		db = pool_remove_idle(pool, i);
		if (db_is_alive(db))
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

/* False when there is nothing to wait for any more. */
static bool
wait_for_turn(struct pool *pool, enum pool_use use, int64_t deadline)
{
	int64_t now = clock_ms();

	if (use == POOL_BACKGROUND)
		deadline = MIN(deadline, pool->end_at);
	if (now >= deadline || (use == POOL_PUSH && is_away(pool, now)))
		return false;
	if (use == POOL_PUSH && pool->lost_at != 0)
		deadline = MIN(deadline, pool->lost_at + AWAY_AFTER);
	/* see thread.h */
	pool_wait_until(pool, MIN(deadline, now + 3600 * 1000));
	return true;
}

static void
leave_line(struct pool *pool, struct waiter *self)
{
	TAILQ_REMOVE(&pool->waiters, self, link);
	if (!TAILQ_EMPTY(&pool->waiters))
		pthread_cond_broadcast(&pool->changed);
}

struct db *
pool_borrow(struct pool *pool, enum pool_use use, int64_t deadline)
{
	struct waiter self = { .use = use };
	struct db *db;

	pthread_mutex_lock(&pool->mutex);
	TAILQ_INSERT_TAIL(&pool->waiters, &self, link);
	if (pool_wants_more(pool))
		pthread_cond_broadcast(&pool->changed);
	do
		db = take(pool, &self);
	while (db == NULL && wait_for_turn(pool, use, deadline));
	leave_line(pool, &self);
	if (db != NULL)
		db_set_end(db, use == POOL_BACKGROUND ? &pool->background_end : NULL);
	pool->lent += db != NULL;
	if (db != NULL && use == POOL_BACKGROUND) {
		pool->lent_background++;
		pool->background_since = clock_ms();
	}
	pthread_mutex_unlock(&pool->mutex);
	return db;
}

static void
note_stored(struct pool *pool)
{
	pool->stored_count++;
	/* not after each push: a server that is full must not be stormed */
	if (pool->failing)
		backoff_reset(&pool->backoff);
	pool->failing = false;
	pool->refusals = 0;
	outage_end(&pool->outage, clock_ms());
}

/* In the background the cause may be what was tried on the connection, which its borrower logs: no outage then. */
static void
note_broken(struct pool *pool, enum pool_use use, const struct db *db)
{
	pool_suspect_all(pool);
	if (!db_failed_unexplained(db) && (use != POOL_BACKGROUND || pool->refusals > 0)) {
		pool->refusals++;
		pool->refused_at = clock_ms();
	}
	if (use != POOL_BACKGROUND) {
		outage_note(&pool->outage, db_problem(db), clock_ms());
		/* a database that lets everybody in and stores nothing must not be stormed */
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
		pool_insert_idle(pool, pool->idle_count, db, clock_ms());
		if (pool->lost_at != 0)
			pool_note_change(pool);
		else if (!TAILQ_EMPTY(&pool->waiters))
			pthread_cond_broadcast(&pool->changed);
	} else {
		note_broken(pool, use, db);
		db_free(db);
	}
	pthread_mutex_unlock(&pool->mutex);
}

/* --- questions ----------------------------------------------------------------------------------------------- */

bool
pool_is_up(struct pool *pool)
{
	int64_t now = clock_ms();
	bool up;

	pthread_mutex_lock(&pool->mutex);
	up = pool->known && !is_away(pool, now) && !refuses_pushes(pool, now);
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
