/* Connections and threads: one epoll set of the listening socket, of every idle connection, and of what brings answers. */
#include "front/server.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/thread.h"
#include "base/watchdog.h"

enum {
	ACCEPT_PAUSE = 50,      /* milliseconds, when descriptors are short */
	LAST_CHANCE = 100,      /* milliseconds for the request of a connection made just before the end */
	BACKLOG_MAX = 4096,     /* connections that may wait at a listening socket */
	END_PAUSE = 5,          /* milliseconds between two looks whether anything is still in hand */
};

struct server {
	struct listener *listener;
	struct server_handler handler;
	int              epoll;
	int              stopping;       /* an eventfd: readable for ever once the server stops */
	int              ringing;        /* a timerfd: readable when the watchdog is to be told; -1: nobody watches */
	int              unfinished[2];  /* a pipe of struct gateway *: answered, and slow to finish */
	int              thread_count;
	pthread_t       *threads;
	_Atomic bool     closing;        /* connections are closed after their next answer */
	_Atomic int      highest;        /* no connection has a higher descriptor */

	pthread_mutex_t  mutex;
	int              in_hand;        /* requests from before they are read until they are finished */
	int              in_hand_max;
	int              kept_back;      /* connections with a request for which there was no room */
	int              waiting;        /* an epoll set of them, which knows their order */
};

/* --- the epoll set ----------------------------------------------------------------------------------------- */

/* Lets one thread hear of a descriptor's next readiness: operation is EPOLL_CTL_ADD at first, then EPOLL_CTL_MOD. */
static bool
watch(struct server *server, int operation, int descriptor)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLONESHOT, .data.fd = descriptor };

	return epoll_ctl(server->epoll, operation, descriptor, &event) == 0;
}

static void
watch_stopping(struct server *server)
{
	/* without EPOLLONESHOT: every thread hears of it, again and again */
	struct epoll_event event = { .events = EPOLLIN, .data.fd = server->stopping };

	if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, server->stopping, &event) != 0)
		log_fatal("epoll: %s", strerror(errno));
}

/* The watchdog hears from a thread that serves, so that it hears nothing when none is left that does. */
static void
watch_ringing(struct server *server)
{
	int64_t period = watchdog_period();
	const struct timespec time = { .tv_sec = period / 1000, .tv_nsec = period % 1000 * 1000000 };
	const struct itimerspec timer = { .it_interval = time, .it_value.tv_nsec = 1 };   /* at once, and then again */

	server->ringing = -1;
	if (period == 0)
		return;
	server->ringing = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (server->ringing == -1 || timerfd_settime(server->ringing, 0, &timer, NULL) != 0 ||
	    !watch(server, EPOLL_CTL_ADD, server->ringing))
		log_fatal("cannot serve: %s", strerror(errno));
}

/* Each event wakes one thread, and another may answer the next batch while that one is at it. */
static void
watch_answers(struct server *server)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.fd = server->handler.descriptor };

	if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, server->handler.descriptor, &event) != 0)
		log_fatal("cannot serve: %s", strerror(errno));
}

static void
ring(struct server *server)
{
	uint64_t expirations;

	(void)!read(server->ringing, &expirations, sizeof expirations);
	watchdog_ring();
	watch(server, EPOLL_CTL_MOD, server->ringing);
}

/* --- connections ------------------------------------------------------------------------------------------- */

static void
prepare(int connection)
{
	const struct timeval patience = { .tv_sec = GATEWAY_PATIENCE };
	int on = 1;

	setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);   /* a unix socket refuses it: fine */
}

static bool
is_readable(int connection, int time)
{
	struct pollfd event = { .fd = connection, .events = POLLIN };

	return poll(&event, 1, time) > 0;
}

/* A new connection is not in the set yet, one that is kept is. */
static void
wait_for_request(struct server *server, int connection)
{
	if (watch(server, EPOLL_CTL_MOD, connection) || (errno == ENOENT && watch(server, EPOLL_CTL_ADD, connection)))
		return;
	log_error("epoll: %s", strerror(errno));
	close(connection);
}

/* --- requests in hand -------------------------------------------------------------------------------------- */

/* False when too many are in hand; the connection comes again when there is room. */
static bool
take_in_hand(struct server *server, int connection)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLONESHOT, .data.fd = connection };
	bool taken;

	pthread_mutex_lock(&server->mutex);
	taken = server->in_hand < server->in_hand_max;
	if (taken)
		server->in_hand++;
	else if (epoll_ctl(server->waiting, EPOLL_CTL_MOD, connection, &event) == 0 ||
	    epoll_ctl(server->waiting, EPOLL_CTL_ADD, connection, &event) == 0)
		server->kept_back++;
	else
		close(connection);
	pthread_mutex_unlock(&server->mutex);
	return taken;
}

static void
give_up_hand(struct server *server)
{
	struct epoll_event event;

	pthread_mutex_lock(&server->mutex);
	server->in_hand--;
	if (server->kept_back > 0 && epoll_wait(server->waiting, &event, 1, 0) == 1) {
		server->kept_back--;
		wait_for_request(server, event.data.fd);
	}
	pthread_mutex_unlock(&server->mutex);
}

static bool
has_nothing_in_hand(struct server *server)
{
	bool nothing;

	pthread_mutex_lock(&server->mutex);
	nothing = server->in_hand == 0 && server->kept_back == 0;
	pthread_mutex_unlock(&server->mutex);
	return nothing;
}

/* --- their way --------------------------------------------------------------------------------------------- */

static void
finish(struct server *server, struct gateway *gateway)
{
	int connection = gateway_finish(gateway);

	if (connection != -1 && server->closing)
		close(connection);
	else if (connection != -1)
		wait_for_request(server, connection);
	give_up_hand(server);
}

static void
serve(struct server *server, int connection)
{
	struct gateway *gateway;

	if (!take_in_hand(server, connection))
		return;
	gateway = gateway_receive(connection);
	if (gateway == NULL)
		give_up_hand(server);
	else if (server->handler.begin(gateway, server->handler.context))
		finish(server, gateway);
}

/*
 * A server_answered.  A sender that is slow to end its body keeps no other waiting: another thread sees to it.  The pipe
 * has room for as many as may be in hand.
 */
static void
finish_answered(struct gateway *gateway, void *context)
{
	struct server *server = context;

	if (gateway_is_whole(gateway) || write(server->unfinished[1], &gateway, sizeof gateway) != sizeof gateway)
		finish(server, gateway);
}

static void
finish_unfinished(struct server *server)
{
	struct gateway *gateway;
	ssize_t count = read(server->unfinished[0], &gateway, sizeof gateway);

	watch(server, EPOLL_CTL_MOD, server->unfinished[0]);
	if (count == sizeof gateway)
		finish(server, gateway);
}

/* --- new connections --------------------------------------------------------------------------------------- */

/* Short of descriptors or memory: those in hand will be given back, so wait a little rather than spin or give up. */
static void
pause_accepting(int error)
{
	static _Atomic time_t said;
	time_t now = time(NULL);
	const struct timespec pause = { .tv_nsec = ACCEPT_PAUSE * 1000000L };

	if (now != said)
		log_error("accept: %s", strerror(error));
	said = now;
	nanosleep(&pause, NULL);
}

/* A new connection; -1 when none waits. */
static int
accept_one(struct server *server)
{
	int connection = accept4(server->listener->descriptor, NULL, NULL, SOCK_CLOEXEC);
	int error = errno, highest = server->highest;

	while (connection > highest && !atomic_compare_exchange_weak(&server->highest, &highest, connection))
		;
	if (connection != -1)
		prepare(connection);
	else if (error != EAGAIN && error != EINTR && error != ECONNABORTED)
		pause_accepting(error);
	return connection;
}

static void
accept_connection(struct server *server)
{
	int connection = accept_one(server);

	/* in vain when the server has stopped listening meanwhile, as it should be */
	watch(server, EPOLL_CTL_MOD, server->listener->descriptor);
	if (connection == -1)
		return;
	/* a web server writes as soon as it is connected, so the request is mostly there; a silent peer waits in the set */
	if (is_readable(connection, 0))
		serve(server, connection);
	else
		wait_for_request(server, connection);
}

/* --- threads ----------------------------------------------------------------------------------------------- */

static void
handle(struct server *server, int descriptor)
{
	if (descriptor == server->ringing)
		ring(server);
	else if (descriptor == server->listener->descriptor)
		accept_connection(server);
	else if (descriptor == server->handler.descriptor)
		server->handler.answer(server->handler.context, finish_answered, server);
	else if (descriptor == server->unfinished[0])
		finish_unfinished(server);
	else
		serve(server, descriptor);
}

/*
 * One thread: what is ready, one at a time.  Once the server stops, two events are asked for, since that it stops is
 * always one of them: when it is the only one, nothing that has arrived is left.  What is in hand then is waited for.
 */
static void *
run(void *argument)
{
	static const struct timespec pause = { .tv_nsec = END_PAUSE * 1000000L };
	struct server *server = argument;
	struct epoll_event events[2];
	bool stopping = false;

	for (;;) {
		int count = epoll_wait(server->epoll, events, stopping ? 2 : 1, -1);
		int left = 0;

		for (int i = 0; i < count; i++) {
			int descriptor = events[i].data.fd;

			if (descriptor == server->stopping) {
				left += stopping;
				stopping = true;
			} else {
				handle(server, descriptor);
			}
		}
		if (left > 0 && count == 1 && has_nothing_in_hand(server))
			return NULL;
		if (left > 0 && count == 1)
			nanosleep(&pause, NULL);
	}
}

struct server *
server_start(struct listener *listener, int threads, const struct server_handler *handler)
{
	struct server *server = memory_zalloc(sizeof *server);

	server->listener = listener;
	server->handler = *handler;
	server->in_hand_max = threads;
	pthread_mutex_init(&server->mutex, NULL);
	server->epoll = epoll_create1(EPOLL_CLOEXEC);
	server->waiting = epoll_create1(EPOLL_CLOEXEC);
	server->stopping = eventfd(0, EFD_CLOEXEC);
	if (server->epoll == -1 || server->waiting == -1 || server->stopping == -1 ||
	    pipe2(server->unfinished, O_CLOEXEC) != 0)
		log_fatal("cannot serve: %s", strerror(errno));
	watch_stopping(server);
	watch_ringing(server);
	watch_answers(server);
	if (!watch(server, EPOLL_CTL_ADD, listener->descriptor) || !watch(server, EPOLL_CTL_ADD, server->unfinished[0]))
		log_fatal("cannot serve: %s", strerror(errno));

	server->threads = memory_resize(NULL, (size_t)threads, sizeof *server->threads);
	while (server->thread_count < threads)
		server->threads[server->thread_count++] = thread_start(run, server, "all threads");
	return server;
}

/*
 * What waits at a socket of others is for the process that gets it next.  At our own nobody comes after us: what has been
 * accepted by the system is served, and no more, for under load there would be no end.
 */
static void
stop_listening(struct server *server)
{
	static const struct timespec last_chance = { .tv_nsec = LAST_CHANCE * 1000000L };
	int connection;

	epoll_ctl(server->epoll, EPOLL_CTL_DEL, server->listener->descriptor, NULL);
	if (!server->listener->handed_over) {
		listen_remove_path(server->listener);
		for (int i = 0; i < BACKLOG_MAX && (connection = accept_one(server)) != -1; i++)
			wait_for_request(server, connection);
	}
	nanosleep(&last_chance, NULL);
}

/*
 * A web server that finds its kept connection closed goes to the socket, where the next process is; on one that is open
 * and read by nobody it would wait, and what comes after this may take its time.
 */
static void
close_idle_connections(struct server *server)
{
	const int own[] = { server->stopping, server->ringing, server->unfinished[0], server->listener->descriptor,
		server->handler.descriptor };

	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		epoll_ctl(server->epoll, EPOLL_CTL_DEL, own[i], NULL);
	/* what is still in the set now is a connection */
	for (int i = 0; i <= server->highest; i++)
		if (epoll_ctl(server->epoll, EPOLL_CTL_DEL, i, NULL) == 0)
			close(i);
}

void
server_stop(struct server *server)
{
	static const uint64_t one = 1;

	stop_listening(server);
	server->closing = true;
	(void)!write(server->stopping, &one, sizeof one);
	for (int i = 0; i < server->thread_count; i++)
		pthread_join(server->threads[i], NULL);
	close_idle_connections(server);
	listen_close(server->listener);
	close(server->epoll);
	close(server->waiting);
	close(server->stopping);
	close(server->unfinished[0]);
	close(server->unfinished[1]);
	if (server->ringing != -1)
		close(server->ringing);
	pthread_mutex_destroy(&server->mutex);
	memory_free(server->threads);
	memory_free(server);
}
