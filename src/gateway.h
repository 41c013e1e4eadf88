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

/* A CGI variable (RFC 3875), such as PATH_INFO; NULL when it is not there.  Valid until the handler returns. */
const char *gateway_variable(const struct gateway *gateway, const char *name);

/*
 * Up to size bytes of the body: fewer only where it ends or breaks off.  0 at its end; -1 when the connection broke, the
 * peer fell silent or is too slow, or a signal cut the read, once what came before that is delivered.
 */
ssize_t gateway_read(struct gateway *gateway, char *buffer, size_t size);

/* Part of the answer, headers first.  Whether all of it left is known when the request is finished, and counted then. */
void gateway_write(struct gateway *gateway, const char *bytes, size_t length);

typedef void gateway_handler(struct gateway *gateway, void *context);

/* Once, before any connection is served.  Leaves no signal handler of libfcgi's behind. */
void gateway_init(void);

/*
 * Serves the request that a readable connection brings.  True when the web server keeps the connection for another;
 * else it is closed.  Safe in any number of threads, one connection each.
 */
bool gateway_serve_connection(int connection, gateway_handler *handler, void *context);

/* Serves the one request of a plain CGI program: body on stdin, answer on stdout, variables in the environment. */
void gateway_serve_cgi(gateway_handler *handler, void *context);

#endif
