/* The tokens that admit a push: the secret in the callBackUrl. */
#ifndef TOKEN_H
#define TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "push/push.h"

struct token_set;

/*
 * Reads a file of lines "name:token"; empty lines and lines that begin with # are ignored.  A token consists of
 * letters, digits, "-", ".", "_" and "~", so that it needs no escapes in a URL.  NULL, with file and line logged,
 * when a line is invalid or the file cannot be read.
 */
struct token_set *token_set_read(const char *path);

/*
 * The rule for one line, given without its end: the length of the name in front of the colon; 0: the line is passed
 * over; -1: it is no line of a tokens file.
 */
int token_line_name(const char *line);

/* Takes the end off a line as it was read: a line feed, with a carriage return in front or without. */
void token_line_cut_end(char *line);

/* The line behind a byte order mark, which editors put in front of a file's first. */
const char *token_line_start(const char *line);

/* How many tokens there are. */
size_t token_set_count(const struct token_set *set);

/*
 * Whether token is one of them; its name is written into name then, cut to what fits.  What the log and the database
 * could not hold of it, bytes that are no UTF-8 and control characters, are question marks.  Takes as long for a wrong
 * token as for a right one of the same length.
 */
bool token_set_find(const struct token_set *set, struct slice token, char name[PUSH_SOURCE_SIZE]);

void token_set_free(struct token_set *set);

#endif
