/*
 * The server: an epoll set of the listening socket and of every connection that something may come over, and a few
 * threads that take what has come.  None of them waits for a peer, for the database or for a disk, so a connection
 * costs a descriptor, and a request its memory, however slow its sender is.
 */
#ifndef SERVER_H
#define SERVER_H

#include "front/listen.h"
#include "front/request.h"

struct server;

/*
 * Serves in threads of its own, which take no signals.  in_flight: pushes that may be read or stored at once; what
 * comes beyond that waits its turn, first come, first served.  Their bodies have room for four times max_body.
 * listener and service must outlive the server.
 */
struct server *server_start(struct listener *listener, int in_flight, const struct service *service);

/*
 * Takes no new connection, closes idle ones, serves whatever has arrived, closing each connection then, and ends the
 * threads once nothing is left.  It waits at most 10 s for the rest of a request, so it takes at most that long and
 * the time to answer the pushes in flight.  The listener is closed.
 */
void server_stop(struct server *server);

#endif
