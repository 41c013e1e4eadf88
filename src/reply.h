/* Outcome to answer: status, headers and JSON, from one table. */
#ifndef REPLY_H
#define REPLY_H

#include <stdbool.h>

#include "gateway.h"
#include "outcome.h"

/* The sentence that names an outcome to the sender, and a bad body in quarantine. */
const char *reply_sentence(enum outcome outcome);

/* The HTTP status of an outcome. */
int reply_status(enum outcome outcome);

/* Whether it ends a push, and not a request below "/-/". */
bool reply_is_to_push(enum outcome outcome);

/* Writes the answer. */
void reply_send(struct gateway *gateway, enum outcome outcome);

#endif
