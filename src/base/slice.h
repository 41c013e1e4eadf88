/* A run of bytes, without a terminating NUL.  bytes NULL stands for SQL NULL.  Who keeps a slice says who owns it. */
#ifndef SLICE_H
#define SLICE_H

#include <stddef.h>

struct slice {
	const char *bytes;
	size_t      length;
};

#endif
