/* The request of a plain CGI program: body on stdin, answer on stdout. */
#ifndef CGI_H
#define CGI_H

#include <stdbool.h>

struct service;

/*
 * Serves the one request there is when neither database nor spool is needed for it, so that a refused request opens
 * neither.  Of service only admission is used.  False: the request is for cgi_serve().
 */
bool cgi_serve_at_once(const struct service *service) __attribute__((warn_unused_result));

/* Serves the one request there is, to the end of its answer. */
void cgi_serve(const struct service *service);

#endif
