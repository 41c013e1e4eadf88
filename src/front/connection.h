/*
 * A connection of the web server's.  Its state is the list it is on, and connection_move() alone moves it.  A
 * connection is never freed while the server runs, only reused, because an event may still name it: a thread that is
 * handed one on another list than expected leaves it alone, and one with nothing to read says so.
 */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "front/fcgi.h"
#include "front/gateway.h"
#include "front/head.h"
#include "front/request.h"

enum connection_state {
	CONNECTION_UNUSED,       /* it has no descriptor */
	CONNECTION_SERVED,       /* a thread has it, and nobody else may touch it */

	/* the next two are one: what tells them apart is whether anything of a head has come */
	CONNECTION_IDLE,
	CONNECTION_HEAD,         /* part of a head has come */

	CONNECTION_WAITING,      /* its push waits for a place in flight */
	CONNECTION_BODY,         /* its body comes */
	CONNECTION_GROWING,      /* its body waits for memory */
	CONNECTION_IN_FLIGHT,    /* its push is with the writers */
	CONNECTION_DRAINING,     /* answered, and its body comes on */
	CONNECTION_LINGERING,    /* as good as closed; what still comes is thrown away, so that the answer arrives */
	CONNECTION_STATES
};

enum { CONNECTION_NEVER = 0 };

struct connection {
	enum connection_state state;
	TAILQ_ENTRY(connection) link;         /* on its list */
	int64_t            expires;           /* clock_ms(), or CONNECTION_NEVER */

	int                descriptor;
	bool               watched;           /* it is in the epoll set, be it disarmed */

	/* what has been read and not been looked at: in the buffer of the thread that has it, or in kept */
	struct slice       input;
	char              *kept;
	bool               dry;               /* the last read found the end of what has come */

	struct fcgi_reader reader;
	struct head        head;              /* until gateway has it */
	unsigned           id;                /* of the request */
	bool               keep;              /* the web server keeps it for another request */
	bool               ended;             /* nothing more of the body comes */
	bool               lost;              /* nothing more at all */
	struct gateway    *gateway;
	struct request    *request;           /* of a push that is not posted yet */
	size_t             drained;           /* bytes */

	int64_t            since;             /* clock_ms() when what it does now began */
	bool               in_flight;         /* it has a place */
	size_t             reserved;          /* bytes that its body may keep */
};

/*
 * All there are, and the places in flight.  The caller's mutex guards it, and of each connection what stands above
 * descriptor.  A place has room for a body of room_at_first bytes; a larger one takes what it needs beyond that from
 * room_to_grow, which all of them share.
 */
struct connections {
	TAILQ_HEAD(connection_list, connection) lists[CONNECTION_STATES];
	int    count;                    /* of those that have a descriptor */

	int    in_flight, in_flight_max;
	size_t room_at_first, room_to_grow;
	size_t grown;                    /* bytes of room_to_grow that are taken */
};

/* None yet, with that much room. */
void connection_init(struct connections *connections, int in_flight_max, size_t room_at_first, size_t room_to_grow);

/* One without a descriptor, new or used before, and unused yet. */
struct connection *connection_new(struct connections *connections);

/* Makes it one that has a descriptor and is new in everything else but its list. */
void connection_reset(struct connection *connection, int descriptor);

/* Moves it to the end of the list of state, or, when it expires, behind those that expire no later. */
void connection_move(struct connections *connections, struct connection *connection, enum connection_state state,
    int64_t expires);

/* The first on the list of state; NULL: none. */
struct connection *connection_first(const struct connections *connections, enum connection_state state);

/* How many have a descriptor. */
int connection_count(const struct connections *connections);

/* The one that expires first of all; NULL: none does. */
struct connection *connection_next_to_expire(const struct connections *connections);

/*
 * Gives a connection what the body of its request needs: a place in flight, or all the memory that it may come to.
 * False when none is free, or others wait for it: the connection is moved to those.
 */
bool connection_take_place(struct connections *connections, struct connection *connection)
    __attribute__((warn_unused_result));
bool connection_take_room(struct connections *connections, struct connection *connection)
    __attribute__((warn_unused_result));

/* Gives up the place, if it has one. */
void connection_give_up_place(struct connections *connections, struct connection *connection);

/* One that has waited and has got what it waited for, now CONNECTION_SERVED; NULL: none. */
struct connection *connection_next_ready(struct connections *connections);

/* Frees all, which must be unused. */
void connection_free_all(struct connections *connections);

#endif
