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
	void           *owner;      /* the caller's */
	struct gateway *gateway;
	struct body     body;       /* the caller adds to it until it is whole, or ends */
	struct push    *push;
	int64_t         start;      /* clock_us() */
	enum outcome    outcome;    /* of reading it */
};

/* Whether the request is a query below "/-/", and no push. */
bool request_asks(const struct gateway *gateway);

/*
 * Answers the gateway's request when neither database nor spool is needed for it.  Of service only admission is used.
 * False: the request is for request_new().
 */
bool request_answer_at_once(struct gateway *gateway, const struct service *service)
    __attribute__((warn_unused_result));

/* The gateway's request, when it is a push that is admitted.  NULL when not: then its answer is written. */
struct request *request_new(struct gateway *gateway, const struct service *service, void *owner)
    __attribute__((warn_unused_result));

/* Frees a request that was not posted, without an answer; NULL is fine.  The gateway stays the caller's. */
void request_free(struct request *request);

/*
 * Parses the body and hands the push to the writers.  ended: the web server said that nothing more of the body comes.
 * From here on the request is request_answer()'s, which may have freed it in another thread already.
 */
void request_post(struct request *request, const struct service *service, bool ended);

/*
 * Writes the answers of the requests whose pushes have an outcome, calls answered for the owner of each, which ends the
 * answer, and frees the request.  To be called, in any thread, when queue_descriptor() is readable.
 */
typedef void request_answered(void *owner, void *context);
void request_answer(const struct service *service, request_answered *answered, void *context);

#endif
