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

/*
 * Reads a line of such a file, with or without its end, and cuts it into *name and *token, which point into it; NULL
 * when it is ignored or has no such parts.  length: of the line as it was read.  False when it is invalid, be it for a
 * NUL in it.
 */
bool token_line_cut(char *line, size_t length, char **name, char **token) __attribute__((warn_unused_result));

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
