/* The way back: the spool's pushes into the database, oldest first, each deleted only after its commit. */
#ifndef REPLAY_H
#define REPLAY_H

#include <stdint.h>

#include "db/desk.h"
#include "spool/spool.h"

struct replay;

/* Starts its thread, which takes its connections from the desk.  Both must outlive it. */
struct replay *replay_start(struct desk *desk, struct spool *spool);

/* Ends it, after the batch in hand, or when the spool is empty and time milliseconds have not passed; frees it. */
void replay_stop(struct replay *replay, int64_t time);

#endif
