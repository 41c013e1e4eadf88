/*
 * A connection of the web server's.  Its state is the list it is on, and connection_move() alone moves it.
 *
 * While the server runs a connection is reused and never freed, because an old event may still name it.  A thread that
 * gets such an event leaves a connection of another state alone, and finds nothing to read in one of a fitting state.
 */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "front/fcgi.h"
#include "front/head.h"

struct gateway;
struct request;

enum connection_state {
	CONNECTION_UNUSED,       /* it has no descriptor */
	CONNECTION_SERVED,       /* a thread has it, and nobody else may touch it */

	CONNECTION_IDLE,         /* nothing of a head has come */
	CONNECTION_HEAD,         /* part of a head has come */
	CONNECTION_WAITING,      /* its push waits for a place in flight */
	CONNECTION_BODY,         /* its body is coming */
	CONNECTION_GROWING,      /* its body waits for memory */
	CONNECTION_IN_FLIGHT,    /* its push is with the writers */
	CONNECTION_DRAINING,     /* answered, and the rest of its body is coming */
	CONNECTION_LINGERING,    /* shut down; what still comes is thrown away, so that the answer arrives */
	CONNECTION_STATES
};

enum { CONNECTION_NEVER = 0 };

struct connection {
	enum connection_state state;
	TAILQ_ENTRY(connection) link;         /* on its list */
	int64_t            expires;           /* clock_ms(), or CONNECTION_NEVER */

	int                descriptor;
	bool               watched;           /* it is in the epoll set, armed or not */

	/* read and not used yet: in the buffer of the thread that has the connection, or in kept */
	struct slice       input;
	char              *kept;
	bool               dry;               /* the last read took all that had come */

	struct fcgi_reader reader;
	struct head        head;              /* until gateway has it */
	unsigned           id;                /* of the request */
	bool               keep;              /* the web server keeps it for another request */
	bool               ended;             /* nothing more of the body comes */
	bool               lost;              /* nothing more comes at all */
	struct gateway    *gateway;           /* until its answer is ended */
	struct request    *request;           /* until it is posted */
	size_t             drained;           /* bytes of its body */

	int64_t            since;             /* clock_ms() when its state began */
	bool               in_flight;         /* it has a place */
	size_t             reserved;          /* bytes that its body may allocate */
};

/*
 * All connections, and the places in flight.  The caller's mutex guards it, and of each connection the members above
 * descriptor; the rest is for the thread that has the connection, or, with the mutex, of one that no thread has.
 *
 * A place has room for a body of room_at_first bytes.  A larger body takes the rest from room_to_grow, which all share.
 */
struct connections {
	TAILQ_HEAD(connection_list, connection) lists[CONNECTION_STATES];
	int    count;                    /* of those with a descriptor */

	int    in_flight, in_flight_max;
	size_t room_at_first, room_to_grow;
	size_t grown;                    /* bytes of room_to_grow in use */
};

/* Makes it one without connections. */
void connection_init(struct connections *connections, int in_flight_max, size_t room_at_first, size_t room_to_grow);

/* One that is CONNECTION_UNUSED, made when there is none. */
struct connection *connection_new(struct connections *connections);

/* Frees what belongs to its request, and begins anew with that descriptor, on the list it is on. */
void connection_reset(struct connection *connection, int descriptor);

/* Moves it to the end of the list of state; one that expires goes behind those that expire no later. */
void connection_move(struct connections *connections, struct connection *connection, enum connection_state state,
    int64_t expires);

/* The first on the list of state; NULL: none. */
struct connection *connection_first(const struct connections *connections, enum connection_state state);

/* The one that expires first of all; NULL: none does. */
struct connection *connection_next_to_expire(const struct connections *connections);

/*
 * Gives the connection a place in flight, or the memory that the whole body of its request may take.  False when there
 * is none, or others wait for it: then the connection waits behind them.
 */
bool connection_take_place(struct connections *connections, struct connection *connection)
    __attribute__((warn_unused_result));
bool connection_take_room(struct connections *connections, struct connection *connection)
    __attribute__((warn_unused_result));

/* Gives up the place, if it has one. */
void connection_give_up_place(struct connections *connections, struct connection *connection);

/* Gives the first that can have it what it waits for, and makes it CONNECTION_SERVED; NULL: none can. */
struct connection *connection_next_ready(struct connections *connections);

/* Frees all, which must be unused. */
void connection_free_all(struct connections *connections);

#endif
