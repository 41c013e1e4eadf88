/*
 * What the files of the server share: server.c (its start and end), accept.c (new connections), serve.c (those there
 * are), events.c (what its threads hear of).  Each calls those behind it alone.
 */
#ifndef SERVER_INTERNAL_H
#define SERVER_INTERNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "front/connection.h"
#include "front/server.h"

struct server {
	struct listener      *listener;
	const struct service *service;
	int                   epoll;
	int                   stopping;        /* an eventfd: readable for ever once the threads are to end */
	int                   ringing;         /* a timerfd: readable when the watchdog is told; -1: nobody watches */
	int                   timer;           /* a timerfd: readable when something expires */
	int                   thread_count;
	pthread_t            *threads;
	int                   connections_max;
	struct log_limit      accept_logged, full_logged, path_logged;

	/* Under this one no other lock is taken but those of malloc and of the log. */
	pthread_mutex_t       mutex;
	pthread_cond_t        emptied;         /* no connection is left */
	struct connections    connections;
	int64_t               timer_at;        /* clock_ms(); CONNECTION_NEVER: it does not run */
	int64_t               accept_at;       /* when accepting goes on after an error; CONNECTION_NEVER: it does */
	int64_t               look_at;         /* when its path is looked at; CONNECTION_NEVER: when it changes */
	bool                  full;            /* no connection is accepted until one is closed */
	bool                  deaf;            /* nor any more at all */
	bool                  closing;         /* connections are closed after their next answer */
};

/* --- accept.c ----------------------------------------------------------------------------------------------- */

/* Accepts a connection, if there is room for one, and serves it. */
void server_accept(struct server *server);

/* With the mutex: a new connection, which is this thread's; NULL when none waits. */
struct connection *server_accept_one(struct server *server);

/* Puts the socket back where it can be reached, if its path has been removed or replaced. */
void server_look_at_listener(struct server *server);

/* --- serve.c ------------------------------------------------------------------------------------------------ */

/* Goes on with a connection that this thread has, in state, until nothing more has come. */
void server_serve(struct server *server, struct connection *connection, enum connection_state state);

/* Goes on with a connection that an event names, unless it is an old event, or somebody else has it. */
void server_serve_event(struct server *server, struct connection *connection);

/* Writes the answers that are to be had. */
void server_answer(struct server *server);

/* Ends what those connections do whose time is up. */
void server_expire(struct server *server);

/* With the mutex: puts a connection back among those that are read. */
void server_watch_connection(struct server *server, struct connection *connection, enum connection_state state);

/* With the mutex. */
void server_close_connection(struct server *server, struct connection *connection);

/* --- events.c ----------------------------------------------------------------------------------------------- */

/*
 * Has epoll_ctl(2) name subject in the events of a descriptor: its connection, or the place of the descriptor in struct
 * server.
 */
bool server_watch(struct server *server, int operation, int descriptor, uint32_t events, void *subject)
    __attribute__((warn_unused_result));

/* With the mutex: lets one thread hear of the next connection that is made. */
void server_watch_listener(struct server *server);

/* With the mutex: has the timer expire then, or earlier; never for CONNECTION_NEVER. */
void server_set_timer(struct server *server, int64_t at);

#endif
