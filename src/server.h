/*
 * Connections and threads: one epoll set of the listening socket and of every idle connection; a thread takes a
 * readable one, serves its request, and puts it back.  So idle connections cost no thread, however many the web server
 * keeps, and the number of threads bounds the pushes in hand, not the connections.
 */
#ifndef SERVER_H
#define SERVER_H

#include "gateway.h"
#include "listen.h"

struct server;

/* Serves in threads of its own, which take no signals.  listener must outlive the server. */
struct server *server_start(struct listener *listener, int threads, gateway_handler *handler, void *context);

/*
 * Takes no new connection, serves whatever has arrived, closing each connection then, and ends the threads, in bounded
 * time whatever the load.  The listener is closed; idle connections end with the process.
 */
void server_stop(struct server *server);

#endif
