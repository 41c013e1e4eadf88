/* Connections and the lists that are their states. */
#include "front/connection.h"

#include "base/memory.h"

static void
unlink_from(struct connection_list *list, struct connection *connection)
{
	if (connection->previous != NULL)
		connection->previous->next = connection->next;
	else
		list->first = connection->next;
	if (connection->next != NULL)
		connection->next->previous = connection->previous;
	else
		list->last = connection->previous;
	list->count--;
}

static void
link_behind(struct connection_list *list, struct connection *connection, struct connection *previous)
{
	connection->previous = previous;
	connection->next = previous != NULL ? previous->next : list->first;
	if (previous != NULL)
		previous->next = connection;
	else
		list->first = connection;
	if (connection->next != NULL)
		connection->next->previous = connection;
	else
		list->last = connection;
	list->count++;
}

/* The list is in order of expiry, and mostly a new one comes last. */
static void
insert(struct connection_list *list, struct connection *connection)
{
	struct connection *previous = list->last;

	while (connection->expires != CONNECTION_NEVER && previous != NULL && previous->expires > connection->expires)
		previous = previous->previous;
	link_behind(list, connection, previous);
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
	*connection = (struct connection){ .state = connection->state, .previous = connection->previous,
		.next = connection->next, .descriptor = descriptor };
}

void
connection_move(struct connections *connections, struct connection *connection, enum connection_state state,
    int64_t expires)
{
	unlink_from(&connections->lists[connection->state], connection);
	connection->state = state;
	connection->expires = expires;
	insert(&connections->lists[state], connection);
}

struct connection *
connection_first(const struct connections *connections, enum connection_state state)
{
	return connections->lists[state].first;
}

int
connection_count(const struct connections *connections)
{
	int count = 0;

	for (int state = CONNECTION_UNUSED + 1; state < CONNECTION_STATES; state++)
		count += connections->lists[state].count;
	return count;
}

struct connection *
connection_next_to_expire(const struct connections *connections)
{
	struct connection *next = NULL;

	for (int state = CONNECTION_IDLE; state < CONNECTION_STATES; state++) {
		struct connection *first = connections->lists[state].first;

		if (first != NULL && first->expires != CONNECTION_NEVER && (next == NULL || first->expires < next->expires))
			next = first;
	}
	return next;
}

/* --- places in flight: a free one goes to who has waited longest, and never to a newcomer --------------------- */

static bool
give_place(struct connections *connections, struct connection *connection)
{
	size_t size = connection->request->body.size;

	if (connections->in_flight >= connections->in_flight_max)
		return false;
	connections->in_flight++;
	connection->in_flight = true;
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
connection_take_place(struct connections *connections, struct connection *connection)
{
	if (connection_first(connections, CONNECTION_WAITING) == NULL && give_place(connections, connection))
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
connection_give_up_place(struct connections *connections, struct connection *connection)
{
	if (!connection->in_flight)
		return;
	connections->in_flight--;
	if (connection->reserved > connections->room_at_first)
		connections->grown -= connection->reserved - connections->room_at_first;
	connection->in_flight = false;
	connection->reserved = 0;
}

struct connection *
connection_next_ready(struct connections *connections)
{
	struct connection *next = connection_first(connections, CONNECTION_GROWING);

	if (next == NULL || !give_room(connections, next)) {
		next = connection_first(connections, CONNECTION_WAITING);
		if (next == NULL || !give_place(connections, next))
			return NULL;
	}
	connection_move(connections, next, CONNECTION_SERVED, CONNECTION_NEVER);
	return next;
}

void
connection_free_all(struct connections *connections)
{
	struct connection *connection, *next;

	for (connection = connections->lists[CONNECTION_UNUSED].first; connection != NULL; connection = next) {
		next = connection->next;
		memory_free(connection);
	}
	connections->lists[CONNECTION_UNUSED] = (struct connection_list){ 0 };
}
