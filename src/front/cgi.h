/* The request of a plain CGI program: body on stdin, answer on stdout. */
#ifndef CGI_H
#define CGI_H

struct request;
struct service;

/*
 * Takes the one request there is.  Answers it and returns NULL when that needs neither database nor spool, so that a
 * refused request opens neither.  Of service only admission and max_body are used.
 */
struct request *cgi_begin(const struct service *service) __attribute__((warn_unused_result));

/* Serves the request to the end of its answer, and frees it. */
void cgi_serve(struct request *request, const struct service *service);

#endif
