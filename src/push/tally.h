/* The records of a fold counted, as the tally of the reports has them: by campaign, VDN, hour, status and cause. */
#ifndef TALLY_H
#define TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "push/fold.h"

struct tally_count {
	const struct record *record;    /* one of those counted here: what they are counted by is the same */
	int32_t              calls;
};

/* Times in microseconds since 1970; those of the calls are the sender's. */
struct tally {
	struct tally_count *counts;
	size_t              count;
	size_t              room;
	bool                in_one_hour;  /* all arrived in the hour that begins at arrived */
	int64_t             arrived;
	int64_t             timed;        /* records that have a time, and the first and the last of these times */
	int64_t             earliest, latest;
	bool                has_lag;      /* false: too much to be counted */
	int64_t             lag;          /* the sum from these times, were the zone UTC, to the arrivals */
};

/* The hour that a time is in, as the time it begins at. */
int64_t tally_hour(int64_t time);

/*
 * Counts all rows of the fold.  Where a campaign's hour has a great many different causes, one may have several counts.
 * tally starts as {0} and is used again and again; the records must outlive its use.
 */
void tally_fold(struct tally *tally, const struct fold *fold);

/* Gives back what a huge fold took: it must not be held for ever. */
void tally_trim(struct tally *tally);

void tally_free(struct tally *tally);

#endif
