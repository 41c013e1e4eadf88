/*
 * What the two files of the pool share.
 *
 *   pool.c         lending, and what is known of the database
 *   pool_thread.c  its life, and the thread that connects, and asks idle connections
 *
 * Functions here are called with the pool's mutex held.
 */
#ifndef POOL_INTERNAL_H
#define POOL_INTERNAL_H

#include <pthread.h>
#include <sys/queue.h>

#include "base/backoff.h"
#include "base/log.h"
#include "db/outage.h"
#include "db/pool.h"

struct seat {
	struct db *db;
	int64_t    since;           /* clock_ms() when it was last lent or made */
	bool       suspect;         /* another one has broken: not lent before it has answered */
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

	pthread_mutex_t   mutex;    /* guards all below; taken last, but for the log's */
	pthread_cond_t    changed;  /* what a waiter or the thread wait for */
	struct seat      *idle;     /* the last lent on top */
	int               idle_count;
	int               lent, lent_background;   /* lent: with those */
	TAILQ_HEAD(, waiter) waiters;   /* in the order in which they came */
	int64_t           next_check;
	int64_t           lost_at;  /* when the last connection was lost; 0: there is one, not suspect */
	bool              failed;   /* the last try to connect failed */
	bool              failing;  /* pushes failed on connections, and nothing was stored since */
	bool              known;    /* there was a connection once */
	int64_t           end_at;   /* clock_ms() from which the background gets no connection */
	bool              stopping, stopped;
	int64_t           stored_count;
	struct outage     outage;
	struct backoff    backoff;  /* between two tries to connect */
	struct log_limit  fewer;
	pthread_t         thread;
};

/* To be called after each change of what there is. */
void pool_note_change(struct pool *pool);

/* Connections that are lent to pushes, or idle and not suspect. */
int pool_well_count(const struct pool *pool);

/* Whether another connection is wanted. */
bool pool_wants_more(const struct pool *pool);

/* The connection of idle seat i, which is none of the pool's any more; and the way back, into the place of seat i. */
struct db *pool_leave_seat(struct pool *pool, int i);
void pool_take_seat(struct pool *pool, int i, struct db *db, int64_t since);

/* A server that has lost one connection has mostly lost all: idle ones are asked before they are lent. */
void pool_suspect_all(struct pool *pool);

/* Until something may have changed; time: clock_ms(). */
void pool_wait_until(struct pool *pool, int64_t time);

#endif
