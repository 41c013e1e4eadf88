/*
 * The connections to the database, and the one place that knows whether the database is there.  The pool's own thread
 * connects, so that no push waits while names are looked up, and asks idle connections whether they still work.  The
 * pool logs the start and the end of an outage.  All functions are safe in any thread.
 */
#ifndef POOL_H
#define POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "db/db.h"

struct pool;

enum pool_use {
	POOL_PUSH,          /* for pushes that can go elsewhere: NULL once the database is known to be away */
	POOL_LAST_RESORT,   /* for pushes that nothing else can take */
	POOL_BACKGROUND,    /* nobody waits: lends one beyond those for pushes, unless the server allows no more */
};

/*
 * Starts the pool.  It keeps as many connections as there are writers, and one more for each background borrower, and
 * replaces lost ones.  conninfo and call_timezone must outlive it.
 */
struct pool *pool_start(const char *conninfo, const char *call_timezone, int writers);

/*
 * Lends a connection that works as far as is known: to pushes before the background, and among equals to whoever asked
 * first.  NULL when there is none by the deadline (clock_ms, ms), or, in the background, by the time of
 * pool_end_background().
 */
struct db *pool_borrow(struct pool *pool, enum pool_use use, int64_t deadline) __attribute__((warn_unused_result));

/*
 * Takes db back, which was borrowed for that use, and frees it when its connection is lost.  stored: something was
 * committed on it.
 */
void pool_return(struct pool *pool, enum pool_use use, struct db *db, bool stored);

/* Whether the database takes pushes, as far as is known. */
bool pool_is_up(struct pool *pool);

/* How often a borrower has stored something since the start. */
int64_t pool_stored_count(struct pool *pool);

/* Pushes went to the spool because the database did not take them. */
void pool_count_spooled(struct pool *pool, int count);

/* No more pushes come: the background gets their connections. */
void pool_end_pushes(struct pool *pool);

/* From the time at (clock_ms, ms) on, the background gets no connection; soon after, its exchanges end. */
void pool_end_background(struct pool *pool, int64_t at);

/*
 * Ends its thread and frees it, once everything is returned.  If the thread is stuck connecting, both stay until the
 * process ends.
 */
void pool_stop(struct pool *pool);

#endif
