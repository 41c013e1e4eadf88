/* What a stranger sends over a connection, request after request: no step loops, and what is written back is whole. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "front/admission.h"
#include "front/exchange.h"
#include "front/gateway.h"
#include "front/reply.h"
#include "front/request.h"
#include "push/push.h"
#include "reference.h"

enum { MAX_BODY = 4096, TURNS = 100000 };

/* In the place of the writers. */
static enum connection_state
answer(struct connection *connection)
{
	struct request *request = connection->request;
	enum outcome outcome = body_end(&request->body, connection->ended, request->push);

	if (request->push->body.length > MAX_BODY || (outcome == OUTCOME_OK &&
	    request->push->body.length != request->push->bytes))
		ref_fail("the length of a body");
	reply_send(connection->gateway, outcome);
	request_free(request);
	connection->request = NULL;
	return exchange_answered(connection);
}

static void
serve(struct connection *connection, const struct service *service)
{
	enum connection_state state = CONNECTION_IDLE, next;

	for (int turn = 0; state != CONNECTION_UNUSED; turn++) {
		if (turn == TURNS)
			ref_fail("no end");
		next = exchange_step(connection, state, service);
		if (next == CONNECTION_WAITING) {
			connection->reserved = 64;
			next = CONNECTION_BODY;
		} else if (next == CONNECTION_GROWING) {
			connection->reserved = connection->request->body.size;
			next = CONNECTION_BODY;
		} else if (next == state) {
			enum exchange_input input = exchange_fill(connection);

			if (input == EXCHANGE_END)
				next = exchange_lost(connection, state);
		}
		state = next == CONNECTION_IN_FLIGHT ? answer(connection) : next;
	}
}

/* Records of version 1, each whole. */
static void
check_answers(int descriptor)
{
	static uint8_t bytes[1 << 22];
	size_t length = 0;
	ssize_t count;

	while (length < sizeof bytes && (count = read(descriptor, bytes + length, sizeof bytes - length)) > 0)
		length += (size_t)count;
	for (size_t at = 0; at < length;) {
		size_t record = length - at < 8 ? 8 : 8 + ((size_t)bytes[at + 4] << 8 | bytes[at + 5]) + bytes[at + 6];

		if (record > length - at || bytes[at] != 1)
			ref_fail("an answer that is torn");
		at += record;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct service service = { .max_body = MAX_BODY };
	struct connection connection = { 0 };
	int pair[2];

	if (service.admission == NULL) {
		signal(SIGPIPE, SIG_IGN);
		gateway_init();
		service.admission = admission_new("", true);
	}
	if (size > 64 * 1024 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) != 0)
		return 0;
	if (write(pair[0], bytes, size) == (ssize_t)size && shutdown(pair[0], SHUT_WR) == 0) {
		connection.descriptor = pair[1];
		serve(&connection, &service);
	}
	close(pair[1]);
	check_answers(pair[0]);
	close(pair[0]);
	connection_reset(&connection, -1);
	return 0;
}
