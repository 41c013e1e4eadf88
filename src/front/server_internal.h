/*
 * What the files of the server share: server.c (its start and end), accept.c (new connections), serve.c (the others)
 * and events.c (what its threads hear of).  Each calls only those after it in this list.
 */
#ifndef SERVER_INTERNAL_H
#define SERVER_INTERNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "front/connection.h"
#include "front/listen.h"
#include "front/request.h"
#include "front/server.h"

struct server {
	struct listener      *listener;
	const struct service *service;
	int                   epoll;
	int                   stopping;        /* an eventfd: readable once the threads are to end */
	int                   ringing;         /* a timerfd: readable when the watchdog is to be rung; -1: never */
	int                   timer;           /* a timerfd: readable when something expires */
	int                   thread_count;
	pthread_t            *threads;
	int                   connections_max;
	struct log_limit      accept_logged, full_logged, path_logged;

	/* with this mutex held, no other is taken but those of malloc and of the log */
	pthread_mutex_t       mutex;
	pthread_cond_t        emptied;         /* no connection is left */
	struct connections    connections;
	int64_t               timer_at;        /* clock_ms(); CONNECTION_NEVER: it does not run */
	int64_t               accept_at;       /* clock_ms() to accept again after an error, or CONNECTION_NEVER */
	int64_t               look_at;         /* clock_ms() to look at its path; CONNECTION_NEVER: when it changes */
	bool                  full;            /* no connection is accepted until one is closed */
	bool                  deaf;            /* no connection is accepted any more */
	bool                  closing;         /* connections are closed after their next answer */
};

/* --- accept.c ----------------------------------------------------------------------------------------------- */

/* Accepts a connection, if it may, and serves it. */
void server_accept(struct server *server);

/* With the mutex: a new connection, which is this thread's; NULL when none waits, or, logged, at an error. */
struct connection *server_accept_one(struct server *server);

/* Makes the socket anew when its path was removed or replaced. */
void server_look_at_listener(struct server *server);

/* --- serve.c ------------------------------------------------------------------------------------------------ */

/* Goes on in state with a connection that this thread has, until nothing more has come. */
void server_serve(struct server *server, struct connection *connection, enum connection_state state);

/* Goes on with a connection that an event names, unless the event is old, or another thread has it. */
void server_serve_event(struct server *server, struct connection *connection);

/* Writes the answers to all pushes that have an outcome. */
void server_answer(struct server *server);

/* Ends the states of the connections whose time is up. */
void server_expire(struct server *server);

/* With the mutex: has a thread hear when something comes over the connection, which is in state from here on. */
void server_watch_connection(struct server *server, struct connection *connection, enum connection_state state);

/* With the mutex: frees its request, and lets others have its place. */
void server_close_connection(struct server *server, struct connection *connection);

/* --- events.c ----------------------------------------------------------------------------------------------- */

/*
 * epoll_ctl(2) for a descriptor whose events name subject: its connection, or the member of struct server that stands
 * for it.
 */
bool server_watch(struct server *server, int operation, int descriptor, uint32_t events, void *subject)
    __attribute__((warn_unused_result));

/* With the mutex: has one thread hear of the next connection that is made. */
void server_watch_listener(struct server *server);

/* With the mutex: has the timer expire at that clock_ms() at the latest; CONNECTION_NEVER changes nothing. */
void server_set_timer(struct server *server, int64_t at);

#endif
