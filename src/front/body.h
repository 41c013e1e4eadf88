/* A push's body: gathered as it comes, exact and bounded. */
#ifndef BODY_H
#define BODY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "front/gateway.h"
#include "push/outcome.h"
#include "push/push.h"

struct body {
	bool   announced;      /* its length is known beforehand */
	size_t size;           /* that length; else the most that it may have */
	bool   too_large;      /* nothing of it is kept */
	char  *bytes;
	size_t length, capacity;
};

/* By CONTENT_LENGTH where there is one that is plain digits; max bytes at most. */
void body_begin(struct body *body, const struct gateway *gateway, size_t max);

/* How much memory it needs to take count bytes more. */
size_t body_room(const struct body *body, size_t count);

/* Appends content, but for what is more than announced.  room: bytes that it may keep, body_room() at least. */
void body_add(struct body *body, struct slice content, size_t room);

/* Whether nothing that is still to come matters. */
bool body_is_whole(const struct body *body);

/*
 * Moves the body, and its digest, into the push.  ended: the web server said that nothing more comes.  OUTCOME_OK: it
 * is whole.  OUTCOME_BODY_CUT_SHORT: push->body is what came of it.  OUTCOME_BODY_TOO_LARGE: push->body is {NULL, 0}.
 * push->bytes is the length by CONTENT_LENGTH where it is too large, else what came.
 */
enum outcome body_end(struct body *body, bool ended, struct push *push);

/* OUTCOME_BODY_ENCODED when Content-Encoding says that the body is not plain text, else OUTCOME_OK. */
enum outcome body_check_encoding(const struct gateway *gateway);

#endif
