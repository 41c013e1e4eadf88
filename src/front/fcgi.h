/* Reads FastCGI's records (specification 1.0, 3.3) from bytes that come in pieces of any size. */
#ifndef FCGI_H
#define FCGI_H

#include <stddef.h>

#include "base/slice.h"

/* {0} stands before the first record.  version, type, id and length are of the record that began last. */
struct fcgi_reader {
	unsigned version, type, id;
	size_t   length;             /* of its content */
	size_t   content, padding;   /* bytes of it that are still to come */
	unsigned char header[8];
	size_t   header_length;      /* bytes of the next record's header that have come */
};

enum fcgi_event {
	FCGI_MORE,      /* the input is used up */
	FCGI_RECORD,    /* a record begins */
	FCGI_CONTENT,   /* part of its content */
};

/* Takes the next event off the front of input.  content is set for FCGI_CONTENT alone, and points into input. */
enum fcgi_event fcgi_read(struct fcgi_reader *reader, struct slice *input, struct slice *content);

#endif
