/*
 * The connections to the database, and the one place that knows whether it is there.  A thread of its own connects, so
 * that looking up names and connecting take nobody else's time; it also asks idle connections whether they still work.
 * The start and the end of an outage are logged here.  All functions are safe in any thread.
 */
#ifndef POOL_H
#define POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "db/db.h"

struct pool;

enum pool_use {
	POOL_PUSH,          /* pushes wait that can go elsewhere: NULL as soon as the database is known to be away */
	POOL_LAST_RESORT,   /* pushes wait, and nothing else can take them */
	POOL_BACKGROUND,    /* nobody waits: only a connection beyond those for pushes is lent */
};

/*
 * Connects at once, and again whenever connections are lost: to as many as writers, and one more for each background
 * borrower while there is one.  conninfo and call_timezone must outlive it.
 */
struct pool *pool_start(const char *conninfo, const char *call_timezone, int writers);

/*
 * A connection that works as far as is known; each kind of use is served in its order, pushes first.  NULL when there
 * is none by the deadline (clock_ms, ms), or by the time of pool_end_background().  It must be returned.
 */
struct db *pool_borrow(struct pool *pool, enum pool_use use, int64_t deadline) __attribute__((warn_unused_result));

/* use: as borrowed.  stored: something was committed on it.  One that is not connected any more is thrown away. */
void pool_return(struct pool *pool, enum pool_use use, struct db *db, bool stored);

/* Whether the database takes pushes, as far as is known. */
bool pool_is_up(struct pool *pool);

/* How many borrowers have stored something since the start. */
int64_t pool_stored_count(struct pool *pool);

/* Pushes went to the spool because the database did not take them. */
void pool_count_spooled(struct pool *pool, int count);

/* No more pushes come: their connections are the background's. */
void pool_end_pushes(struct pool *pool);

/*
 * From at (clock_ms, ms) on the background gets no connection, and soon after that no exchange over one that it has
 * goes on.  Pushes go on.
 */
void pool_end_background(struct pool *pool, int64_t at);

/* When everything is returned.  Frees it, unless its thread is stuck connecting. */
void pool_stop(struct pool *pool);

#endif
