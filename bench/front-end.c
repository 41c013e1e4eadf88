/*
 * The front end's limit: reads each push and answers at once, as callresultd answers what is durable.
 *
 *   front-end own|libfcgi THREADS SOCKET
 *
 * "own" serves as callresultd does (src/front/server.c); "libfcgi" is the classic loop of FCGX_Accept_r in every
 * thread, which needs a thread for each connection that is kept.
 */
#include <fcgiapp.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/thread.h"
#include "front/admission.h"
#include "front/gateway.h"
#include "front/listen.h"
#include "front/request.h"
#include "front/server.h"
#include "store/queue.h"
#include "store/writer.h"

enum { STEP = 64 * 1024 };

/* In the place of the writers: nothing is stored, all is well. */
static void *
settle(void *queue)
{
	struct push *pushes[1024];
	int count;

	while ((count = queue_take(queue, pushes, 1024, 1000)) != QUEUE_CLOSED)
		queue_settle(queue, pushes, count, OUTCOME_OK);
	return NULL;
}

void
writer_store(struct queue *queue, struct pool *pool, struct spool *spool, struct push *push)
{
	(void)pool, (void)spool;
	queue_settle(queue, &push, 1, OUTCOME_OK);
}

static void
start_own(struct listener *listener, int in_flight)
{
	static struct service service = { .max_body = 64 * 1024 * 1024, .reply_deadline = 30 * 1000 };

	service.admission = admission_new("", true);
	service.queue = queue_new(5000);
	thread_start(settle, service.queue, "a writer");
	server_start(listener, in_flight, &service);
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
		start_own(&listener, threads);
	else
		start_classic(&listener, threads);
	log_info("front-end serves %s", argv[3]);
	for (;;)
		pause();
}
