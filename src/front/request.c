/* The way of one request through the stages, from its path to its answer. */
#include "front/request.h"

#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "front/body.h"
#include "front/reply.h"
#include "metrics/metrics.h"
#include "push/outcome.h"
#include "push/push.h"
#include "push/record.h"

/* A body that is no list of records, or that cannot be read as one, is kept whole: nothing is thrown away. */
static enum outcome
read_push(struct gateway *gateway, const struct service *service, struct push *push)
{
	enum outcome outcome = body_read(gateway, service->max_body, push);

	if (outcome == OUTCOME_OK)
		outcome = body_check_encoding(gateway);
	if (outcome == OUTCOME_OK)
		outcome = record_list_parse(&push->list, push->body);
	if (outcome != OUTCOME_OK)
		push_refuse(push, outcome_sentence(outcome));
	return outcome;
}

/* What a push is answered with. */
struct request {
	struct gateway *gateway;
	int64_t         start;      /* clock_microseconds() */
	enum outcome    outcome;    /* of reading it */
};

static void
answer(struct gateway *gateway, enum outcome outcome, int64_t start)
{
	if (reply_is_to_push(outcome))
		metrics_count_answer(reply_status(outcome), clock_microseconds() - start);
	reply_send(gateway, outcome);
}

/* One push: read, and handed to the writers with those of other requests.  It is answered when it is durable. */
static void
take_push(struct gateway *gateway, const struct service *service, int64_t start)
{
	struct push *push = push_new(gateway_variable(gateway, "REMOTE_ADDR"));
	struct request *request = memory_alloc(sizeof *request);

	*request = (struct request){ gateway, start, read_push(gateway, service, push) };
	push->request = request;
	queue_post(service->queue, push, service->reply_deadline);
}

static void
answer_push(struct push *push, request_answered *answered, void *context)
{
	struct request *request = push->request;
	/* of a body too large there is nothing that could be stored another time */
	bool is_read = push->outcome == OUTCOME_OK || request->outcome == OUTCOME_BODY_TOO_LARGE;

	if (push->outcome == OUTCOME_OK && request->outcome == OUTCOME_OK)
		metrics_count_source(push->source);
	answer(request->gateway, is_read ? request->outcome : push->outcome, request->start);
	answered(request->gateway, context);
	memory_free(request);
	push_unref(push);
}

void
request_answer(const struct service *service, request_answered *answered, void *context)
{
	struct push *push = queue_done(service->queue), *next;

	for (; push != NULL; push = next) {
		next = push->next;
		answer_push(push, answered, context);
	}
}

static bool
is_method(const struct gateway *gateway, const char *name)
{
	const char *method = gateway_variable(gateway, "REQUEST_METHOD");

	return method != NULL && strcmp(method, name) == 0;
}

static enum outcome
readiness(const struct service *service)
{
	bool spool_is_up = spool_is_well(service->spool);
	static const enum outcome outcomes[2][2] = {
		{ OUTCOME_NOT_READY, OUTCOME_DEGRADED },
		{ OUTCOME_READY_UNSPOOLED, OUTCOME_READY },
	};

	return outcomes[pool_is_up(service->pool)][spool_is_up];
}

/* What the administrator's tools ask for, below "/-/". */
static enum outcome
answer_query(const struct gateway *gateway, const struct service *service, const char *name)
{
	if (!is_method(gateway, "GET") && !is_method(gateway, "HEAD"))
		return OUTCOME_NOT_FOUND;
	if (strcmp(name, "live") == 0)
		return OUTCOME_LIVE;
	if (strcmp(name, "ready") == 0)
		return readiness(service);
	if (strcmp(name, "metrics") == 0)
		return OUTCOME_METRICS;
	return OUTCOME_NOT_FOUND;
}

/* The push path is the mount itself or one segment below it, the token. */
static bool
is_push_path(const char *path)
{
	const char *end;

	if (*path == '\0')
		return true;
	end = path + 1 + strcspn(path + 1, "/");
	return *path == '/' && (end[0] == '\0' || end[1] == '\0');
}

/* OUTCOME_OK: it is a push that may be read. */
static enum outcome
admit(const struct gateway *gateway, const struct service *service)
{
	static const char queries[] = "/-/";
	const char *path = gateway_variable(gateway, "PATH_INFO");

	if (path == NULL)
		path = "";
	if (strncmp(path, queries, sizeof queries - 1) == 0)
		return answer_query(gateway, service, path + sizeof queries - 1);
	if (!is_push_path(path))
		return OUTCOME_NOT_FOUND;
	if (!admission_check(service->admission, path, gateway_variable(gateway, "QUERY_STRING")))
		return OUTCOME_FORBIDDEN;
	if (!is_method(gateway, "POST"))
		return OUTCOME_METHOD_NOT_ALLOWED;
	return OUTCOME_OK;
}

bool
request_begin(struct gateway *gateway, const struct service *service)
{
	int64_t start = clock_microseconds();
	enum outcome outcome = admit(gateway, service);

	if (outcome == OUTCOME_OK)
		take_push(gateway, service, start);
	else
		answer(gateway, outcome, start);
	return outcome != OUTCOME_OK;
}

/* A request_answered. */
static void
finish_cgi(struct gateway *gateway, void *finished)
{
	gateway_finish(gateway);
	*(bool *)finished = true;
}

void
request_serve_cgi(const struct service *service)
{
	struct gateway *gateway = gateway_receive_cgi();
	struct pollfd event = { .fd = queue_descriptor(service->queue), .events = POLLIN };
	bool finished = request_begin(gateway, service);

	if (finished)
		gateway_finish(gateway);
	while (!finished) {
		poll(&event, 1, -1);
		request_answer(service, finish_cgi, &finished);
	}
}
