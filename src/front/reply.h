/* From outcome to answer: status, headers and JSON. */
#ifndef REPLY_H
#define REPLY_H

#include <stdbool.h>

#include "push/outcome.h"

struct gateway;

/* The HTTP status of an outcome. */
int reply_status(enum outcome outcome);

/* Whether the outcome is one of a push, and not of a query (live, ready, metrics). */
bool reply_is_to_push(enum outcome outcome);

/* Writes the whole answer; the caller ends it. */
void reply_send(struct gateway *gateway, enum outcome outcome);

#endif
