/*
 * One request as the web server hands it over, by FastCGI or by plain CGI: its variables and its answer.  gateway.c is
 * the only caller of libfcgi; others take FastCGI's constants from its header.
 */
#ifndef GATEWAY_H
#define GATEWAY_H

#include <stdbool.h>
#include <stddef.h>

struct gateway;
struct head;

/* A CGI variable (RFC 3875), such as PATH_INFO; NULL when it is absent.  Valid until the gateway is freed. */
const char *gateway_variable(const struct gateway *gateway, const char *name);

/* Writes part of the answer, headers first.  gateway_end() returns whether all of it was sent. */
void gateway_write(struct gateway *gateway, const char *bytes, size_t length);

/* To be called once, before any request.  Undoes the signal handlers that libfcgi installs. */
void gateway_init(void);

/* To be called early in each thread that serves requests: opens the thread's descriptor while there is one to have. */
void gateway_init_thread(void);

/*
 * Makes a request of a whole head.  Its answer goes to connection, a nonblocking descriptor.  NULL, logged, on failure.
 * Different threads may use different requests at once.
 */
struct gateway *gateway_new(const struct head *head, int connection) __attribute__((warn_unused_result));

/* Sends what is written so far.  False, counted, when the peer did not take all of it. */
bool gateway_flush(struct gateway *gateway) __attribute__((warn_unused_result));

/* Sends what is left of the answer and frees the gateway.  False, counted, when the peer did not take all of it. */
bool gateway_end(struct gateway *gateway) __attribute__((warn_unused_result));

/* Frees it without an answer. */
void gateway_free(struct gateway *gateway);

/* The one request of a plain CGI program: answer on stdout, variables in the environment. */
struct gateway *gateway_new_cgi(void);

#endif
