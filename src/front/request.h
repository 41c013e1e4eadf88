/* The way of one request through the stages, from its path to its answer. */
#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "front/admission.h"
#include "front/gateway.h"
#include "db/pool.h"
#include "spool/spool.h"
#include "store/queue.h"

/* What every request is served with. */
struct service {
	struct admission *admission;
	struct queue     *queue;
	struct pool      *pool;
	struct spool     *spool;            /* NULL: none */
	size_t            max_body;         /* bytes */
	int64_t           reply_deadline;   /* milliseconds */
};

/*
 * Serves a request as far as it goes.  True: it is answered, and is to be finished.  False: its push waits to be stored,
 * and request_answer() brings it back, in whichever thread, maybe already.
 */
bool request_begin(struct gateway *gateway, const struct service *service);

/* Answers the requests whose pushes are stored, or never will be, and hands each to answered, to be finished. */
typedef void request_answered(struct gateway *gateway, void *context);
void request_answer(const struct service *service, request_answered *answered, void *context);

/* Serves the one request of a plain CGI program, and waits for its end. */
void request_serve_cgi(const struct service *service);

#endif
