/* The prober: makes the connections that are wanted at the desk, off the pushes' time, and finds the database again. */
#ifndef PROBER_H
#define PROBER_H

#include "db/desk.h"

struct prober;

/* Starts its thread, which connects as soon as a connection is wanted.  All arguments must outlive it. */
struct prober *prober_start(struct desk *desk, const char *conninfo, const char *call_timezone);

/* Ends it, after the try in hand, and frees it. */
void prober_stop(struct prober *prober);

#endif
