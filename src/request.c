/* The way of one request through the stages, from its path to its answer. */
#include "request.h"

#include <stdbool.h>
#include <string.h>

#include "body.h"
#include "clock.h"
#include "metrics.h"
#include "outcome.h"
#include "push.h"
#include "record.h"
#include "reply.h"

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
		push_refuse(push, reply_sentence(outcome));
	return outcome;
}

/* One push: read, handed to the writer with those of other threads, and answered when it is durable. */
static enum outcome
take_push(struct gateway *gateway, const struct service *service)
{
	struct push *push = push_new(gateway_variable(gateway, "REMOTE_ADDR"));
	enum outcome outcome = read_push(gateway, service, push);
	enum outcome stored = batch_submit(service->batch, push, service->reply_deadline);

	push_release(push);
	/* of a body too large there is nothing that could be stored another time */
	return stored == OUTCOME_OK || outcome == OUTCOME_BODY_TOO_LARGE ? outcome : stored;
}

static bool
is_method(const struct gateway *gateway, const char *name)
{
	const char *method = gateway_variable(gateway, "REQUEST_METHOD");

	return method != NULL && strcmp(method, name) == 0;
}

static enum outcome
readiness(void)
{
	static const enum outcome outcomes[2][2] = {
		{ OUTCOME_NOT_READY, OUTCOME_DEGRADED },
		{ OUTCOME_READY_UNSPOOLED, OUTCOME_READY },
	};

	return outcomes[metrics_database_is_up()][metrics_spool_is_well()];
}

/* What the administrator's tools ask for, below "/-/". */
static enum outcome
answer_query(const struct gateway *gateway, const char *name)
{
	if (!is_method(gateway, "GET") && !is_method(gateway, "HEAD"))
		return OUTCOME_NOT_FOUND;
	if (strcmp(name, "live") == 0)
		return OUTCOME_LIVE;
	if (strcmp(name, "ready") == 0)
		return readiness();
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

static enum outcome
serve(struct gateway *gateway, const struct service *service)
{
	static const char queries[] = "/-/";
	const char *path = gateway_variable(gateway, "PATH_INFO");

	if (path == NULL)
		path = "";
	if (strncmp(path, queries, sizeof queries - 1) == 0)
		return answer_query(gateway, path + sizeof queries - 1);
	if (!is_push_path(path))
		return OUTCOME_NOT_FOUND;
	if (!admission_check(service->admission, path, gateway_variable(gateway, "QUERY_STRING")))
		return OUTCOME_FORBIDDEN;
	if (!is_method(gateway, "POST"))
		return OUTCOME_METHOD_NOT_ALLOWED;
	return take_push(gateway, service);
}

void
request_serve(struct gateway *gateway, void *service)
{
	int64_t start = clock_microseconds();
	enum outcome outcome = serve(gateway, service);

	if (reply_is_to_push(outcome))
		metrics_count_answer(reply_status(outcome), clock_microseconds() - start);
	reply_send(gateway, outcome);
}
