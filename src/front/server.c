/* The server: its epoll set, its threads, its start and its end. */
#include "front/server_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/param.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/systemd.h"
#include "base/thread.h"
#include "front/gateway.h"
#include "store/queue.h"

enum {
	THREADS_MIN = 4,
	RESERVE = 128,          /* descriptors that connections leave to the database, the spool and others */
	LAST_CHANCE = 100,      /* milliseconds for the request of a connection made just before the end */
	BACKLOG_MAX = 4096,     /* connections that may wait at a listening socket */
	END_TIME = 10 * 1000,   /* milliseconds for the rest of requests that have begun to arrive */
};

/* --- events -------------------------------------------------------------------------------------------------- */

static void
must_watch(struct server *server, int descriptor, uint32_t events, enum server_event event)
{
	if (descriptor == -1 || !server_watch(server, EPOLL_CTL_ADD, descriptor, events, event))
		log_fatal("cannot start: %s", strerror(errno));
}

static bool
is_over(int64_t at)
{
	return at != CONNECTION_NEVER && at <= clock_ms();
}

static void
expire(struct server *server)
{
	uint64_t expirations;
	bool look;

	(void)!read(server->timer, &expirations, sizeof expirations);
	pthread_mutex_lock(&server->mutex);
	look = is_over(server->look_at);
	if (is_over(server->accept_at)) {
		server->accept_at = CONNECTION_NEVER;
		server_watch_listener(server);
	}
	pthread_mutex_unlock(&server->mutex);
	if (look)
		server_look_at_listener(server);
	server_expire(server);
}

/* The threads that serve also ring the watchdog, so it hears nothing when all of them are stuck. */
static void
ring_watchdog(struct server *server)
{
	uint64_t expirations;

	(void)!read(server->watchdog_timer, &expirations, sizeof expirations);
	systemd_watchdog_ring();
}

static void *
run(void *argument)
{
	struct server *server = argument;
	struct epoll_event event;

	gateway_init_thread();
	for (;;) {
		if (epoll_wait(server->epoll, &event, 1, -1) < 1)
			continue;
		switch (event.data.u64) {
		case SERVER_LISTENER:
			server_accept(server);
			break;
		case SERVER_LISTENER_PATH:
			server_look_at_listener(server);
			break;
		case SERVER_OUTCOMES:
			server_answer(server);
			break;
		case SERVER_TIMER:
			expire(server);
			break;
		case SERVER_WATCHDOG:
			ring_watchdog(server);
			break;
		case SERVER_STOPPING:
			return NULL;
		default:
			server_serve_event(server, (struct connection *)(uintptr_t)event.data.u64);
		}
	}
}

/* --- start ---------------------------------------------------------------------------------------------------- */

/* Leaves descriptors to the database and the spool, which need new ones whenever they come back. */
static int
most_connections(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > INT32_MAX)
		return INT32_MAX;
	return (int)(limit.rlim_cur > 2 * RESERVE ? limit.rlim_cur - RESERVE : limit.rlim_cur / 4);
}

/* One thread may wait while it stores a push; of the others, two a processor make up for those that are held up. */
static int
count_threads(void)
{
	int processors = (int)sysconf(_SC_NPROCESSORS_ONLN);

	return MAX(2 * processors, THREADS_MIN);
}

static void
start_watchdog_timer(struct server *server)
{
	int64_t period = systemd_watchdog_period();
	/* at once, and then again */
	const struct itimerspec timer = { .it_interval = thread_timespec(period), .it_value.tv_nsec = 1 };

	server->watchdog_timer = -1;
	if (period == 0)
		return;
	server->watchdog_timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	must_watch(server, server->watchdog_timer, EPOLLIN | EPOLLET, SERVER_WATCHDOG);
	timerfd_settime(server->watchdog_timer, 0, &timer, NULL);
}

/* Each event wakes one thread.  While it writes a batch's answers, those of the next batch wake another. */
static void
watch_all(struct server *server)
{
	server->epoll = epoll_create1(EPOLL_CLOEXEC);
	server->stopping = eventfd(0, EFD_CLOEXEC);
	server->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	must_watch(server, server->stopping, EPOLLIN, SERVER_STOPPING);
	must_watch(server, server->timer, EPOLLIN | EPOLLET, SERVER_TIMER);
	must_watch(server, queue_descriptor(server->service->queue), EPOLLIN | EPOLLET, SERVER_OUTCOMES);
	must_watch(server, server->listener->descriptor, EPOLLIN | EPOLLONESHOT, SERVER_LISTENER);
	if (server->listener->watch != -1)
		must_watch(server, server->listener->watch, EPOLLIN | EPOLLET, SERVER_LISTENER_PATH);
	server_look_at_listener(server);
	start_watchdog_timer(server);
}

struct server *
server_start(struct listener *listener, int in_flight, const struct service *service)
{
	struct server *server = memory_zalloc(sizeof *server);
	int threads = count_threads();

	server->listener = listener;
	server->service = service;
	server->connections_max = most_connections();
	/* together SERVER_BODIES times max_body */
	connection_init(&server->connections, in_flight, service->max_body / (size_t)in_flight,
	    (SERVER_BODIES - 1) * service->max_body);
	pthread_mutex_init(&server->mutex, NULL);
	thread_cond_init(&server->emptied);
	watch_all(server);
	server->threads = memory_resize(NULL, (size_t)threads, sizeof *server->threads);
	while (server->thread_count < threads)
		server->threads[server->thread_count++] = thread_start(run, server, "all threads");
	return server;
}

/* --- end ------------------------------------------------------------------------------------------------------ */

/*
 * The next process serves the backlog of an inherited socket.  Nobody comes after us on a socket of our own, so its
 * backlog is served here, up to a limit, because under load it would have no end.
 */
static void
stop_listening(struct server *server)
{
	struct connection *connection;

	pthread_mutex_lock(&server->mutex);
	server->deaf = true;
	(void)!server_watch(server, EPOLL_CTL_DEL, server->listener->descriptor, 0, 0);
	listen_remove_path(server->listener);
	for (int i = 0; !server->listener->handed_over && i < BACKLOG_MAX &&
	    (connection = server_accept_one(server)) != NULL; i++)
		server_watch_connection(server, connection, CONNECTION_IDLE);
	pthread_mutex_unlock(&server->mutex);
	thread_sleep(LAST_CHANCE);
}

/* With the mutex: closes the connections over which no byte of a request has arrived. */
static void
close_idle(struct server *server)
{
	struct connection *connection, *next;
	char byte;

	for (connection = connection_first(&server->connections, CONNECTION_IDLE); connection != NULL;
	    connection = next) {
		next = TAILQ_NEXT(connection, link);
		if (recv(connection->descriptor, &byte, 1, MSG_PEEK) <= 0)
			server_close_connection(server, connection);
	}
}

/* With the mutex: closes those whose peers have not sent a whole request, or not closed after the answer. */
static void
close_unfinished(struct server *server)
{
	static const enum connection_state unfinished[] = { CONNECTION_WAITING, CONNECTION_GROWING, CONNECTION_IDLE,
		CONNECTION_HEAD, CONNECTION_BODY, CONNECTION_DRAINING, CONNECTION_LINGERING };
	struct connection *connection;

	for (size_t i = 0; i < sizeof unfinished / sizeof *unfinished; i++)
		while ((connection = connection_first(&server->connections, unfinished[i])) != NULL)
			server_close_connection(server, connection);
}

/*
 * A web server that finds its kept connection closed connects anew, and reaches the next process.  If we left it open
 * and unread, the web server would wait.
 */
static void
close_connections(struct server *server)
{
	int64_t end = clock_ms() + END_TIME;
	bool in_time = true;

	pthread_mutex_lock(&server->mutex);
	server->closing = true;
	close_idle(server);
	while (server->connections.count > 0 && in_time)
		in_time = thread_cond_wait(&server->emptied, &server->mutex, end);
	close_unfinished(server);
	while (server->connections.count > 0)
		pthread_cond_wait(&server->emptied, &server->mutex);
	pthread_mutex_unlock(&server->mutex);
}

void
server_stop(struct server *server)
{
	static const uint64_t one = 1;

	stop_listening(server);
	close_connections(server);
	(void)!write(server->stopping, &one, sizeof one);
	for (int i = 0; i < server->thread_count; i++)
		pthread_join(server->threads[i], NULL);
	listen_close(server->listener);
	close(server->epoll);
	close(server->stopping);
	close(server->timer);
	if (server->watchdog_timer != -1)
		close(server->watchdog_timer);
	connection_free_all(&server->connections);
	pthread_cond_destroy(&server->emptied);
	pthread_mutex_destroy(&server->mutex);
	memory_free(server->threads);
	memory_free(server);
}
