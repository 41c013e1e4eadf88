/* Outcome to answer: status, headers and JSON, from one table. */
#include "reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "metrics.h"

enum { ANSWER_SIZE = 1024 };

static const struct {
	int         status;
	const char *sentence;   /* names the fault without quoting the input */
	const char *header;     /* besides Content-Type and Content-Length */
	const char *members;    /* of the JSON object, besides retCode and retMsg */
} table[OUTCOMES] = {
	[OUTCOME_OK]             = { 200, "success", "", "" },
	[OUTCOME_BODY_EMPTY]     = { 400, "The body is empty.", "", "" },
	[OUTCOME_BODY_CUT_SHORT] = { 400, "The body is shorter than its Content-Length.", "", "" },
	[OUTCOME_BODY_NOT_UTF8]  = { 400, "The body is not UTF-8.", "", "" },
	[OUTCOME_BODY_NOT_JSON]  = { 400, "The body is not JSON, or is cut short.", "", "" },
	[OUTCOME_BODY_TRAILING]  = { 400, "Something follows the JSON text.", "", "" },
	[OUTCOME_BODY_NOT_LIST]  = { 400, "The body is neither a list nor an object with a callResultList.", "", "" },
	[OUTCOME_BODY_ENCODED]   = { 415, "The body has a Content-Encoding; send it as plain JSON.", "", "" },
	[OUTCOME_FORBIDDEN]      = { 403, "The URL has no valid token.", "", "" },
	[OUTCOME_NOT_FOUND]      = { 404, "There is nothing at this URL.", "", "" },
	[OUTCOME_METHOD_NOT_ALLOWED] = { 405, "This URL takes POST only.", "Allow: POST\r\n", "" },
	[OUTCOME_BODY_TOO_LARGE] = { 413, "The body is larger than max_body.", "", "" },
	[OUTCOME_UNAVAILABLE]    = { 503, "The records cannot be stored now; push them again.", "Retry-After: 10\r\n", "" },
	[OUTCOME_LIVE]           = { 200, "live", "", "" },
	[OUTCOME_READY]          = { 200, "ready", "", ",\"database\":true,\"spool\":true" },
	[OUTCOME_READY_UNSPOOLED] = { 200, "ready, but without a spool", "", ",\"database\":true,\"spool\":false" },
	[OUTCOME_DEGRADED]       = { 200, "degraded: pushes go to the spool", "", ",\"database\":false,\"spool\":true" },
	[OUTCOME_NOT_READY]      = { 503, "not ready", "Retry-After: 10\r\n", ",\"database\":false,\"spool\":false" },
	[OUTCOME_METRICS]        = { 200, "", "", "" },
};

const char *
reply_sentence(enum outcome outcome)
{
	return table[outcome].sentence;
}

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

/* A Status line is how a CGI program says it (RFC 3875, 6.3.3); 200 needs none, but all read alike. */
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
	length = snprintf(text, sizeof text, "{\"retCode\":\"%s\",\"retMsg\":\"%s\"%s}", code, table[outcome].sentence,
	    table[outcome].members);
	send_text(gateway, outcome, "application/json", text, (size_t)length);
}
