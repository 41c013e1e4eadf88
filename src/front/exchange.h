/*
 * What goes over a connection: head, body, answer, and the rest of a body after the answer.  No step waits for the
 * peer; each takes what has come and returns the connection's next state.
 */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include <stdint.h>

#include "front/connection.h"

struct service;

enum exchange_input {
	EXCHANGE_BYTES,      /* the connection has input */
	EXCHANGE_NOTHING,    /* nothing has come */
	EXCHANGE_END,        /* nothing will come any more */
};

/* Reads from the socket into the connection's input, which must be empty.  The bytes lie in the thread's buffer. */
enum exchange_input exchange_fill(struct connection *connection) __attribute__((warn_unused_result));

/* Moves the input out of the thread's buffer, so that the connection may leave the thread. */
void exchange_keep_input(struct connection *connection);

/*
 * Takes from the input what belongs to state, and returns the next state:
 * - the same: it needs more input;
 * - CONNECTION_WAITING: its push needs a slot in flight;
 * - CONNECTION_GROWING: its body needs more memory than connection->reserved;
 * - CONNECTION_IN_FLIGHT: its request is to be posted;
 * - CONNECTION_UNUSED: it is to be closed;
 * - any other: it is to be read on.
 */
enum connection_state exchange_step(struct connection *connection, enum connection_state state,
    const struct service *service) __attribute__((warn_unused_result));

/* The next state once its answer is written. */
enum connection_state exchange_answered(struct connection *connection) __attribute__((warn_unused_result));

/* The next state when the peer has closed the connection. */
enum connection_state exchange_lost(struct connection *connection, enum connection_state state)
    __attribute__((warn_unused_result));

/* Until when the connection may stay in state: clock_ms(), or CONNECTION_NEVER. */
int64_t exchange_expiry(const struct connection *connection, enum connection_state state);

/* The next state when that time is up. */
enum connection_state exchange_expired(struct connection *connection, enum connection_state state)
    __attribute__((warn_unused_result));

#endif
