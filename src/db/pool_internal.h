/*
 * What the two files of the pool share: pool.c lends, and knows the state of the database; pool_thread.c has the pool's
 * life and its thread.  Functions here are called with the pool's mutex held.
 */
#ifndef POOL_INTERNAL_H
#define POOL_INTERNAL_H

#include <pthread.h>
#include <sys/queue.h>

#include "base/backoff.h"
#include "base/log.h"
#include "db/outage.h"
#include "db/pool.h"

/* An idle connection. */
struct idle {
	struct db *db;
	int64_t    since;           /* clock_ms() when it was made or last returned */
	bool       suspect;         /* another connection broke: not lent before the server has answered on it */
};

struct waiter {
	enum pool_use       use;
	TAILQ_ENTRY(waiter) link;
};

struct pool {
	const char       *conninfo;
	const char       *call_timezone;
	int               writers;
	struct db_end     end;      /* of the thread's exchanges with the server */
	struct db_end     background_end;   /* of the background's */

	pthread_mutex_t   mutex;    /* guards all below */
	pthread_cond_t    changed;  /* what waiters and the thread wait for */
	struct idle      *idle;     /* the last returned on top */
	int               idle_count;
	int               lent, lent_background;   /* all that are lent, and those of the background */
	int64_t           background_since; /* clock_ms() when the background was lent one last */
	TAILQ_HEAD(, waiter) waiters;   /* in the order in which they came */
	int64_t           next_check;   /* clock_ms() of the next look at an idle connection */
	int64_t           lost_at;  /* clock_ms() when the last connection was lost; 0: there is a well one */
	bool              failed;   /* the last try to connect failed */
	bool              full;     /* it did although there are connections: the server lets no more in */
	bool              failing;  /* pushes failed on connections, and nothing was stored since */
	int               refusals; /* how often storing pushes broke a connection since something was stored */
	int64_t           refused_at;   /* clock_ms() of the last time */
	bool              known;    /* there has been a connection */
	int64_t           end_at;   /* clock_ms() from which the background gets no connection */
	bool              stopping, stopped;
	int64_t           stored_count;
	struct outage     outage;
	struct backoff    backoff;  /* between two tries to connect */
	struct log_limit  fewer;    /* of the line that there are fewer connections than are wanted */
	pthread_t         thread;
};

/* To be called whenever a connection comes, goes or becomes suspect: wakes all that wait. */
void pool_note_change(struct pool *pool);

/*
 * How many connections are well: lent to pushes, or idle and not suspect; where the server lets no more in, for a while
 * also those lent to the background.
 */
int pool_well_count(const struct pool *pool);

/* Whether the writers and the background need more connections than there are. */
bool pool_wants_more(const struct pool *pool);

/* Takes idle[i] out of the array, and inserts a connection as idle[i]. */
struct db *pool_remove_idle(struct pool *pool, int i);
void pool_insert_idle(struct pool *pool, int i, struct db *db, int64_t since);

/* Marks all idle connections suspect: a server that has lost one has mostly lost all, so each has to answer first. */
void pool_suspect_all(struct pool *pool);

/* Waits until something may have changed, or until time (clock_ms, ms). */
void pool_wait_until(struct pool *pool, int64_t time);

#endif
