/* The request of a plain CGI program: body on stdin, answer on stdout. */
#ifndef CGI_H
#define CGI_H

#include "front/request.h"

/* Serves the one request there is, and waits for its end. */
void cgi_serve(const struct service *service);

#endif
