/* FastCGI's records (specification 1.0, 3.3) out of bytes as they come, in pieces of any size. */
#ifndef FCGI_H
#define FCGI_H

#include <stddef.h>

#include "base/slice.h"

/* {0} stands before the first record.  version, type, id and length are those of the last record begun. */
struct fcgi_reader {
	unsigned version, type, id;
	size_t   length;             /* of its content */
	size_t   content, padding;   /* of it what is still to come */
	unsigned char header[8];
	size_t   header_length;      /* bytes of the next record's header that have come */
};

enum fcgi_event {
	FCGI_MORE,      /* the input is used up */
	FCGI_RECORD,    /* a record begins */
	FCGI_CONTENT,   /* some of its content */
};

/* Takes what makes the next event off the front of input; content is set, into input, when it is FCGI_CONTENT. */
enum fcgi_event fcgi_read(struct fcgi_reader *reader, struct slice *input, struct slice *content);

#endif
