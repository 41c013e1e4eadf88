/* The one statement of a batch: callresult.store of the schema, with its parameters column by column. */
#ifndef STORE_CALL_H
#define STORE_CALL_H

#include "db/pg_array.h"
#include "push/fold.h"
#include "push/push.h"

/* In the order of the function's parameters (sql/steps/003-store.sql). */
enum store_parameter {
	/* one element a push */
	P_ID, P_RECEIVED_AT, P_REMOTE_ADDR, P_BYTES, P_SHA256, P_RECORDS, P_QUARANTINED, P_SPOOLED,
	/* one element a record of the fold */
	R_PUSH_ID, R_RECEIVED_AT, R_CAMPAIGN_ID, R_SESSION_ID, R_CALLED, R_CALL_TIME_LOCAL, R_CALL_STATUS, R_FAIL_CODE,
	R_CAUSE_CODE, R_VDN_ID, R_CALL_ID, R_CUSTOM_FIELD, R_RECORD_PATH, R_EXTRA,
	CALL_TIMEZONE,
	/* one element a reject */
	Q_PUSH_ID, Q_RECEIVED_AT, Q_REASON, Q_RAW,
	STORE_PARAMETERS
};

extern const char store_call_text[];

/* As PQsendQueryParams takes them, all in binary form; {0} at first. */
struct store_call {
	struct pg_array arrays[STORE_PARAMETERS];    /* that of CALL_TIMEZONE is not used */
	unsigned int    types[STORE_PARAMETERS];
	const char     *values[STORE_PARAMETERS];
	int             lengths[STORE_PARAMETERS];
	int             formats[STORE_PARAMETERS];
};

/* Sets all parameters; they are the call's own but for call_timezone. */
void store_call_fill(struct store_call *call, struct push **pushes, int count, const struct fold *fold,
    const char *call_timezone);

void store_call_free(struct store_call *call);

#endif
