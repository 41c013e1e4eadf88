/* One request as the web server hands it over, by FastCGI or by plain CGI. */
#include "front/gateway.h"

#include <fcgiapp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "metrics/metrics.h"

/* A body that comes more slowly is given up: one sender must not hold a thread for as long as it likes. */
enum {
	BODY_TIME = 20 * 1000,    /* milliseconds that any body may take */
	BODY_RATE = 16,           /* bytes each millisecond more for what comes */
};

/* What is left of a body after the answer is read this far, so that a kept connection stays in step. */
enum {
	DRAIN_MAX = 64 * 1024 * 1024,
	DRAIN_STEP = 64 * 1024,
	DRAIN_TIME = 2,           /* seconds, however much comes */
	LINGER_TIME = 1,          /* seconds that a peer with unread bytes on their way gets to close first */
};

struct gateway {
	bool         is_cgi;     /* fastcgi is not used */
	FCGX_Request fastcgi;
	int64_t      end;        /* clock_monotonic() by which the body, or the rest of it, is to be read */
	int64_t      bytes;      /* of the body read so far */
	bool         ended;      /* the body's end is read */
	bool         draining;   /* what is read is thrown away */
};

const char *
gateway_variable(const struct gateway *gateway, const char *name)
{
	return gateway->is_cgi ? getenv(name) : FCGX_GetParam(name, gateway->fastcgi.envp);
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

static bool
is_too_slow(const struct gateway *gateway)
{
	return clock_monotonic() > gateway->end + (gateway->draining ? 0 : gateway->bytes / BODY_RATE);
}

/* FCGX_GetStr alone would go on until it has all, however long that takes. */
static ssize_t
read_stream(struct gateway *gateway, char *buffer, size_t size)
{
	FCGX_Stream *in = gateway->fastcgi.in;
	size_t used = 0;
	int byte = 0, there;

	while (used < size && !is_too_slow(gateway) && (byte = FCGX_GetChar(in)) != EOF) {
		buffer[used++] = (char)byte;
		there = (int)(in->stop - in->rdNext);
		if ((size_t)there > size - used)
			there = (int)(size - used);
		used += (size_t)FCGX_GetStr(buffer + used, there, in);
		gateway->bytes += there + 1;
	}
	gateway->ended = byte == EOF && FCGX_GetError(in) == 0;
	return used == 0 && size > 0 && !gateway->ended ? -1 : (ssize_t)used;
}

ssize_t
gateway_read(struct gateway *gateway, char *buffer, size_t size)
{
	return gateway->is_cgi ? read_stdin(buffer, size) : read_stream(gateway, buffer, size);
}

static void
write_stdout(const char *bytes, size_t length)
{
	ssize_t count;

	for (; length > 0; bytes += count, length -= (size_t)count)
		if ((count = write(STDOUT_FILENO, bytes, length)) < 0) {
			metrics_add(METRIC_UNWRITTEN_ANSWERS, 1);
			break;
		}
}

void
gateway_write(struct gateway *gateway, const char *bytes, size_t length)
{
	if (gateway->is_cgi)
		write_stdout(bytes, length);
	else
		FCGX_PutStr(bytes, (int)length, gateway->fastcgi.out);
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

	gateway->draining = true;
	gateway->end = clock_monotonic() + DRAIN_TIME * 1000;
	for (ssize_t drained = 0; drained < DRAIN_MAX; drained += count) {
		count = gateway_read(gateway, ignored, sizeof ignored);
		if (count <= 0)
			return count == 0;
	}
	return false;
}

static void
set_patience(int connection, int seconds)
{
	const struct timeval patience = { .tv_sec = seconds };

	setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

bool
gateway_is_whole(const struct gateway *gateway)
{
	const char *length = gateway_variable(gateway, "CONTENT_LENGTH");

	return gateway->ended || (length != NULL && strtoll(length, NULL, 10) <= gateway->bytes);
}

/* The answer is not kept waiting for a body that nobody reads, and nor is the thread. */
static bool
drain_connection(struct gateway *gateway)
{
	bool drained;

	if (gateway_is_whole(gateway))
		return drain(gateway);
	if (FCGX_FFlush(gateway->fastcgi.out) != 0)
		return false;
	set_patience(gateway->fastcgi.ipcFd, DRAIN_TIME);
	drained = drain(gateway);
	set_patience(gateway->fastcgi.ipcFd, GATEWAY_PATIENCE);
	return drained;
}

/*
 * A connection closed with something unread may lose the answer on its way, so the peer may go first; libfcgi's own
 * close would wait for that as long as a byte comes now and then.
 */
static void
close_gently(int connection)
{
	int64_t end = clock_monotonic() + LINGER_TIME * 1000;
	char ignored[4096];

	shutdown(connection, SHUT_WR);
	set_patience(connection, LINGER_TIME);
	while (clock_monotonic() < end && read(connection, ignored, sizeof ignored) > 0)
		;
	close(connection);
}

/* Sends what is left of the answer.  True when the connection is still good for another request. */
static bool
finish(FCGX_Request *request, bool drained)
{
	bool keep = request->keepConnection && drained;
	int connection = request->ipcFd;

	/* closing it is ours, whatever the reading came to */
	request->keepConnection = 1;
	FCGX_ClearError(request->in);
	FCGX_Finish_r(request);
	if (request->ipcFd == -1) {
		metrics_add(METRIC_UNWRITTEN_ANSWERS, 1);
		return false;
	}
	if (!drained)
		close_gently(connection);
	else if (!keep)
		close(connection);
	return keep;
}

static struct gateway *
new_gateway(bool is_cgi)
{
	struct gateway *gateway = memory_zalloc(sizeof *gateway);

	gateway->is_cgi = is_cgi;
	gateway->end = clock_monotonic() + BODY_TIME;
	return gateway;
}

struct gateway *
gateway_receive(int connection)
{
	struct gateway *gateway = new_gateway(false);

	/* A connection and no listening socket: FCGX_Accept_r reads this one and can accept no other. */
	FCGX_InitRequest(&gateway->fastcgi, -1, FCGI_FAIL_ACCEPT_ON_INTR);
	gateway->fastcgi.ipcFd = connection;
	gateway->fastcgi.keepConnection = 1;
	if (FCGX_Accept_r(&gateway->fastcgi) == 0)
		return gateway;
	memory_free(gateway);
	return NULL;
}

struct gateway *
gateway_receive_cgi(void)
{
	return new_gateway(true);
}

int
gateway_finish(struct gateway *gateway)
{
	int connection = gateway->is_cgi ? -1 : gateway->fastcgi.ipcFd;

	if (gateway->is_cgi)
		drain(gateway);    /* Apache cuts the answer off when a pipe that it still writes to is closed */
	else if (!finish(&gateway->fastcgi, drain_connection(gateway)))
		connection = -1;
	memory_free(gateway);
	return connection;
}
