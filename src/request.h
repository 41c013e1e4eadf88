/* The way of one request through the stages, from its path to its answer. */
#ifndef REQUEST_H
#define REQUEST_H

#include <stddef.h>
#include <stdint.h>

#include "admission.h"
#include "batch.h"
#include "gateway.h"

/* What every request is served with. */
struct service {
	struct admission *admission;
	struct batch     *batch;
	size_t            max_body;         /* bytes */
	int64_t           reply_deadline;   /* milliseconds */
};

/* Serves one request: a gateway_handler whose context is a struct service. */
void request_serve(struct gateway *gateway, void *service);

#endif
