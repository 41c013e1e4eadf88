/* One request as the web server hands it over, by FastCGI or by plain CGI. */
#include "gateway.h"

#include <fcgiapp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "metrics.h"

/* What is left of a body after the answer is read this far, so that a kept connection stays in step. */
enum { DRAIN_MAX = 64 * 1024 * 1024, DRAIN_STEP = 64 * 1024 };

struct gateway {
	FCGX_Request *fastcgi;   /* NULL: plain CGI */
};

const char *
gateway_variable(const struct gateway *gateway, const char *name)
{
	return gateway->fastcgi != NULL ? FCGX_GetParam(name, gateway->fastcgi->envp) : getenv(name);
}

static ssize_t
read_stdin(char *buffer, size_t size)
{
	size_t used = 0;
	ssize_t count = 1;

	while (used < size && count > 0) {
		count = read(STDIN_FILENO, buffer + used, size - used);
		if (count > 0)
			used += (size_t)count;
	}
	return used == 0 && count < 0 ? -1 : (ssize_t)used;
}

ssize_t
gateway_read(struct gateway *gateway, char *buffer, size_t size)
{
	int count;

	if (gateway->fastcgi == NULL)
		return read_stdin(buffer, size);
	count = FCGX_GetStr(buffer, (int)size, gateway->fastcgi->in);
	return count == 0 && FCGX_GetError(gateway->fastcgi->in) != 0 ? -1 : count;
}

static void
write_stdout(const char *bytes, size_t length)
{
	ssize_t count;

	for (; length > 0; bytes += count, length -= (size_t)count)
		if ((count = write(STDOUT_FILENO, bytes, length)) < 0) {
			metrics_count_unwritten_answer();
			break;
		}
}

void
gateway_write(struct gateway *gateway, const char *bytes, size_t length)
{
	if (gateway->fastcgi == NULL)
		write_stdout(bytes, length);
	else
		FCGX_PutStr(bytes, (int)length, gateway->fastcgi->out);
}

void
gateway_init(void)
{
	/* FCGX_Init takes these over and would end the process in the middle of a push */
	static const int taken[] = { SIGPIPE, SIGTERM, SIGUSR1 };
	struct sigaction before[sizeof taken / sizeof *taken];

	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
		sigaction(taken[i], NULL, &before[i]);
	if (FCGX_Init() != 0)
		log_fatal("libfcgi does not start");
	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
		sigaction(taken[i], &before[i], NULL);
}

/* Reads on to the end of the body, within bounds.  True when it is reached. */
static bool
drain(struct gateway *gateway)
{
	char ignored[DRAIN_STEP];
	ssize_t count;

	for (int drained = 0; drained < DRAIN_MAX; drained += (int)count) {
		count = gateway_read(gateway, ignored, sizeof ignored);
		if (count <= 0)
			return count == 0;
	}
	return false;
}

/* Sends what is left of the answer.  True when the connection is still good for another request. */
static bool
finish(FCGX_Request *request, bool drained)
{
	bool keep = request->keepConnection && drained;
	int connection = request->ipcFd;

	/*
	 * With nothing left unread a plain close loses no answer.  libfcgi's own close waits for the peer to go first,
	 * up to 2 s; it is used only where an answer would be lost otherwise.
	 */
	request->keepConnection = drained;
	FCGX_Finish_r(request);
	if (drained && request->ipcFd == -1) {
		metrics_count_unwritten_answer();
		return false;
	}
	if (drained && !keep)
		close(connection);
	return keep;
}

bool
gateway_serve_connection(int connection, gateway_handler *handler, void *context)
{
	FCGX_Request request;
	struct gateway gateway = { &request };

	/* A connection and no listening socket: FCGX_Accept_r reads this one and can accept no other. */
	FCGX_InitRequest(&request, -1, FCGI_FAIL_ACCEPT_ON_INTR);
	request.ipcFd = connection;
	request.keepConnection = 1;
	if (FCGX_Accept_r(&request) != 0)
		return false;
	handler(&gateway, context);
	return finish(&request, drain(&gateway));
}

void
gateway_serve_cgi(gateway_handler *handler, void *context)
{
	struct gateway gateway = { NULL };

	handler(&gateway, context);
	drain(&gateway);        /* Apache cuts the answer off when a pipe that it still writes to is closed */
}
