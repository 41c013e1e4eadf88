/* Serves connections.  Each is with one thread, or waits with no thread on the list of its state. */
#include "front/server_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "front/exchange.h"

enum {
	TURN = 64,      /* reads of one connection before others have their turn */
	LATE = 1000,    /* milliseconds: only when the process or its machine was stopped is a timer so late */
};

/* Lets the next input wake one thread; EPOLLOUT wakes one at once, for input that is left. */
static bool
watch(struct server *server, struct connection *connection)
{
	uint32_t events = EPOLLIN | EPOLLONESHOT | (connection->input.length > 0 ? EPOLLOUT : 0);
	bool watched = server_watch(server, connection->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, connection->descriptor,
	    events, (uintptr_t)connection);

	if (!watched)
		log_error("cannot watch a connection, closing it: %s", strerror(errno));
	connection->watched = watched;
	return watched;
}

void
server_watch_connection(struct server *server, struct connection *connection, enum connection_state state)
{
	/* a connection that cannot be watched expires at once */
	int64_t expires = watch(server, connection) ? exchange_expiry(connection, state) : clock_ms();

	connection_move(&server->connections, connection, state, expires);
	server_set_timer(server, expires);
}

/* With the mutex: gives the connection's slot and room to those that wait, and watches these again. */
static void
release_slot(struct server *server, struct connection *connection)
{
	struct connection *next;

	connection_release_slot(&server->connections, connection);
	while ((next = connection_next_ready(&server->connections)) != NULL) {
		next->since = clock_ms();
		server_watch_connection(server, next, CONNECTION_BODY);
	}
}

void
server_close_connection(struct server *server, struct connection *connection)
{
	close(connection->descriptor);
	release_slot(server, connection);
	connection_reset(connection, -1);
	connection_move(&server->connections, connection, CONNECTION_UNUSED, CONNECTION_NEVER);
	if (server->full) {
		server->full = false;
		server_watch_listener(server);
	}
	if (server->closing && server->connections.count == 0)
		pthread_cond_signal(&server->emptied);
}

/* Lets go of the connection until it has input.  Closes it when it is done, or idle while the server ends. */
static void
let_go(struct server *server, struct connection *connection, enum connection_state state)
{
	exchange_keep_input(connection);
	pthread_mutex_lock(&server->mutex);
	if (state != CONNECTION_BODY)
		release_slot(server, connection);
	if (state == CONNECTION_UNUSED || (state == CONNECTION_IDLE && server->closing))
		server_close_connection(server, connection);
	else
		server_watch_connection(server, connection, state);
	pthread_mutex_unlock(&server->mutex);
}

/* Whether the connection got its slot or room; if not, it waits, and this thread no longer has it. */
static bool
take_or_wait(struct server *server, struct connection *connection,
    bool connection_take(struct connections *connections, struct connection *connection))
{
	bool taken;

	exchange_keep_input(connection);
	pthread_mutex_lock(&server->mutex);
	taken = connection_take(&server->connections, connection);
	pthread_mutex_unlock(&server->mutex);
	return taken;
}

static void
post(struct server *server, struct connection *connection)
{
	struct request *request = connection->request;
	bool ended = connection->ended;

	connection->request = NULL;
	exchange_keep_input(connection);
	pthread_mutex_lock(&server->mutex);
	connection_move(&server->connections, connection, CONNECTION_IN_FLIGHT, CONNECTION_NEVER);
	pthread_mutex_unlock(&server->mutex);
	if (request_post(request, server->service, ended))
		server_answer(server);
}

/* Does what the new state asks for.  Returns the state to go on in; CONNECTION_SERVED: this thread no longer has it. */
static enum connection_state
enter(struct server *server, struct connection *connection, enum connection_state state)
{
	switch (state) {
	case CONNECTION_WAITING:
		return take_or_wait(server, connection, connection_take_slot) ? CONNECTION_BODY : CONNECTION_SERVED;
	case CONNECTION_GROWING:
		return take_or_wait(server, connection, connection_take_room) ? CONNECTION_BODY : CONNECTION_SERVED;
	case CONNECTION_IN_FLIGHT:
		post(server, connection);
		return CONNECTION_SERVED;
	case CONNECTION_UNUSED:
		let_go(server, connection, state);
		return CONNECTION_SERVED;
	default:
		return state;
	}
}

void
server_serve(struct server *server, struct connection *connection, enum connection_state state)
{
	int reads = 0;

	state = enter(server, connection, state);
	while (state != CONNECTION_SERVED) {
		enum connection_state next = exchange_step(connection, state, server->service);
		enum exchange_input input;

		if (next != state) {
			connection->since = clock_ms();
			state = enter(server, connection, next);
			continue;
		}
		input = reads++ < TURN ? exchange_fill(connection) : EXCHANGE_NOTHING;
		if (input == EXCHANGE_NOTHING) {
			let_go(server, connection, state);
			return;
		}
		if (input == EXCHANGE_END)
			state = enter(server, connection, exchange_lost(connection, state));
	}
}

void
server_serve_event(struct server *server, struct connection *connection)
{
	enum connection_state state;
	bool taken;

	pthread_mutex_lock(&server->mutex);
	state = connection->state;
	taken = state == CONNECTION_IDLE || state == CONNECTION_HEAD || state == CONNECTION_BODY ||
	    state == CONNECTION_DRAINING || state == CONNECTION_LINGERING;
	if (taken)
		connection_move(&server->connections, connection, CONNECTION_SERVED, CONNECTION_NEVER);
	pthread_mutex_unlock(&server->mutex);
	if (taken) {
		connection->dry = false;
		server_serve(server, connection, state);
	}
}

/* A request_answered. */
static void
go_on_after_answer(void *connection, void *context)
{
	struct server *server = context;
	enum connection_state state = exchange_answered(connection);

	((struct connection *)connection)->since = clock_ms();
	if (state == CONNECTION_DRAINING)
		state = exchange_step(connection, state, server->service);
	let_go(server, connection, state);
}

/* Takes a connection whose time is up, NULL: none, and sets the timer for the next.  *late: we were stopped. */
static struct connection *
take_expired(struct server *server, enum connection_state *state, bool *late)
{
	struct connection *connection, *next;
	int64_t now = clock_ms();

	pthread_mutex_lock(&server->mutex);
	connection = connection_next_to_expire(&server->connections);
	if (connection != NULL && connection->expires > now)
		connection = NULL;
	if (connection != NULL) {
		*state = connection->state;
		*late = now - connection->expires > LATE;
		connection_move(&server->connections, connection, CONNECTION_SERVED, CONNECTION_NEVER);
	}
	server->timer_at = CONNECTION_NEVER;
	if ((next = connection_next_to_expire(&server->connections)) != NULL)
		server_set_timer(server, next->expires);
	server_set_timer(server, server->accept_at);
	server_set_timer(server, server->look_at);
	pthread_mutex_unlock(&server->mutex);
	return connection;
}

void
server_answer(struct server *server)
{
	request_answer(server->service, go_on_after_answer, server);
}

void
server_expire(struct server *server)
{
	enum connection_state state;
	bool late;
	struct connection *connection = take_expired(server, &state, &late);

	if (connection == NULL)
		return;
	/* while we were stopped we could not read, so the sender's time begins anew */
	if (!late)
		state = exchange_expired(connection, state);
	connection->since = clock_ms();
	server_serve(server, connection, state);
}
