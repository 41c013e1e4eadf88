/* How a request ends: the one enum that every stage shares.  reply.c turns each into an answer. */
#ifndef OUTCOME_H
#define OUTCOME_H

enum outcome {
	OUTCOME_OK,               /* no fault so far; once the push is settled: every record is durable */

	/* the body is bad; it is kept whole in quarantine */
	OUTCOME_BODY_EMPTY,
	OUTCOME_BODY_CUT_SHORT,
	OUTCOME_BODY_NOT_UTF8,
	OUTCOME_BODY_NOT_JSON,
	OUTCOME_BODY_TRAILING,
	OUTCOME_BODY_NOT_LIST,
	OUTCOME_BODY_ENCODED,

	/* refused with nothing to keep */
	OUTCOME_FORBIDDEN,
	OUTCOME_NOT_FOUND,
	OUTCOME_METHOD_NOT_ALLOWED,
	OUTCOME_BODY_TOO_LARGE,

	OUTCOME_UNAVAILABLE,      /* neither database nor spool took the push in time */

	/* the answers below "/-/": all from here on (reply_is_to_push) */
	OUTCOME_LIVE,
	OUTCOME_READY,            /* database and spool stand */
	OUTCOME_READY_UNSPOOLED,  /* only the database */
	OUTCOME_DEGRADED,         /* only the spool */
	OUTCOME_NOT_READY,
	OUTCOME_METRICS,

	OUTCOMES                  /* how many there are */
};

/* The sentence about it for the sender and for quarantine; it quotes nothing of the input. */
const char *outcome_sentence(enum outcome outcome);

#endif
