/*
 * What the files of the server share: server.c (start, end, and which event calls what), accept.c (new connections),
 * serve.c (the other connections) and events.c (the epoll set and the timer).  Each calls only those after it.
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

/* What an event of the epoll set is about; any other value is the address of a connection. */
enum server_event {
	SERVER_LISTENER,         /* a connection may be accepted */
	SERVER_LISTENER_PATH,    /* something happened in the folder of the listening socket */
	SERVER_OUTCOMES,         /* pushes have outcomes */
	SERVER_TIMER,            /* something expires */
	SERVER_WATCHDOG,         /* the watchdog is to be rung */
	SERVER_STOPPING,         /* the threads are to end */
};

struct server {
	struct listener      *listener;
	const struct service *service;
	int                   epoll;
	int                   stopping;        /* an eventfd */
	int                   watchdog_timer;  /* a timerfd; -1: nobody watches */
	int                   timer;           /* a timerfd */
	int                   thread_count;
	pthread_t            *threads;
	int                   connections_max;
	struct log_limit      accept_logged, full_logged, path_logged;

	/* with this mutex held, no other is taken but those of malloc and of the log */
	pthread_mutex_t       mutex;
	pthread_cond_t        emptied;         /* no connection is left */
	struct connections    connections;
	int64_t               timer_at;        /* clock_ms() when timer expires; CONNECTION_NEVER: it is not set */
	int64_t               accept_at;       /* clock_ms() to accept again after an error, or CONNECTION_NEVER */
	int64_t               look_at;         /* clock_ms() to look at the socket's path again, or CONNECTION_NEVER */
	bool                  full;            /* no connection is accepted until one is closed */
	bool                  deaf;            /* no connection is accepted any more */
	bool                  closing;         /* connections are closed after their next answer */
};

/* --- accept.c ----------------------------------------------------------------------------------------------- */

/* Accepts a connection, unless there are too many, and serves it. */
void server_accept(struct server *server);

/* With the mutex: accepts a connection, which this thread then has.  NULL when none waits or, logged, at an error. */
struct connection *server_accept_one(struct server *server);

/* Looks at the listener's path, and makes the socket anew when it was removed or replaced. */
void server_look_at_listener(struct server *server);

/* --- serve.c ------------------------------------------------------------------------------------------------ */

/* Serves a connection that this thread has, from state on, as long as it has input; then lets go of it. */
void server_serve(struct server *server, struct connection *connection, enum connection_state state);

/* Serves the connection that an event names, unless the event is old or another thread has the connection. */
void server_serve_event(struct server *server, struct connection *connection);

/* Writes the answers to all pushes that have an outcome. */
void server_answer(struct server *server);

/*
 * Moves a connection whose time is up on to its next state.  The timer is set for the next one before: it wakes another
 * thread, since this one may be held up while it stores a push.
 */
void server_expire(struct server *server);

/* With the mutex: puts a connection into state, and lets its next input wake a thread. */
void server_watch_connection(struct server *server, struct connection *connection, enum connection_state state);

/* With the mutex: closes a connection, frees its request, and gives its slot to those that wait. */
void server_close_connection(struct server *server, struct connection *connection);

/* --- events.c ----------------------------------------------------------------------------------------------- */

/* epoll_ctl(2) for a descriptor.  subject: an enum server_event, or the address of a connection. */
bool server_watch(struct server *server, int operation, int descriptor, uint32_t events, uintptr_t subject)
    __attribute__((warn_unused_result));

/* With the mutex: lets the next new connection wake one thread. */
void server_watch_listener(struct server *server);

/* With the mutex: makes the timer expire at the time at (clock_ms()) or earlier.  CONNECTION_NEVER changes nothing. */
void server_set_timer(struct server *server, int64_t at);

#endif
