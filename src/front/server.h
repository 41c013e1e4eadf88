/*
 * Connections and threads: one epoll set of the listening socket and of every idle connection; a thread takes a
 * readable one and begins its request.  Idle connections cost no thread, however many the web server keeps, and nor do
 * requests whose answer is still to be found elsewhere.
 */
#ifndef SERVER_H
#define SERVER_H

#include <stdbool.h>

#include "front/gateway.h"
#include "front/listen.h"

struct server;

/* A request that has been answered comes back to its server by this, to be finished. */
typedef void server_answered(struct gateway *gateway, void *server);

/* What a server does with requests; called in any of its threads. */
struct server_handler {
	/* True: the request is answered.  False: it will be, and may be already. */
	bool (*begin)(struct gateway *gateway, void *context);

	/* Answers those whose time has come and hands each to answered.  Called when the descriptor becomes readable. */
	void (*answer)(void *context, server_answered *answered, void *server);
	int descriptor;

	void *context;
};

/*
 * Serves in threads of its own, which take no signals: as many as requests may be in hand at once, those that wait for
 * their answer included.  What comes beyond that waits its turn.  listener must outlive the server.
 */
struct server *server_start(struct listener *listener, int threads, const struct server_handler *handler);

/*
 * Takes no new connection, serves whatever has arrived, closing each connection then, and ends the threads, in bounded
 * time whatever the load, once nothing is in hand.  The listener is closed, and so are idle connections.
 */
void server_stop(struct server *server);

#endif
