/* The way of one request through the stages, from its URL to its answer. */
#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "front/body.h"
#include "push/outcome.h"

struct admission;
struct gateway;
struct pool;
struct push;
struct queue;
struct spool;

/* What every request is served with. */
struct service {
	struct admission *admission;
	struct queue     *queue;
	struct pool      *pool;
	struct spool     *spool;
	size_t            max_body;         /* bytes */
	int64_t           reply_deadline;   /* milliseconds */
};

/* A push that was admitted, until it is answered. */
struct request {
	void           *owner;      /* the caller's, which request_answer() gives back */
	struct gateway *gateway;
	struct body     body;       /* the caller adds to it until it is whole or the input ends */
	struct push    *push;
	int64_t         start;      /* clock_us() */
	enum outcome    outcome;    /* of reading the push; that of storing it is push->outcome */
};

/* Whether the request is a query below "/-/", and no push. */
bool request_asks(const struct gateway *gateway);

/*
 * Answers the gateway's request when neither database nor spool is needed for it.  Of service only admission is used.
 * False: the request is for request_new().
 */
bool request_answer_at_once(struct gateway *gateway, const struct service *service)
    __attribute__((warn_unused_result));

/* Makes a request when it is a push that is admitted.  NULL when not: then its answer is written, but not ended. */
struct request *request_new(struct gateway *gateway, const struct service *service, void *owner)
    __attribute__((warn_unused_result));

/* Frees a request that was not posted, without an answer; NULL is fine.  The gateway stays the caller's. */
void request_free(struct request *request);

/*
 * Parses the body and posts the push to the writers.  ended: the web server said that the body has ended.  The request
 * then belongs to request_answer(), which may free it in another thread before this function returns.
 */
void request_post(struct request *request, const struct service *service, bool ended);

/*
 * For each request whose push has an outcome: writes the answer, calls answered, which ends the answer, and frees the
 * request.  To be called, in any thread, when queue_descriptor() is readable.
 */
typedef void request_answered(void *owner, void *context);
void request_answer(const struct service *service, request_answered *answered, void *context);

#endif
