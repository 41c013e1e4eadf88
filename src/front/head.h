/*
 * The head of a FastCGI request, from its BEGIN_REQUEST record to the empty PARAMS record.  It is gathered as it comes,
 * and checked before libfcgi gets it, because libfcgi trusts every length and reads without bound.
 */
#ifndef HEAD_H
#define HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "front/fcgi.h"

enum { HEAD_MAX = 64 * 1024 };    /* bytes, with the frames of its records */

/* {0}: nothing has come. */
struct head {
	bool     begun;         /* the header of BEGIN_REQUEST has come */
	unsigned id;
	bool     keep;          /* the web server keeps the connection for another request */
	size_t   size;          /* of its records so far */
	char    *bytes;         /* its records, joined and without padding */
	size_t   length, capacity;
};

enum head_state {
	HEAD_MORE,      /* the input is used up, and more is to come */
	HEAD_WHOLE,     /* bytes is the request's head, in three records */
	HEAD_BAD,       /* it may not be served */
};

/*
 * Takes the head off the front of input, going on where the last call ended.  HEAD_WHOLE means: one request, to a
 * responder, with no record of another in between; its names and values are as long as they say and contain no NUL.
 */
enum head_state head_read(struct head *head, struct fcgi_reader *reader, struct slice *input)
    __attribute__((warn_unused_result));

/* Makes it {0} again. */
void head_clear(struct head *head);

#endif
