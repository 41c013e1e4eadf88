/* A push's body: gathered as it comes, and never larger than allowed. */
#ifndef BODY_H
#define BODY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "push/outcome.h"

struct gateway;
struct push;

struct body {
	bool   announced;      /* CONTENT_LENGTH gives its length */
	size_t size;           /* that length; else the most that it may have */
	bool   too_large;      /* above the most: nothing of it is kept */
	char  *bytes;
	size_t length, capacity;
};

/* Begins a body of at most max bytes.  A CONTENT_LENGTH of anything but digits counts as none. */
void body_begin(struct body *body, const struct gateway *gateway, size_t max);

/* How many bytes of memory it needs to take count bytes more. */
size_t body_room(const struct body *body, size_t count);

/*
 * Appends content; what is beyond an announced length is ignored, and a body beyond the most becomes too large.
 * room: bytes that it may allocate, at least body_room().
 */
void body_add(struct body *body, struct slice content, size_t room);

/* Whether it needs nothing more: all that was announced is there, or it is too large. */
bool body_is_whole(const struct body *body);

/*
 * Moves the body, and its digest, into the push.  ended: the web server said that nothing more comes.
 * - OUTCOME_OK: push->body is the whole body, and push->bytes its length.
 * - OUTCOME_BODY_CUT_SHORT: the same of what came.
 * - OUTCOME_BODY_TOO_LARGE: push->body is {NULL, 0}; push->bytes is the announced length, or what came until then.
 */
enum outcome body_end(struct body *body, bool ended, struct push *push) __attribute__((warn_unused_result));

/* OUTCOME_BODY_ENCODED when the body has a Content-Encoding other than identity, else OUTCOME_OK. */
enum outcome body_check_encoding(const struct gateway *gateway);

#endif
