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
 * letters, digits, "-", ".", "_" and "~", so that it needs no escapes in a URL.  NULL, logged with the line, when a
 * line is invalid or the file cannot be read.
 */
struct token_set *token_set_read(const char *path) __attribute__((warn_unused_result));

/* The length of the name in a line, given without its end; 0: the line is ignored; -1: the line is invalid. */
int token_line_name(const char *line);

/* Cuts the end off a line as it was read: LF, or CR LF. */
void token_line_cut_end(char *line);

/* The line without the byte order mark that some editors put at the start of a file. */
const char *token_line_start(const char *line);

/* How many tokens there are. */
size_t token_set_count(const struct token_set *set);

/*
 * Whether token is in the set.  If so, name is set to its name, cut to fit, with question marks for control characters
 * and for bytes that are not UTF-8.  A wrong token takes as long as a right one of its length.
 */
bool token_set_find(const struct token_set *set, struct slice token, char name[PUSH_SOURCE_SIZE])
    __attribute__((warn_unused_result));

void token_set_free(struct token_set *set);

#endif
