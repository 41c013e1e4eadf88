/*
 * The server: an epoll set of the listening socket and of every connection that something may come over, and a few
 * threads that take what has come.  No thread waits for a peer, the database or a disk, so a connection costs a
 * descriptor, and a request its memory, however slow its sender is.
 */
#ifndef SERVER_H
#define SERVER_H

struct listener;
struct server;
struct service;

/*
 * Serves in threads of its own, which take no signals.  listener and service must outlive the server.
 * in_flight: how many pushes may be read or stored at once; the others wait, first come, first served.  Together their
 * bodies may take four times max_body.
 */
struct server *server_start(struct listener *listener, int in_flight, const struct service *service);

/*
 * Accepts no new connection, closes idle ones, and serves what has arrived, closing each connection after its answer;
 * then ends the threads and closes the listener.  Takes at most 10 s, for requests that are still coming, and the time
 * that the pushes in flight take.
 */
void server_stop(struct server *server);

#endif
