/* How a request ends, in the words of quarantine and of the answer to its sender. */
#include "push/outcome.h"

static const char *const sentences[OUTCOMES] = {
	[OUTCOME_OK]                 = "success",
	[OUTCOME_BODY_EMPTY]         = "The body is empty.",
	[OUTCOME_BODY_CUT_SHORT]     = "The body is shorter than its Content-Length.",
	[OUTCOME_BODY_NOT_UTF8]      = "The body is not UTF-8.",
	[OUTCOME_BODY_NOT_JSON]      = "The body is not JSON, or is cut short.",
	[OUTCOME_BODY_TRAILING]      = "Something follows the JSON text.",
	[OUTCOME_BODY_NOT_LIST]      = "The body is neither a list nor an object with a callResultList.",
	[OUTCOME_BODY_ENCODED]       = "The body has a Content-Encoding; send it as plain JSON.",
	[OUTCOME_FORBIDDEN]          = "The URL has no valid token.",
	[OUTCOME_NOT_FOUND]          = "There is nothing at this URL.",
	[OUTCOME_METHOD_NOT_ALLOWED] = "This URL takes POST only.",
	[OUTCOME_BODY_TOO_LARGE]     = "The body is larger than max_body.",
	[OUTCOME_UNAVAILABLE]        = "The records cannot be stored now; push them again.",
	[OUTCOME_LIVE]               = "live",
	[OUTCOME_READY]              = "ready",
	[OUTCOME_READY_UNSPOOLED]    = "ready, but without a spool",
	[OUTCOME_DEGRADED]           = "degraded: pushes go to the spool",
	[OUTCOME_NOT_READY]          = "not ready",
	[OUTCOME_METRICS]            = "",
};

const char *
outcome_sentence(enum outcome outcome)
{
	return sentences[outcome];
}
