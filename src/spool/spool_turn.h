/*
 * Whose turn it is to write where several processes share a spool: SQLite's own locks let one process starve the
 * others.  A process that has just had a turn lets one that waits go first.  For one thread at a time, which has the
 * spool's file_mutex.
 */
#ifndef SPOOL_TURN_H
#define SPOOL_TURN_H

#include <stdbool.h>
#include <stdint.h>

struct spool_turn {
	int descriptor;         /* of the file that is locked, beside the spool; -1: not open */
};

/*
 * Opens the file beside the spool of that path, or creates it; opens it anew when its name leads to another one by now.
 * False, with errno, when it cannot.
 */
bool spool_turn_open(struct spool_turn *turn, const char *spool_path) __attribute__((warn_unused_result));
void spool_turn_close(struct spool_turn *turn);

/* Waits for the turn until deadline (clock_ms(), ms).  Taking it twice has no further effect. */
bool spool_turn_take(struct spool_turn *turn, int64_t deadline) __attribute__((warn_unused_result));
void spool_turn_leave(struct spool_turn *turn);

#endif
