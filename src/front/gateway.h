/*
 * One request as the web server hands it over, by FastCGI or by plain CGI: variables, a body, an answer.
 * gateway.c is the only user of libfcgi.
 */
#ifndef GATEWAY_H
#define GATEWAY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct gateway;

/* Seconds that a peer may be silent in the middle of a request; server.c sets it on a new connection. */
enum { GATEWAY_PATIENCE = 30 };

/* A CGI variable (RFC 3875), such as PATH_INFO; NULL when it is not there.  Valid until the request is finished. */
const char *gateway_variable(const struct gateway *gateway, const char *name);

/*
 * Up to size bytes of the body: fewer only where it ends or breaks off.  0 at its end; -1 when the connection broke, the
 * peer fell silent or is too slow, or a signal cut the read, once what came before that is delivered.
 */
ssize_t gateway_read(struct gateway *gateway, char *buffer, size_t size);

/* Part of the answer, headers first.  Whether all of it left is known when the request is finished, and counted then. */
void gateway_write(struct gateway *gateway, const char *bytes, size_t length);

/* Once, before any connection is served.  Leaves no signal handler of libfcgi's behind. */
void gateway_init(void);

/*
 * The request that a readable connection brings, which must be finished; NULL when it brings none, and is closed.  Safe
 * in any number of threads, one connection each.
 */
struct gateway *gateway_receive(int connection);

/* Whether finishing takes no time: nothing of the body is still to come. */
bool gateway_is_whole(const struct gateway *gateway);

/*
 * Sends what is left of the answer.  Gives the connection when the web server keeps it for another request; else -1, and
 * it is closed.
 */
int gateway_finish(struct gateway *gateway);

/* The one request of a plain CGI program: body on stdin, answer on stdout, variables in the environment. */
struct gateway *gateway_receive_cgi(void);

#endif
