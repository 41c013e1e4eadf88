/* The request of a plain CGI program: body on stdin, answer on stdout. */
#include "front/cgi.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/clock.h"
#include "db/pool.h"
#include "front/gateway.h"
#include "front/request.h"
#include "store/queue.h"

enum { READ_SIZE = 64 * 1024, DRAIN_MAX = 64 * 1024 * 1024 };

/* Up to READ_SIZE bytes; {NULL, 0} at the end and at an error. */
static struct slice
read_stdin(char *buffer)
{
	ssize_t count;

	do
		count = read(STDIN_FILENO, buffer, READ_SIZE);
	while (count < 0 && errno == EINTR);
	return count > 0 ? (struct slice){ buffer, (size_t)count } : (struct slice){ NULL, 0 };
}

static void
read_body(struct body *body)
{
	char buffer[READ_SIZE];
	struct slice content;

	while (!body_is_whole(body) && (content = read_stdin(buffer)).bytes != NULL)
		body_add(body, content, body->size);
}

/* Apache cuts the answer off when stdin is closed while it still writes the body, so stdin is drained first. */
static void
finish(struct gateway *gateway)
{
	char ignored[READ_SIZE];

	for (int drained = 0; drained < DRAIN_MAX && read_stdin(ignored).bytes != NULL; drained += READ_SIZE)
		;
	(void)!gateway_end(gateway);
}

/* A request_answered. */
static void
set_answered(void *owner, void *context)
{
	(void)context;
	*(bool *)owner = true;
}

struct request *
cgi_begin(const struct service *service)
{
	struct gateway *gateway = gateway_new_cgi();
	struct request *request = request_new(gateway, service, NULL);

	if (request == NULL)
		finish(gateway);
	return request;
}

/* A new process does not know yet whether the database is up: borrowing a connection finds it out. */
static void
find_database(const struct service *service)
{
	struct db *db = pool_borrow(service->pool, POOL_PUSH, clock_ms() + service->reply_deadline);

	if (db != NULL)
		pool_return(service->pool, POOL_PUSH, db, false);
}

static void
store_push(struct request *request, const struct service *service)
{
	struct pollfd event = { .fd = queue_descriptor(service->queue), .events = POLLIN };
	bool answered = false;

	request->owner = &answered;
	read_body(&request->body);
	if (request_post(request, service, true))
		request_answer(service, set_answered, NULL);
	for (; !answered; request_answer(service, set_answered, NULL))
		poll(&event, 1, -1);
}

void
cgi_serve(struct request *request, const struct service *service)
{
	struct gateway *gateway = request->gateway;

	if (request->push != NULL) {
		store_push(request, service);
	} else {
		find_database(service);
		request_answer_query(request, service);
	}
	finish(gateway);
}
