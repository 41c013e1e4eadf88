/*
 * Whose turn it is to write, where several processes share a spool: SQLite's own locks let one process starve the
 * others.  A process that has just had a turn lets one that waits go first.  For spool_file.c alone; its callers are
 * one at a time.
 */
#ifndef SPOOL_TURN_H
#define SPOOL_TURN_H

#include <stdbool.h>
#include <stdint.h>

struct spool_turn {
	int descriptor;         /* of the file that is locked, beside the spool; -1: not open */
};

/* Opens the file, made when it is not there, for the spool of that path; anew when its path leads to another by now. */
bool spool_turn_open(struct spool_turn *turn, const char *spool_path);
void spool_turn_close(struct spool_turn *turn);

/* Waits for the turn until deadline (clock_ms(), ms).  Taking it twice has no further effect. */
bool spool_turn_take(struct spool_turn *turn, int64_t deadline) __attribute__((warn_unused_result));
void spool_turn_leave(struct spool_turn *turn);

#endif
