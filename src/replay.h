/*
 * The way back: one thread that finds the database again, lays connections on the desk for those who have lost theirs,
 * and stores what is in the spool, oldest first, in batches small enough to leave room for live pushes.
 */
#ifndef REPLAY_H
#define REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "desk.h"
#include "spool.h"

struct replay;

/* spool may be NULL: then there is nothing to store.  Everything must outlive the replay. */
struct replay *replay_start(struct desk *desk, struct spool *spool, const char *conninfo, const char *call_timezone);

/* Ends the thread after the batch in hand; before that it goes on for time milliseconds while there is something to do. */
void replay_stop(struct replay *replay, int64_t time);

#endif
