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

/* A push that was admitted, or a query about database and spool, until it is answered. */
struct request {
	void           *owner;      /* the caller's, which request_answer() gives back */
	struct gateway *gateway;    /* the caller's, who ends the answer */
	struct push    *push;       /* NULL: a query */
	struct body     body;       /* of a push; the caller adds to it until it is whole or the input ends */
	int64_t         start;      /* clock_us() */
	enum outcome    outcome;    /* of admission, then of reading the push; that of storing it is push->outcome */
};

/*
 * Makes a request of what the gateway's variables say.  NULL when its answer needs neither database nor spool: then the
 * answer is written, but not ended.  Of service only admission and max_body are used.
 */
struct request *request_new(struct gateway *gateway, const struct service *service, void *owner)
    __attribute__((warn_unused_result));

/* Frees a request that was neither posted nor answered; NULL is fine. */
void request_free(struct request *request);

/* Writes the answer to a query, which the caller ends, and frees the request. */
void request_answer_query(struct request *request, const struct service *service);

/*
 * Parses the body of a push and posts the push to the writers, or stores it when they have nothing to do.  ended: the
 * web server said that the body has ended.  The request then belongs to request_answer(), which may free it in another
 * thread before this function returns.  True: the push was stored, and the caller is to call request_answer().
 */
bool request_post(struct request *request, const struct service *service, bool ended)
    __attribute__((warn_unused_result));

/*
 * For each request whose push has an outcome: writes the answer, calls answered, which ends the answer, and frees the
 * request.  To be called, in any thread, when queue_descriptor() is readable, and after request_post() returned true.
 */
typedef void request_answered(void *owner, void *context);
void request_answer(const struct service *service, request_answered *answered, void *context);

#endif
