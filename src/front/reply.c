/* From outcome to answer, by one table. */
#include "front/reply.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "front/gateway.h"
#include "metrics/metrics.h"

enum { ANSWER_SIZE = 1024 };

static const struct {
	int         status;
	const char *header;     /* beside Content-Type and Content-Length */
	const char *members;    /* of the JSON object, beside retCode and retMsg */
} table[OUTCOMES] = {
	[OUTCOME_OK]                 = { 200, "", "" },
	[OUTCOME_BODY_EMPTY]         = { 400, "", "" },
	[OUTCOME_BODY_CUT_SHORT]     = { 400, "", "" },
	[OUTCOME_BODY_NOT_UTF8]      = { 400, "", "" },
	[OUTCOME_BODY_NOT_JSON]      = { 400, "", "" },
	[OUTCOME_BODY_TRAILING]      = { 400, "", "" },
	[OUTCOME_BODY_NOT_LIST]      = { 400, "", "" },
	[OUTCOME_BODY_ENCODED]       = { 415, "", "" },
	[OUTCOME_FORBIDDEN]          = { 403, "", "" },
	[OUTCOME_NOT_FOUND]          = { 404, "", "" },
	[OUTCOME_METHOD_NOT_ALLOWED] = { 405, "Allow: POST\r\n", "" },
	[OUTCOME_BODY_TOO_LARGE]     = { 413, "", "" },
	[OUTCOME_UNAVAILABLE]        = { 503, "Retry-After: 10\r\n", "" },
	[OUTCOME_LIVE]               = { 200, "", "" },
	[OUTCOME_READY]              = { 200, "", ",\"database\":true,\"spool\":true" },
	[OUTCOME_READY_UNSPOOLED]    = { 200, "", ",\"database\":true,\"spool\":false" },
	[OUTCOME_DEGRADED]           = { 200, "", ",\"database\":false,\"spool\":true" },
	[OUTCOME_NOT_READY]          = { 503, "Retry-After: 10\r\n", ",\"database\":false,\"spool\":false" },
	[OUTCOME_METRICS]            = { 200, "", "" },
};

int
reply_status(enum outcome outcome)
{
	return table[outcome].status;
}

bool
reply_is_to_push(enum outcome outcome)
{
	return outcome < OUTCOME_LIVE;
}

/* RFC 9110, section 15. */
static const char *
phrase(int status)
{
	switch (status) {
	case 200: return "OK";
	case 400: return "Bad Request";
	case 403: return "Forbidden";
	case 404: return "Not Found";
	case 405: return "Method Not Allowed";
	case 413: return "Content Too Large";
	case 415: return "Unsupported Media Type";
	default:  return "Service Unavailable";
	}
}

/* CGI has the status in a header (RFC 3875, 6.3.3).  200 would need none, but so all answers have the same form. */
static void
send_text(struct gateway *gateway, enum outcome outcome, const char *type, const char *text, size_t length)
{
	char head[ANSWER_SIZE];
	int head_length = snprintf(head, sizeof head,
	    "Status: %d %s\r\nContent-Type: %s\r\n%sContent-Length: %zu\r\n\r\n",
	    table[outcome].status, phrase(table[outcome].status), type, table[outcome].header, length);

	gateway_write(gateway, head, (size_t)head_length);
	gateway_write(gateway, text, length);
}

static void
send_metrics(struct gateway *gateway)
{
	char *text = NULL;
	size_t length = 0;
	FILE *file = open_memstream(&text, &length);

	if (file == NULL)
		log_fatal("out of memory");
	metrics_write(file);
	fclose(file);
	send_text(gateway, OUTCOME_METRICS, "text/plain; version=0.0.4; charset=utf-8", text, length);
	free(text);
}

void
reply_send(struct gateway *gateway, enum outcome outcome)
{
	char code[16] = "0", text[ANSWER_SIZE];
	int length;

	if (outcome == OUTCOME_METRICS) {
		send_metrics(gateway);
		return;
	}
	if (table[outcome].status != 200)
		snprintf(code, sizeof code, "%d", table[outcome].status);
	length = snprintf(text, sizeof text, "{\"retCode\":\"%s\",\"retMsg\":\"%s\"%s}", code,
	    outcome_sentence(outcome), table[outcome].members);
	send_text(gateway, outcome, "application/json", text, (size_t)length);
}
