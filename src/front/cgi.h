/* The request of a plain CGI program: body on stdin, answer on stdout. */
#ifndef CGI_H
#define CGI_H

#include "front/request.h"

/*
 * Serves the one request there is when that takes neither database nor spool, so that who is refused costs neither:
 * of service, admission alone is of use.  False: it is for cgi_serve().
 */
bool cgi_serve_at_once(const struct service *service) __attribute__((warn_unused_result));

/* Serves the one request there is, and waits for its end. */
void cgi_serve(const struct service *service);

#endif
