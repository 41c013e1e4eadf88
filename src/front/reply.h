/* Outcome to answer: status, headers and JSON, from one table. */
#ifndef REPLY_H
#define REPLY_H

#include <stdbool.h>

#include "front/gateway.h"
#include "push/outcome.h"

/* The HTTP status of an outcome. */
int reply_status(enum outcome outcome);

/* Whether it ends a push, and not a request below "/-/". */
bool reply_is_to_push(enum outcome outcome);

/* Writes the answer. */
void reply_send(struct gateway *gateway, enum outcome outcome);

#endif
