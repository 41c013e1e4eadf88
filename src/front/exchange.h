/*
 * What goes over a connection: head, body, answer, and what is left of a body after it.  No step waits for the peer;
 * each takes what has come and says what the connection is to be next.
 */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include <stdint.h>

#include "front/connection.h"

enum exchange_input {
	EXCHANGE_BYTES,      /* the connection's input is not empty */
	EXCHANGE_NOTHING,    /* nothing has come */
	EXCHANGE_END,        /* and nothing will */
};

/* Reads into the connection's input, which is empty. */
enum exchange_input exchange_fill(struct connection *connection) __attribute__((warn_unused_result));

/* Gives back the memory of an input that is empty. */
void exchange_rest(struct connection *connection);

/*
 * Takes from the input what belongs to state, and returns what the connection is next: the same state when it needs
 * more; CONNECTION_WAITING when its push wants a place in flight, CONNECTION_GROWING when its body wants memory
 * (connection ->reserved), CONNECTION_IN_FLIGHT when its request is to be posted, CONNECTION_UNUSED when it is to be
 * closed.
 */
enum connection_state exchange_step(struct connection *connection, enum connection_state state,
    const struct service *service) __attribute__((warn_unused_result));

/* What it is next, once its answer is written. */
enum connection_state exchange_answered(struct connection *connection) __attribute__((warn_unused_result));

/* What it is next when the peer has gone. */
enum connection_state exchange_lost(struct connection *connection, enum connection_state state)
    __attribute__((warn_unused_result));

/* When it may be no longer in that state: clock_ms(), or CONNECTION_NEVER. */
int64_t exchange_expiry(const struct connection *connection, enum connection_state state);

/* What it is next when that time has come. */
enum connection_state exchange_expired(struct connection *connection, enum connection_state state)
    __attribute__((warn_unused_result));

#endif
