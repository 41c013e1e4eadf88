/* From outcome to answer: status, headers and JSON. */
#ifndef REPLY_H
#define REPLY_H

#include <stdbool.h>

#include "push/outcome.h"

struct gateway;

/* The HTTP status of an outcome. */
int reply_status(enum outcome outcome);

/* Whether a push can end so; live, ready and metrics are answered otherwise. */
bool reply_is_to_push(enum outcome outcome);

/* Writes the whole answer; the caller ends it. */
void reply_send(struct gateway *gateway, enum outcome outcome);

#endif
