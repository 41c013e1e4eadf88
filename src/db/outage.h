/*
 * What is told of the database while it is away: once when that begins, once when it ends with how long it was and how
 * much was spooled, and in between only what is new; brief ones alike, again and again, are told now and then.  All functions are safe in any thread.
 */
#ifndef OUTAGE_H
#define OUTAGE_H

/* The database failed, for this reason; the beginning of an outage unless there is one. */
void outage_note(const char *reason);

/* Pushes went to the spool. */
void outage_count_spooled(int count);

/* Something was committed: the end of an outage, if there was one. */
void outage_end(void);

#endif
