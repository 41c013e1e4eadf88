/* Changes the file of tokens: every line that is not asked about stays as it is. */
#ifndef TOKEN_FILE_H
#define TOKEN_FILE_H

#include <stdbool.h>
#include <stddef.h>

struct token_file;

/*
 * Reads the file; to_change also keeps others from changing it until token_file_close, and takes a file that is not
 * there for an empty one.  NULL, with errno, when it cannot be read or locked.
 */
struct token_file *token_file_open(const char *path, bool to_change) __attribute__((warn_unused_result));
void token_file_close(struct token_file *file);

/* How many lines are "name:token", and the parts of the i-th, valid until the file is changed. */
size_t token_file_count(const struct token_file *file);
const char *token_file_name(const struct token_file *file, size_t i);
const char *token_file_token(const struct token_file *file, size_t i);

/* The number of the first line that callresultd rejects; 0: none. */
size_t token_file_bad_line(const struct token_file *file);

/* The token of a name; NULL when there is none. */
const char *token_file_find(const struct token_file *file, const char *name);

void token_file_add(struct token_file *file, const char *name, const char *token);

/* Renames all lines of that name, in their places. */
void token_file_rename(struct token_file *file, const char *name, const char *other);

/* Removes all lines of that name, and returns how many there were. */
size_t token_file_remove(struct token_file *file, const char *name);

/*
 * Replaces the file in one step, fsynced, with the owner and mode of the old one.  A file that is new has mode 0640
 * and, if root makes it, the group callresultd where there is one.  False, logged, when the old file stays, because a
 * line is bad or the file cannot be written; or when the new one is there and may not survive a crash.
 */
bool token_file_write(struct token_file *file) __attribute__((warn_unused_result));

/* The callBackUrl with a token: mount, one slash, token.  url has room for size bytes. */
void token_file_url(char *url, size_t size, const char *mount, const char *token);

#endif
