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
	size_t size;           /* the announced length; without one, the largest that is allowed */
	bool   too_large;      /* larger than allowed: nothing of it is kept */
	char  *bytes;
	size_t length, capacity;
};

/* Begins a body of at most max bytes.  A CONTENT_LENGTH of anything but digits counts as none. */
void body_begin(struct body *body, const struct gateway *gateway, size_t max);

/* How many bytes of memory the body needs once it has count bytes more. */
size_t body_room(const struct body *body, size_t count);

/*
 * Appends content.  Ignores what is beyond an announced length; without one, a body larger than allowed becomes too
 * large.  room: bytes that the body may allocate, at least body_room().
 */
void body_add(struct body *body, struct slice content, size_t room);

/* Whether the body needs nothing more: all that was announced is there, or it is too large. */
bool body_is_whole(const struct body *body);

/*
 * Moves the body, and its digest, into the push.  ended: the web server said that nothing more comes.
 * - OUTCOME_OK: push->body is the whole body, and push->bytes its length.
 * - OUTCOME_BODY_CUT_SHORT: push->body is what arrived, and push->bytes its length.
 * - OUTCOME_BODY_TOO_LARGE: push->body is {NULL, 0}; push->bytes is the announced length, or how much had arrived.
 */
enum outcome body_end(struct body *body, bool ended, struct push *push) __attribute__((warn_unused_result));

/* OUTCOME_BODY_ENCODED when the body has a Content-Encoding other than identity, else OUTCOME_OK. */
enum outcome body_check_encoding(const struct gateway *gateway);

#endif
