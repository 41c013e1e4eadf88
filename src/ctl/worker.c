/* Sends a FastCGI request to the running callresultd, and reads the figures of its answer. */
#include "ctl/worker.h"

#include <errno.h>
#include <fastcgi.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/address.h"
#include "base/memory.h"
#include "ctl/intake.h"
#include "front/fcgi.h"

enum { PATIENCE = 5 /* seconds */, ANSWER_MAX = 16 * 1024 * 1024 };

/* --- the request ------------------------------------------------------------------------------------------- */

/* GET /-/metrics as a web server writes it: in records of request 1, each name and value behind both lengths. */
#define RECORD(type, length) "\1" type "\0\1\0" length "\0\0"
#define PARAMS "\x09\x0a" "PATH_INFO" "/-/metrics" "\x0e\x03" "REQUEST_METHOD" "GET"

static const char request[] = RECORD("\1", "\x08") "\0\1\0\0\0\0\0\0"
    RECORD("\4", "\x28") PARAMS RECORD("\4", "\0") RECORD("\5", "\0");

_Static_assert(sizeof PARAMS - 1 == 0x28, "the length in front of the parameters is theirs");

/* --- the connection ---------------------------------------------------------------------------------------- */

static int
connect_to(const struct sockaddr *address, socklen_t size)
{
	const struct timeval patience = { .tv_sec = PATIENCE };
	int descriptor = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (descriptor < 0)
		return -1;
	setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	if (connect(descriptor, address, size) == 0)
		return descriptor;
	close(descriptor);
	return -1;
}

static int
connect_any(const char *listen)
{
	struct address address;
	struct addrinfo *found, *next;
	int descriptor = -1;

	if (!address_parse(&address, listen))
		return -1;
	if (address.is_unix)
		return connect_to((const struct sockaddr *)&address.unix_socket, sizeof address.unix_socket);
	found = address_resolve(&address, 0);
	for (next = found; next != NULL && descriptor < 0; next = next->ai_next)
		descriptor = connect_to(next->ai_addr, next->ai_addrlen);
	if (found != NULL)
		freeaddrinfo(found);
	else
		errno = EADDRNOTAVAIL;
	return descriptor;
}

/* --- the answer -------------------------------------------------------------------------------------------- */

/* The content of the answer, without FastCGI's records and the head; NULL unless the status is 200. */
static char *
content_of(struct slice answer)
{
	char *text = memory_alloc(answer.length + 1), *end = text, *body;
	struct fcgi_reader reader = { 0 };
	enum fcgi_event event;
	struct slice content;

	while ((event = fcgi_read(&reader, &answer, &content)) != FCGI_MORE)
		if (event == FCGI_CONTENT && reader.type == FCGI_STDOUT)
			end = mempcpy(end, content.bytes, content.length);
	*end = '\0';
	body = strstr(text, "\r\n\r\n");
	if (body == NULL || strncmp(text, "Status: 200", 11) != 0) {
		memory_free(text);
		return NULL;
	}
	memmove(text, body + 4, strlen(body + 4) + 1);
	return text;
}

char *
worker_metrics(const char *listen, const char **problem)
{
	int descriptor = connect_any(listen);
	bool answered = false;
	struct slice answer = { NULL, 0 };
	char *metrics = NULL;

	/* it closes the connection after its answer; a read that takes too long fails */
	if (descriptor >= 0 && send(descriptor, request, sizeof request - 1, MSG_NOSIGNAL) == sizeof request - 1)
		answered = intake_read(descriptor, ANSWER_MAX, &answer);
	*problem = answered ? "what answers is not callresultd" :
	    errno == EAGAIN || errno == EINPROGRESS ? "it does not answer in time" : strerror(errno);
	if (answered)
		metrics = content_of(answer);
	memory_free(answer.bytes);
	if (descriptor >= 0)
		close(descriptor);
	return metrics;
}

/* --- figures ----------------------------------------------------------------------------------------------- */

/* What follows name at the start of a line; NULL: the line does not begin with it. */
static const char *
after_name(const char *line, const char *name)
{
	size_t length = strlen(name);

	return strncmp(line, name, length) == 0 ? line + length : NULL;
}

static const char *
next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end != NULL ? end + 1 : NULL;
}

bool
worker_value(const char *metrics, const char *series, double *value)
{
	for (const char *line = metrics; line != NULL; line = next_line(line)) {
		const char *after = after_name(line, series);

		if (after != NULL && *after == ' ') {
			*value = strtod(after, NULL);
			return true;
		}
	}
	return false;
}

double
worker_greatest(const char *metrics, const char *name)
{
	double greatest = 0;

	for (const char *line = metrics; line != NULL; line = next_line(line)) {
		const char *after = after_name(line, name), *end = strchr(line, '\n');
		const char *blank = after != NULL && *after == '{' && end != NULL ? memrchr(line, ' ',
		    (size_t)(end - line)) : NULL;
		double value = blank != NULL ? strtod(blank, NULL) : 0;

		greatest = value > greatest ? value : greatest;
	}
	return greatest;
}
