/* New connections: accepted while there are descriptors for them. */
#include "front/server_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"

enum {                           /* milliseconds */
	ACCEPT_PAUSE = 50,       /* when descriptors or memory are short */
	RENEW_PAUSE = 1000,      /* between two tries to make the socket anew */
	LOOK_PAUSE = 5000,       /* between two looks at a path that cannot be watched */
};

/* With the mutex: closes the connection that has been idle longest.  False when none is idle. */
static bool
close_an_idle_connection(struct server *server)
{
	struct connection *idle = connection_first(&server->connections, CONNECTION_IDLE);

	if (log_limit_allows(&server->full_logged, LOG_PAUSE))
		log_warning("too many connections for the limit on open files; closing those idle longest "
		    "connections=%d max=%d", server->connections.count, server->connections_max);
	if (idle == NULL)
		return false;
	server_close_connection(server, idle);
	return true;
}

/* With the mutex.  Descriptors or memory are short: closing an idle connection frees some, else accepting pauses. */
static void
note_accept_error(struct server *server, int error)
{
	if (log_limit_allows(&server->accept_logged, LOG_PAUSE))
		log_error("cannot accept connections, trying again: %s", strerror(error));
	if (close_an_idle_connection(server))
		return;
	server->accept_at = clock_ms() + ACCEPT_PAUSE;
	server_set_timer(server, server->accept_at);
}

/* With the mutex.  Whether one more connection may be accepted. */
static bool
make_room(struct server *server)
{
	server->full = server->connections.count >= server->connections_max &&
	    !close_an_idle_connection(server);
	return !server->full;
}

struct connection *
server_accept_one(struct server *server)
{
	int descriptor = accept4(server->listener->descriptor, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
	struct connection *connection;

	if (descriptor == -1) {
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			note_accept_error(server, errno);
		return NULL;
	}
	setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);   /* a unix socket refuses it: fine */
	connection = connection_new(&server->connections);
	connection_reset(connection, descriptor);
	connection_move(&server->connections, connection, CONNECTION_SERVED, CONNECTION_NEVER);
	return connection;
}

/* A web server writes as soon as it is connected, so mostly the request is there already. */
void
server_accept(struct server *server)
{
	struct connection *connection = NULL;

	pthread_mutex_lock(&server->mutex);
	if (make_room(server)) {
		connection = server_accept_one(server);
		if (server->accept_at == CONNECTION_NEVER)
			server_watch_listener(server);
	}
	pthread_mutex_unlock(&server->mutex);
	if (connection != NULL)
		server_serve(server, connection, CONNECTION_IDLE);
}

/* --- the socket's path ---------------------------------------------------------------------------------------- */

/* With the mutex.  Takes the old socket's backlog first, so that it is served. */
static bool
renew(struct server *server)
{
	struct connection *connection;

	while ((connection = server_accept_one(server)) != NULL)
		server_watch_connection(server, connection, CONNECTION_IDLE);
	return listen_renew(server->listener) && server_watch(server, EPOLL_CTL_ADD, server->listener->descriptor,
	    EPOLLIN | EPOLLONESHOT, SERVER_LISTENER);
}

void
server_look_at_listener(struct server *server)
{
	struct listener *listener = server->listener;

	pthread_mutex_lock(&server->mutex);
	server->look_at = listener->path != NULL && listener->watch == -1 ? clock_ms() + LOOK_PAUSE : CONNECTION_NEVER;
	if (!server->deaf && !listen_is_reachable(listener)) {
		if (renew(server))
			log_warning("the socket was removed or replaced; made it again path=%s", listener->path);
		else if (log_limit_allows(&server->path_logged, LOG_PAUSE))
			log_error("the socket was removed or replaced and cannot be made again yet path=%s: %s",
			    listener->path, strerror(errno));
		if (!listen_is_reachable(listener))
			server->look_at = clock_ms() + RENEW_PAUSE;
	}
	server_set_timer(server, server->look_at);
	pthread_mutex_unlock(&server->mutex);
}
