/* Counts the rows of a fold by campaign, VDN, hour of the call, status and cause, as the reports' tally does. */
#ifndef TALLY_H
#define TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "push/fold.h"

struct tally_count {
	const struct record *record;    /* one of those counted: they agree in what they are counted by */
	int32_t              calls;
};

/* Times in microseconds since 1970; those of the calls are the sender's. */
struct tally {
	struct tally_count *counts;
	size_t              count;
	size_t              capacity;
	bool                in_one_hour;  /* all arrived in the hour that begins at arrived */
	int64_t             arrived;
	int64_t             timed;        /* records that have a call time */
	int64_t             earliest, latest;  /* of these times */
	bool                has_lag;      /* false: the sum does not fit */
	int64_t             lag;          /* the sum of arrival minus call time, taken as UTC */
};

/* The beginning of the hour that a time is in. */
int64_t tally_hour(int64_t time);

/*
 * Counts all rows of the fold.  Where a campaign's hour has a great many causes, one cause may have several counts.
 * tally starts as {0} and may be filled again; the records must outlive its use.
 */
void tally_fold(struct tally *tally, const struct fold *fold);

/* Frees the memory of a huge tally, which must not be held for ever. */
void tally_trim(struct tally *tally);

void tally_free(struct tally *tally);

#endif
