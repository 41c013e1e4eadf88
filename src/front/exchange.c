/* What goes over a connection: head, body, answer, and the rest of a body after the answer. */
#include "front/exchange.h"

#include <errno.h>
#include <fastcgi.h>
#include <string.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "front/gateway.h"
#include "front/request.h"

enum {
	HEAD_READ = 8 * 1024,               /* bytes: most requests are smaller */
	BODY_READ = 64 * 1024,              /* bytes */
	DRAIN_MAX = 64 * 1024 * 1024,       /* bytes of a body that are read after the answer, to keep a connection */
	BODY_RATE = 16,                     /* bytes of a body that lengthen BODY_TIME by a millisecond */
};

/* Milliseconds that each may take in all, however often a few bytes come. */
enum {
	HEAD_TIME = 10 * 1000,
	BODY_TIME = 20 * 1000,
	DRAIN_TIME = 2 * 1000,
	LINGER_TIME = 1000,
};

enum exchange_input
exchange_fill(struct connection *connection)
{
	static _Thread_local char buffer[BODY_READ];
	/* bytes behind a head are kept while the push waits for a slot, so few are read */
	size_t size = connection->gateway != NULL ? BODY_READ : HEAD_READ;
	ssize_t count;

	if (connection->dry) {
		connection->dry = false;
		return EXCHANGE_NOTHING;
	}
	count = recv(connection->descriptor, buffer, size, 0);
	if (count <= 0)
		return count < 0 && (errno == EAGAIN || errno == EINTR) ? EXCHANGE_NOTHING : EXCHANGE_END;
	connection->input = (struct slice){ buffer, (size_t)count };
	connection->dry = (size_t)count < size;
	return EXCHANGE_BYTES;
}

void
exchange_keep_input(struct connection *connection)
{
	char *kept = NULL;

	if (connection->input.length > 0)
		kept = memcpy(memory_alloc(connection->input.length), connection->input.bytes,
		    connection->input.length);
	memory_free(connection->kept);
	connection->kept = kept;
	connection->input.bytes = kept;
}

/* --- the end of a request ------------------------------------------------------------------------------------ */

/*
 * Closing a socket with unread input may destroy the answer on its way, so the connection lingers until the peer closes
 * it.  An answer that the socket does not take at once is given up: a socket has room for hundreds.
 */
static enum connection_state
finish(struct connection *connection)
{
	bool written = gateway_end(connection->gateway);

	connection->gateway = NULL;
	if (!written || connection->lost)
		return CONNECTION_UNUSED;
	if (connection->ended)
		return connection->keep ? CONNECTION_IDLE : CONNECTION_UNUSED;
	shutdown(connection->descriptor, SHUT_WR);
	return CONNECTION_LINGERING;
}

enum connection_state
exchange_answered(struct connection *connection)
{
	return connection->ended || connection->lost ? finish(connection) : CONNECTION_DRAINING;
}

/* --- input --------------------------------------------------------------------------------------------------- */

static enum connection_state
begin(struct connection *connection, const struct service *service)
{
	struct request *request;

	connection->id = connection->head.id;
	connection->keep = connection->head.keep;
	connection->ended = false;
	connection->drained = 0;
	connection->gateway = gateway_new(&connection->head, connection->descriptor);
	head_clear(&connection->head);
	if (connection->gateway == NULL)
		return CONNECTION_UNUSED;
	request = request_new(connection->gateway, service, connection);
	if (request != NULL && request->push != NULL) {
		connection->request = request;
		return CONNECTION_WAITING;
	}
	if (request != NULL)
		request_answer_query(request, service);
	return CONNECTION_DRAINING;
}

static enum connection_state
read_head(struct connection *connection, const struct service *service)
{
	const struct fcgi_reader *reader = &connection->reader;

	switch (head_read(&connection->head, &connection->reader, &connection->input)) {
	case HEAD_WHOLE:
		return begin(connection, service);
	case HEAD_MORE:
		return connection->head.begun || reader->header_length > 0 || reader->content > 0 || reader->padding > 0
		    ? CONNECTION_HEAD : CONNECTION_IDLE;
	default:
		return CONNECTION_UNUSED;
	}
}

/* Only the body may follow a head.  With FCGI_ABORT_REQUEST the web server gives the request up: it is lost, too. */
static void
take_record(struct connection *connection)
{
	const struct fcgi_reader *reader = &connection->reader;

	connection->lost = reader->version != FCGI_VERSION_1 || reader->id != connection->id ||
	    reader->type != FCGI_STDIN;
	connection->ended = !connection->lost && reader->length == 0;
}

static enum connection_state
read_body(struct connection *connection)
{
	struct body *body = &connection->request->body;
	struct slice content;

	while (!connection->ended && !connection->lost) {
		size_t left = connection->reader.content, there = connection->input.length;

		if (body_room(body, left < there ? left : there) > connection->reserved)
			return CONNECTION_GROWING;
		switch (fcgi_read(&connection->reader, &connection->input, &content)) {
		case FCGI_MORE:
			return body_is_whole(body) ? CONNECTION_IN_FLIGHT : CONNECTION_BODY;
		case FCGI_RECORD:
			take_record(connection);
			break;
		case FCGI_CONTENT:
			body_add(body, content, connection->reserved);
		}
	}
	return CONNECTION_IN_FLIGHT;
}

static enum connection_state
drain(struct connection *connection)
{
	size_t before = connection->input.length;
	struct slice content;
	enum fcgi_event event = FCGI_RECORD;

	while (!connection->ended && !connection->lost && event != FCGI_MORE) {
		event = fcgi_read(&connection->reader, &connection->input, &content);
		if (event == FCGI_RECORD)
			take_record(connection);
	}
	connection->drained += before - connection->input.length;
	if (connection->ended || connection->lost || connection->drained > DRAIN_MAX)
		return finish(connection);
	/* the answer must not wait for a body that nobody needs */
	return gateway_flush(connection->gateway) ? CONNECTION_DRAINING : CONNECTION_UNUSED;
}

enum connection_state
exchange_step(struct connection *connection, enum connection_state state, const struct service *service)
{
	switch (state) {
	case CONNECTION_IDLE:
	case CONNECTION_HEAD:
		return read_head(connection, service);
	case CONNECTION_BODY:
		return read_body(connection);
	case CONNECTION_DRAINING:
		return drain(connection);
	default:
		connection->input.length = 0;
		return state;
	}
}

/* --- no more input ------------------------------------------------------------------------------------------- */

enum connection_state
exchange_lost(struct connection *connection, enum connection_state state)
{
	connection->lost = true;
	return state == CONNECTION_BODY ? CONNECTION_IN_FLIGHT : CONNECTION_UNUSED;
}

int64_t
exchange_expiry(const struct connection *connection, enum connection_state state)
{
	switch (state) {
	case CONNECTION_HEAD:
		return connection->since + HEAD_TIME;
	case CONNECTION_BODY:
		return connection->since + BODY_TIME + (int64_t)(connection->request->body.length / BODY_RATE);
	case CONNECTION_DRAINING:
		return connection->since + DRAIN_TIME;
	case CONNECTION_LINGERING:
		return connection->since + LINGER_TIME;
	default:
		return CONNECTION_NEVER;
	}
}

enum connection_state
exchange_expired(struct connection *connection, enum connection_state state)
{
	switch (state) {
	case CONNECTION_BODY:
		return CONNECTION_IN_FLIGHT;
	case CONNECTION_DRAINING:
		return finish(connection);
	default:
		return CONNECTION_UNUSED;
	}
}
