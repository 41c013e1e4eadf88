/*
 * What is logged of an outage of the database: its start, new causes and its end; repeated short outages with one
 * cause are rate-limited.  The caller's lock guards it; now is clock_ms().
 */
#ifndef OUTAGE_H
#define OUTAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "db/db.h"

/* {0} at first: there is none. */
struct outage {
	bool    away;
	bool    folded;                       /* one of the same cause has just ended: logged only if this one lasts */
	int     causes_logged;
	int64_t since, last_logged, last_end;   /* clock_ms() */
	int64_t spooled;
	char    cause[DB_PROBLEM_SIZE];       /* the last that was logged */
};

/* The database failed: starts an outage, unless there is one. */
void outage_note(struct outage *outage, const char *cause, int64_t now);

/* Pushes went to the spool. */
void outage_count_spooled(struct outage *outage, int count);

/* The database works: ends the outage, if there is one. */
void outage_end(struct outage *outage, int64_t now);

#endif
