/* Connections, and the lists that are their states. */
#include "front/connection.h"

#include "base/memory.h"
#include "front/gateway.h"
#include "front/request.h"

void
connection_init(struct connections *connections, int in_flight_max, size_t room_at_first, size_t room_to_grow)
{
	*connections = (struct connections){ .in_flight_max = in_flight_max, .room_at_first = room_at_first,
		.room_to_grow = room_to_grow };
	for (int state = 0; state < CONNECTION_STATES; state++)
		TAILQ_INIT(&connections->lists[state]);
}

/* The list is in order of expiry; mostly a new one belongs at its end. */
static void
insert(struct connection_list *list, struct connection *connection)
{
	struct connection *previous = TAILQ_LAST(list, connection_list);

	while (connection->expires != CONNECTION_NEVER && previous != NULL && previous->expires > connection->expires)
		previous = TAILQ_PREV(previous, connection_list, link);
	if (previous != NULL)
		TAILQ_INSERT_AFTER(list, previous, connection, link);
	else
		TAILQ_INSERT_HEAD(list, connection, link);
}

struct connection *
connection_new(struct connections *connections)
{
	struct connection *connection = connection_first(connections, CONNECTION_UNUSED);

	if (connection != NULL)
		return connection;
	connection = memory_zalloc(sizeof *connection);
	connection->descriptor = -1;
	insert(&connections->lists[CONNECTION_UNUSED], connection);
	return connection;
}

void
connection_reset(struct connection *connection, int descriptor)
{
	gateway_free(connection->gateway);
	request_free(connection->request);
	head_clear(&connection->head);
	memory_free(connection->kept);
	*connection = (struct connection){ .state = connection->state, .link = connection->link,
	    .descriptor = descriptor };
}

void
connection_move(struct connections *connections, struct connection *connection, enum connection_state state,
    int64_t expires)
{
	TAILQ_REMOVE(&connections->lists[connection->state], connection, link);
	connections->count += (state != CONNECTION_UNUSED) - (connection->state != CONNECTION_UNUSED);
	connection->state = state;
	connection->expires = expires;
	insert(&connections->lists[state], connection);
}

struct connection *
connection_first(const struct connections *connections, enum connection_state state)
{
	return TAILQ_FIRST(&connections->lists[state]);
}

struct connection *
connection_next_to_expire(const struct connections *connections)
{
	struct connection *next = NULL;

	for (enum connection_state state = CONNECTION_IDLE; state < CONNECTION_STATES; state++) {
		struct connection *first = connection_first(connections, state);

		if (first != NULL && first->expires != CONNECTION_NEVER &&
		    (next == NULL || first->expires < next->expires))
			next = first;
	}
	return next;
}

/* --- slots in flight: a free one goes to the connection that has waited longest, never to a newcomer ----------- */

static bool
give_slot(struct connections *connections, struct connection *connection)
{
	size_t size = connection->request->body.size;

	if (connections->in_flight >= connections->in_flight_max)
		return false;
	connections->in_flight++;
	connection->has_slot = true;
	connection->reserved = size < connections->room_at_first ? size : connections->room_at_first;
	return true;
}

static bool
give_room(struct connections *connections, struct connection *connection)
{
	size_t more = connection->request->body.size - connection->reserved;

	if (connections->grown + more > connections->room_to_grow)
		return false;
	connections->grown += more;
	connection->reserved += more;
	return true;
}

bool
connection_take_slot(struct connections *connections, struct connection *connection)
{
	if (connection_first(connections, CONNECTION_WAITING) == NULL && give_slot(connections, connection))
		return true;
	connection_move(connections, connection, CONNECTION_WAITING, CONNECTION_NEVER);
	return false;
}

bool
connection_take_room(struct connections *connections, struct connection *connection)
{
	if (connection_first(connections, CONNECTION_GROWING) == NULL && give_room(connections, connection))
		return true;
	connection_move(connections, connection, CONNECTION_GROWING, CONNECTION_NEVER);
	return false;
}

void
connection_release_slot(struct connections *connections, struct connection *connection)
{
	if (!connection->has_slot)
		return;
	connections->in_flight--;
	if (connection->reserved > connections->room_at_first)
		connections->grown -= connection->reserved - connections->room_at_first;
	connection->has_slot = false;
	connection->reserved = 0;
}

struct connection *
connection_next_ready(struct connections *connections)
{
	struct connection *next = connection_first(connections, CONNECTION_GROWING);

	if (next == NULL || !give_room(connections, next)) {
		next = connection_first(connections, CONNECTION_WAITING);
		if (next == NULL || !give_slot(connections, next))
			return NULL;
	}
	connection_move(connections, next, CONNECTION_SERVED, CONNECTION_NEVER);
	return next;
}

void
connection_free_all(struct connections *connections)
{
	struct connection *connection;

	while ((connection = connection_first(connections, CONNECTION_UNUSED)) != NULL) {
		TAILQ_REMOVE(&connections->lists[CONNECTION_UNUSED], connection, link);
		memory_free(connection);
	}
}
