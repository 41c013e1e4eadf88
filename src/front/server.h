/*
 * The server: an epoll set with the listening socket and the connections that wait for input, and a few threads that
 * serve them.  No thread waits for a peer, and one at most for the database or a disk: it stores its push by itself
 * while no other is in flight.  So, however slow its sender is, a connection costs a descriptor, and a request its
 * memory.
 */
#ifndef SERVER_H
#define SERVER_H

enum { SERVER_BODIES = 4 };     /* times max_body: the most that the bodies of pushes in flight take together */

struct listener;
struct server;
struct service;

/*
 * Starts the server, in threads of its own that take no signals.  listener and service must outlive it.
 * in_flight: how many pushes may be read or stored at once; the others wait, first come, first served.  The bodies of
 * those in flight take at most SERVER_BODIES times max_body.
 */
struct server *server_start(struct listener *listener, int in_flight, const struct service *service);

/*
 * Stops accepting, closes idle connections, answers the requests that have arrived, and closes each connection after
 * its answer.  Then ends the threads and closes the listener.  It gives requests that are still arriving up to 10 s,
 * and then waits until every push in flight is answered.
 */
void server_stop(struct server *server);

#endif
