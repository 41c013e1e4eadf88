/* One request as the web server hands it over, by FastCGI or by plain CGI. */
#include "front/gateway.h"

#include <errno.h>
#include <fcgiapp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "front/head.h"
#include "metrics/metrics.h"

struct gateway {
	bool         is_cgi;        /* fastcgi is unused */
	bool         cgi_failed;    /* part of the answer could not be written */
	FCGX_Request fastcgi;
};

const char *
gateway_variable(const struct gateway *gateway, const char *name)
{
	return gateway->is_cgi ? getenv(name) : FCGX_GetParam(name, gateway->fastcgi.envp);
}

static void
write_stdout(struct gateway *gateway, const char *bytes, size_t length)
{
	ssize_t count;

	for (; length > 0 && !gateway->cgi_failed; bytes += count, length -= (size_t)count) {
		count = write(STDOUT_FILENO, bytes, length);
		gateway->cgi_failed = count < 0 && errno != EINTR;
		if (count < 0)
			count = 0;
	}
}

void
gateway_write(struct gateway *gateway, const char *bytes, size_t length)
{
	if (gateway->is_cgi)
		write_stdout(gateway, bytes, length);
	else
		FCGX_PutStr(bytes, (int)length, gateway->fastcgi.out);
}

void
gateway_init(void)
{
	/* FCGX_Init installs handlers of its own, which would end the process in the middle of a push */
	static const int taken[] = { SIGPIPE, SIGTERM, SIGUSR1 };
	struct sigaction before[sizeof taken / sizeof *taken];

	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
		sigaction(taken[i], NULL, &before[i]);
	if (FCGX_Init() != 0)
		log_fatal("cannot initialise libfcgi");
	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
		sigaction(taken[i], &before[i], NULL);
}

/*
 * libfcgi reads requests from descriptors alone, and cannot go on later when one has nothing more to read.  So it reads
 * each head from a file in memory that ends where the head ends.  Each thread keeps one file, as large as any head.
 */
static _Thread_local int head_file = -1;
static _Thread_local char *head_bytes;          /* what is in it */

void
gateway_init_thread(void)
{
	if (head_file == -1)
		head_file = memfd_create("head", MFD_CLOEXEC);
	if (head_bytes != NULL || head_file == -1 || ftruncate(head_file, HEAD_MAX) != 0)
		return;
	head_bytes = mmap(NULL, HEAD_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, head_file, 0);
	if (head_bytes == MAP_FAILED)
		head_bytes = NULL;
}

static bool
write_head(const struct head *head)
{
	size_t start = HEAD_MAX - head->length;

	gateway_init_thread();
	if (head_bytes == NULL)
		return false;
	memcpy(head_bytes + start, head->bytes, head->length);
	return lseek(head_file, (off_t)start, SEEK_SET) == (off_t)start;
}

static bool
accept_head(FCGX_Request *request, const struct head *head)
{
	if (!write_head(head))
		return false;
	/* with a connection and no listening socket FCGX_Accept_r reads that connection, and cannot accept another */
	FCGX_InitRequest(request, -1, FCGI_FAIL_ACCEPT_ON_INTR);
	request->ipcFd = head_file;
	request->keepConnection = 1;
	if (FCGX_Accept_r(request) == 0)
		return true;
	head_file = -1;     /* libfcgi has closed it */
	munmap(head_bytes, HEAD_MAX);
	head_bytes = NULL;
	return false;
}

struct gateway *
gateway_new(const struct head *head, int connection)
{
	struct gateway *gateway = memory_zalloc(sizeof *gateway);

	if (!accept_head(&gateway->fastcgi, head)) {
		log_error("cannot read a request: %s", strerror(errno));
		memory_free(gateway);
		return NULL;
	}
	gateway->fastcgi.ipcFd = connection;
	return gateway;
}

/* Counts an answer that could not be sent. */
static bool
noted(bool written)
{
	if (!written)
		metrics_add(METRIC_UNWRITTEN_ANSWERS, 1);
	return written;
}

bool
gateway_flush(struct gateway *gateway)
{
	return noted(FCGX_FFlush(gateway->fastcgi.out) == 0);
}

static bool
finish(struct gateway *gateway)
{
	if (gateway->is_cgi)
		return !gateway->cgi_failed;
	/* not FCGX_Finish_r: it waits for the peer of a connection that failed */
	return FCGX_FClose(gateway->fastcgi.err) == 0 && FCGX_FClose(gateway->fastcgi.out) == 0;
}

bool
gateway_end(struct gateway *gateway)
{
	bool finished = noted(finish(gateway));

	gateway_free(gateway);
	return finished;
}

void
gateway_free(struct gateway *gateway)
{
	if (gateway == NULL)
		return;
	if (!gateway->is_cgi)
		FCGX_Free(&gateway->fastcgi, 0);
	memory_free(gateway);
}

struct gateway *
gateway_new_cgi(void)
{
	struct gateway *gateway = memory_zalloc(sizeof *gateway);

	gateway->is_cgi = true;
	return gateway;
}
