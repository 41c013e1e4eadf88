/*
 * What every test program opens with: cmocka, a limit to its time, and two ways of touching the world outside, a file
 * and stderr.
 */
#ifndef UNIT_H
#define UNIT_H

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/slice.h"

/* cmocka hands each test a state, and few have a use for it */
#pragma GCC diagnostic ignored "-Wunused-parameter"

#define COUNT(array) (sizeof (array) / sizeof *(array))

/* A program that waits for what never comes is killed by SIGALRM after so many seconds. */
enum { PROGRAM_TIME = 600 };

__attribute__((constructor)) static void
prepare(void)
{
	alarm(PROGRAM_TIME);
	/* what is read beyond its end is not 0 by chance */
	mallopt(M_PERTURB, 0x5a);
}

static inline struct slice
slice_of(const char *text)
{
	return (struct slice){ text, strlen(text) };
}

/* Whether slice is that text; text NULL stands for a slice that is NULL. */
static inline bool
slice_is(struct slice slice, const char *text)
{
	if (text == NULL || slice.bytes == NULL)
		return text == NULL && slice.bytes == NULL;
	return slice.length == strlen(text) && memcmp(slice.bytes, text, slice.length) == 0;
}

/* A file of that content in the current directory; its name is written into path. */
enum { TEMPORARY_NAME_SIZE = 32 };

static inline void
temporary_write(const char *path, const char *content)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(content, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static inline void
temporary_make(char path[TEMPORARY_NAME_SIZE], const char *content)
{
	int descriptor;

	strcpy(path, "unit-test.XXXXXX");
	descriptor = mkstemp(path);
	assert_true(descriptor >= 0);
	close(descriptor);
	temporary_write(path, content);
}

/* Between these two, stderr is caught; what was caught is to be freed. */
struct capture {
	FILE *file;
	int   before;
};

static inline struct capture
capture_start(void)
{
	struct capture capture = { tmpfile(), dup(STDERR_FILENO) };

	assert_non_null(capture.file);
	assert_true(capture.before >= 0);
	fflush(stderr);
	assert_true(dup2(fileno(capture.file), STDERR_FILENO) >= 0);
	return capture;
}

static inline char *
capture_end(struct capture capture)
{
	char *text;
	long length;

	fflush(stderr);
	dup2(capture.before, STDERR_FILENO);
	close(capture.before);
	fseek(capture.file, 0, SEEK_END);
	length = ftell(capture.file);
	rewind(capture.file);
	text = calloc(1, (size_t)length + 1);
	assert_non_null(text);
	assert_int_equal(fread(text, 1, (size_t)length, capture.file), length);
	fclose(capture.file);
	return text;
}

static inline int
lines_in(const char *text)
{
	int lines = 0;

	for (; *text != '\0'; text++)
		lines += *text == '\n';
	return lines;
}

#endif
