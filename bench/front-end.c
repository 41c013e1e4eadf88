/*
 * The front end's limit: reads each push and answers at once, as callresultd answers what is durable.
 *
 *   front-end own|libfcgi THREADS SOCKET
 *
 * "own" serves as callresultd does (src/front/server.c); "libfcgi" is the classic loop of FCGX_Accept_r in every thread, which
 * needs a thread for each connection that is kept.
 */
#include <fcgiapp.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/thread.h"
#include "front/gateway.h"
#include "front/listen.h"
#include "front/reply.h"
#include "front/server.h"
#include "push/outcome.h"

enum { STEP = 64 * 1024 };

static bool
answer(struct gateway *gateway, void *context)
{
	char ignored[STEP];

	(void)context;
	while (gateway_read(gateway, ignored, sizeof ignored) > 0)
		;
	reply_send(gateway, OUTCOME_OK);
	return true;
}

static void *
accept_and_answer(void *listener)
{
	static const char reply[] = "Status: 200 OK\r\nContent-Type: application/json\r\nContent-Length: 33\r\n\r\n"
	    "{\"retCode\":\"0\",\"retMsg\":\"success\"}";
	char ignored[STEP];
	FCGX_Request request;

	FCGX_InitRequest(&request, ((struct listener *)listener)->descriptor, 0);
	while (FCGX_Accept_r(&request) == 0) {
		while (FCGX_GetStr(ignored, sizeof ignored, request.in) > 0)
			;
		FCGX_PutStr(reply, sizeof reply - 1, request.out);
	}
	return NULL;
}

static void
start_classic(struct listener *listener, int threads)
{
	/* libfcgi's accept must wait */
	fcntl(listener->descriptor, F_SETFL, fcntl(listener->descriptor, F_GETFL) & ~O_NONBLOCK);
	for (int i = 0; i < threads; i++)
		thread_start(accept_and_answer, listener, "all threads");
}

int
main(int argc, char **argv)
{
	struct listener listener;
	int threads = argc == 4 ? atoi(argv[2]) : 0;

	if (threads < 1)
		log_fatal("usage: front-end own|libfcgi threads socket");
	if (!listen_open(&listener, argv[3]))
		return 1;
	signal(SIGPIPE, SIG_IGN);
	gateway_init();
	if (strcmp(argv[1], "own") == 0)
		server_start(&listener, threads, &(struct server_handler){ .begin = answer, .descriptor = eventfd(0, 0) });
	else
		start_classic(&listener, threads);
	log_info("front-end serves %s", argv[3]);
	for (;;)
		pause();
}
