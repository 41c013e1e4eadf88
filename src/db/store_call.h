/* The one statement of a batch: the call of callresult.store(), with an array for each column. */
#ifndef STORE_CALL_H
#define STORE_CALL_H

#include "db/pg_array.h"
#include "push/fold.h"
#include "push/push.h"
#include "push/tally.h"

/*
 * The parameters of store(), in its order; sql/code/store.sql says what each is for.  A prefix says what an array has
 * an element for: P_ a push, R_ a record of the fold, Q_ a reject (for quarantine), T_ a count of the tally.  R_PUSH
 * and Q_PUSH are numbers of pushes, from 1.  What is a single value is marked.
 */
enum store_parameter {
	P_ID, P_RECEIVED_AT, P_ARRIVED, P_REMOTE_ADDR, P_SOURCE, P_BYTES, P_SHA256, P_RECORDS, P_ROWS, P_QUARANTINED,
	P_SPOOLED, P_LATE,
	/* R_FIELD + RECORD_CALLED is that field's */
	R_PUSH, R_FIELD, R_FIELD_LAST = R_FIELD + RECORD_FIELDS - 1, R_CAUSE_CODE, R_EXTRA,
	CALL_TIMEZONE, CAREFUL,                                 /* values */
	Q_PUSH, Q_REASON, Q_RAW,
	P_LAST_CALL,
	T_CAMPAIGN_ID, T_VDN_ID, T_CALL_HOUR, T_CALL_STATUS, T_CAUSE_CODE, T_CALLS,
	T_ARRIVED, T_TIMED, T_LAG, T_EARLIEST, T_LATEST,        /* values, of the whole tally */
	PLAIN,                                                  /* a value */
	STORE_PARAMETERS
};

enum { STORE_TEXT_SIZE = 2048 };

/* The parameters as PQsendQueryParams takes them, all in binary form; {0} at first. */
struct store_call {
	char            text[STORE_TEXT_SIZE];       /* the statement */
	struct pg_array arrays[STORE_PARAMETERS];    /* of one that is no array, the first element is the value */
	struct tally    tally;
	unsigned int    types[STORE_PARAMETERS];
	const char     *values[STORE_PARAMETERS];
	int             lengths[STORE_PARAMETERS];
	int             formats[STORE_PARAMETERS];
};

/*
 * Sets the statement and all parameters, which the call owns.  The rows of fold are of the pushes.  careful is a hint:
 * the database is likely to have some of the records, so store() goes its careful way at once.
 */
void store_call_fill(struct store_call *call, struct push **pushes, int count, const struct fold *fold,
    const char *call_timezone, bool careful);

/* Frees the memory of a huge call, which has to be filled again.  Returns how many bytes its parameters had. */
size_t store_call_trim(struct store_call *call);

void store_call_free(struct store_call *call);

#endif
