/* The way of one request through the stages, from its path to its answer. */
#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "db/pool.h"
#include "front/admission.h"
#include "front/body.h"
#include "front/gateway.h"
#include "push/push.h"
#include "spool/spool.h"
#include "store/queue.h"

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
	struct body     body;       /* which the caller adds to until it is whole, or ends */
	struct push    *push;
	int64_t         start;      /* clock_us() */
	enum outcome    outcome;    /* of reading it */
};

/*
 * Answers the request that the gateway brings when that takes neither database nor spool: of service, admission alone
 * is of use.  False: it is for request_new().
 */
bool request_answer_at_once(struct gateway *gateway, const struct service *service)
    __attribute__((warn_unused_result));

/* The request that the gateway brings, when it is a push that may be read.  NULL: it is answered. */
struct request *request_new(struct gateway *gateway, const struct service *service, void *owner)
    __attribute__((warn_unused_result));

/* Frees a request that was not posted, without an answer; the gateway stays the caller's. */
void request_free(struct request *request);

/*
 * Hands the push to the writers, with those of other requests.  ended: the web server said that nothing more of the
 * body comes.  From here on request_answer() has the request, in whichever thread, maybe already.
 */
void request_post(struct request *request, const struct service *service, bool ended);

/*
 * Writes the answers of the requests whose pushes are stored, or never will be, and hands the owner of each to
 * answered, to end the answer; the request is freed.  To be called when queue_descriptor() is readable.
 */
typedef void request_answered(void *owner, void *context);
void request_answer(const struct service *service, request_answered *answered, void *context);

#endif
