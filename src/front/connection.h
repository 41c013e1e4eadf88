/*
 * A connection from the web server.  Its state is the list it is on; connection_move() alone changes both.
 *
 * While the server runs, connections are reused and never freed, because an old event may still name one.  An old event
 * does no harm: a thread ignores it when the state does not fit, and finds nothing to read when the state does.
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
	CONNECTION_SERVED,       /* a thread has it; no other thread may touch it */

	CONNECTION_IDLE,         /* no byte of a head has arrived */
	CONNECTION_HEAD,         /* part of a head has arrived */
	CONNECTION_WAITING,      /* its push waits for a slot in flight */
	CONNECTION_BODY,         /* its body is arriving */
	CONNECTION_GROWING,      /* its body waits for memory */
	CONNECTION_IN_FLIGHT,    /* its push is with the writers */
	CONNECTION_DRAINING,     /* answered, while the rest of its body is arriving */
	CONNECTION_LINGERING,    /* shut down for writing; input is thrown away, so that the answer gets through */
	CONNECTION_STATES
};

enum { CONNECTION_NEVER = 0 };

struct connection {
	enum connection_state state;
	TAILQ_ENTRY(connection) link;         /* on its list */
	int64_t            expires;           /* clock_ms(), or CONNECTION_NEVER */

	int                descriptor;
	bool               watched;           /* it is in the epoll set, armed or not */

	/* read and not used yet: in the buffer of the thread that has the connection; in kept while no thread has it */
	struct slice       input;
	char              *kept;
	bool               dry;               /* the last read left nothing in the socket */

	struct fcgi_reader reader;
	struct head        head;              /* until gateway is made of it */
	unsigned           id;                /* of the request */
	bool               keep;              /* the web server keeps it for another request */
	bool               ended;             /* the body has ended */
	bool               lost;              /* the peer has closed, given up or broken the protocol */
	struct gateway    *gateway;           /* until its answer is ended */
	struct request    *request;           /* until it is posted */
	size_t             drained;           /* bytes of the body that were read after the answer */

	int64_t            since;             /* clock_ms() when its state began */
	bool               has_slot;          /* its push is in flight: being read, stored or answered */
	size_t             reserved;          /* bytes that its body may allocate */
};

/*
 * All connections, and the slots in flight.  The caller's mutex guards this struct and, in each connection, the
 * members above descriptor.  The other members are for the thread that has the connection; while none has it, for
 * whoever holds the mutex.
 *
 * A slot has room for a body of room_at_first bytes.  A larger body takes the rest from room_to_grow, which all share.
 */
struct connections {
	TAILQ_HEAD(connection_list, connection) lists[CONNECTION_STATES];
	int    count;                    /* of those with a descriptor */

	int    in_flight, in_flight_max;
	size_t room_at_first, room_to_grow;
	size_t grown;                    /* bytes of room_to_grow in use */
};

/* Initialises an empty struct connections. */
void connection_init(struct connections *connections, int in_flight_max, size_t room_at_first, size_t room_to_grow);

/* An unused connection; makes one when there is none. */
struct connection *connection_new(struct connections *connections);

/* Frees all that belongs to its request, and gives it descriptor (-1: none).  It stays on its list. */
void connection_reset(struct connection *connection, int descriptor);

/* Moves it to the list of state: to the end or, when it expires, behind those that expire no later. */
void connection_move(struct connections *connections, struct connection *connection, enum connection_state state,
    int64_t expires);

/* The first on the list of state; NULL: none. */
struct connection *connection_first(const struct connections *connections, enum connection_state state);

/* The connection that expires first; NULL: none expires. */
struct connection *connection_next_to_expire(const struct connections *connections);

/*
 * Gives the connection a slot in flight, or room for the whole body of its request.  False when there is none left, or
 * others wait for it already: then this moves the connection behind them, to CONNECTION_WAITING or CONNECTION_GROWING.
 */
bool connection_take_slot(struct connections *connections, struct connection *connection)
    __attribute__((warn_unused_result));
bool connection_take_room(struct connections *connections, struct connection *connection)
    __attribute__((warn_unused_result));

/* Gives up its slot, if it has one. */
void connection_release_slot(struct connections *connections, struct connection *connection);

/* Gives the next in line the room or the slot it waits for, makes it CONNECTION_SERVED and returns it; NULL: none. */
struct connection *connection_next_ready(struct connections *connections) __attribute__((warn_unused_result));

/* Frees all connections, which must be unused. */
void connection_free_all(struct connections *connections);

#endif
