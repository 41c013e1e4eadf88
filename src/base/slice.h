/* A run of bytes somebody else owns: no terminating NUL is promised.  bytes NULL stands for SQL NULL. */
#ifndef SLICE_H
#define SLICE_H

#include <stddef.h>

struct slice {
	const char *bytes;
	size_t      length;
};

#endif
