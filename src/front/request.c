/* The way of one request through the stages, from its URL to its answer. */
#include "front/request.h"

#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "db/pool.h"
#include "front/admission.h"
#include "front/gateway.h"
#include "front/reply.h"
#include "metrics/metrics.h"
#include "push/push.h"
#include "spool/spool.h"
#include "store/queue.h"
#include "store/writer.h"

/* --- whether it may be read -------------------------------------------------------------------------------- */

static bool
is_method(const struct gateway *gateway, const char *name)
{
	const char *method = gateway_variable(gateway, "REQUEST_METHOD");

	return method != NULL && strcmp(method, name) == 0;
}

static enum outcome
readiness(const struct service *service)
{
	static const enum outcome outcomes[2][2] = {
		{ OUTCOME_NOT_READY, OUTCOME_DEGRADED },
		{ OUTCOME_READY_UNSPOOLED, OUTCOME_READY },
	};

	return outcomes[pool_is_up(service->pool)][spool_is_well(service->spool)];
}

/* The outcome of a query below "/-/", by which monitoring asks. */
static enum outcome
query_outcome(const struct gateway *gateway, const char *name)
{
	if (!is_method(gateway, "GET") && !is_method(gateway, "HEAD"))
		return OUTCOME_NOT_FOUND;
	if (strcmp(name, "live") == 0)
		return OUTCOME_LIVE;
	if (strcmp(name, "ready") == 0)
		return OUTCOME_READY;
	if (strcmp(name, "metrics") == 0)
		return OUTCOME_METRICS;
	return OUTCOME_NOT_FOUND;
}

/* The name of a query; NULL: the request is not a query. */
static const char *
query_name(const struct gateway *gateway)
{
	static const char queries[] = "/-/";
	const char *path = gateway_variable(gateway, "PATH_INFO");

	return path != NULL && strncmp(path, queries, sizeof queries - 1) == 0 ? path + sizeof queries - 1 : NULL;
}

/* OUTCOME_OK: a push that may be read; source is set.  OUTCOME_READY: a query that readiness() answers. */
static enum outcome
admit(const struct gateway *gateway, const struct service *service, char source[PUSH_SOURCE_SIZE])
{
	const char *path = gateway_variable(gateway, "PATH_INFO"), *query = query_name(gateway);

	if (path == NULL)
		path = "";
	if (query != NULL)
		return query_outcome(gateway, query);
	if (!admission_is_push_path(path))
		return OUTCOME_NOT_FOUND;
	if (!admission_check(service->admission, path, gateway_variable(gateway, "QUERY_STRING"), source))
		return OUTCOME_FORBIDDEN;
	if (!is_method(gateway, "POST"))
		return OUTCOME_METHOD_NOT_ALLOWED;
	return OUTCOME_OK;
}

/* --- its way to the answer --------------------------------------------------------------------------------- */

static void
answer(struct gateway *gateway, enum outcome outcome, int64_t start)
{
	if (reply_is_to_push(outcome))
		metrics_count_answer(reply_status(outcome), clock_us() - start);
	reply_send(gateway, outcome);
}

struct request *
request_new(struct gateway *gateway, const struct service *service, void *owner)
{
	int64_t start = clock_us();
	char source[PUSH_SOURCE_SIZE];
	enum outcome outcome = admit(gateway, service, source);
	struct request *request;

	if (outcome != OUTCOME_OK && outcome != OUTCOME_READY && outcome != OUTCOME_METRICS) {
		answer(gateway, outcome, start);
		return NULL;
	}
	request = memory_alloc(sizeof *request);
	*request = (struct request){ .owner = owner, .gateway = gateway, .start = start, .outcome = outcome };
	if (outcome != OUTCOME_OK)
		return request;
	body_begin(&request->body, gateway, service->max_body);
	request->push = push_new(gateway_variable(gateway, "REMOTE_ADDR"));
	memcpy(request->push->source, source, sizeof source);
	request->push->request = request;
	return request;
}

void
request_answer_query(struct request *request, const struct service *service)
{
	answer(request->gateway, request->outcome == OUTCOME_READY ? readiness(service) : request->outcome,
	    request->start);
	memory_free(request);
}

void
request_free(struct request *request)
{
	if (request == NULL)
		return;
	push_unref(request->push);
	memory_free(request->body.bytes);
	memory_free(request);
}

/* A body that cannot be read as a list of records is kept whole: nothing is thrown away. */
static enum outcome
read_push(struct request *request, bool ended)
{
	struct push *push = request->push;
	enum outcome outcome = body_end(&request->body, ended, push);

	if (outcome == OUTCOME_OK)
		outcome = body_check_encoding(request->gateway);
	if (outcome == OUTCOME_OK)
		outcome = record_list_parse(&push->list, push->body);
	if (outcome != OUTCOME_OK)
		push_refuse(push, outcome_sentence(outcome));
	return outcome;
}

bool
request_post(struct request *request, const struct service *service, bool ended)
{
	struct push *push = request->push;
	bool kept;

	request->outcome = read_push(request, ended);
	kept = queue_post(service->queue, push, service->reply_deadline, true);
	if (kept)
		writer_store(service->queue, service->pool, service->spool, push);
	return kept;
}

static void
answer_push(struct push *push, request_answered *answered, void *context)
{
	struct request *request = push->request;
	/* a body too large is not kept, so another try would not help: 413, even if storing the push failed */
	bool reading_decides = push->outcome == OUTCOME_OK || request->outcome == OUTCOME_BODY_TOO_LARGE;
	enum outcome outcome = reading_decides ? request->outcome : push->outcome;

	if (outcome == OUTCOME_OK)
		metrics_count_source(push->source);
	answer(request->gateway, outcome, request->start);
	answered(request->owner, context);
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
