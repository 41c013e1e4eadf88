/* Exact, bounded reading of a push's body. */
#ifndef BODY_H
#define BODY_H

#include <stddef.h>

#include "front/gateway.h"
#include "push/outcome.h"
#include "push/push.h"

/*
 * Reads the body, max bytes at most, into push->body, and its digest.  OUTCOME_OK: it is whole, by CONTENT_LENGTH
 * where there is one, else by its end.  OUTCOME_BODY_CUT_SHORT: push->body is what came of it.
 * OUTCOME_BODY_TOO_LARGE: push->body is {NULL, 0}.  push->bytes is the length by CONTENT_LENGTH, or what was read.
 */
enum outcome body_read(struct gateway *gateway, size_t max, struct push *push);

/* OUTCOME_BODY_ENCODED when Content-Encoding says that the body is not plain text, else OUTCOME_OK. */
enum outcome body_check_encoding(const struct gateway *gateway);

#endif
