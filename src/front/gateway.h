/*
 * One request as the web server hands it over, by FastCGI or by plain CGI: its variables and its answer.
 * gateway.c is the only user of libfcgi.
 */
#ifndef GATEWAY_H
#define GATEWAY_H

#include <stdbool.h>
#include <stddef.h>

#include "front/head.h"

struct gateway;

/* A CGI variable (RFC 3875), such as PATH_INFO; NULL when it is not there.  Valid until the gateway is freed. */
const char *gateway_variable(const struct gateway *gateway, const char *name);

/* Part of the answer, headers first.  Whether all of it left is known when the answer is ended, and counted then. */
void gateway_write(struct gateway *gateway, const char *bytes, size_t length);

/* Once, before any connection is served.  Leaves no signal handler of libfcgi's behind. */
void gateway_init(void);

/* Once in each thread that has requests, so that none of them finds no descriptor left. */
void gateway_init_thread(void);

/*
 * The request of a whole head, whose answer goes to the connection, a nonblocking descriptor.  NULL, logged, when it
 * cannot be made.  Safe in any number of threads, one request each.
 */
struct gateway *gateway_new(const struct head *head, int connection) __attribute__((warn_unused_result));

/* Sends what is written so far.  False when the peer did not take all of it, which is counted. */
bool gateway_flush(struct gateway *gateway) __attribute__((warn_unused_result));

/* Sends what is left of the answer and frees the gateway.  False, counted, when the peer did not take all of it. */
bool gateway_end(struct gateway *gateway) __attribute__((warn_unused_result));

/* Frees it without an answer. */
void gateway_free(struct gateway *gateway);

/* The one request of a plain CGI program: answer on stdout, variables in the environment. */
struct gateway *gateway_new_cgi(void);

#endif
