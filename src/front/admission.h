/* Who may push: the tokens in force, which may be replaced while requests are served. */
#ifndef ADMISSION_H
#define ADMISSION_H

#include <stdbool.h>

#include "push/push.h"

struct admission;

/*
 * Admits the holders of the tokens in the file, or everybody when allow_anonymous.  NULL, logged, when the file is bad
 * or has no token.  tokens_path must outlive it.
 */
struct admission *admission_new(const char *tokens_path, bool allow_anonymous) __attribute__((warn_unused_result));
void admission_free(struct admission *admission);

/* Reads the file again.  False, logged, when it is bad or has no token: then the tokens in force stay. */
bool admission_reload(struct admission *admission) __attribute__((warn_unused_result));

/*
 * Whether path, the part of the URL behind the mount, is one for pushes: it has one segment or none.  Several slashes
 * count as one, because some web servers merge them and some do not.
 */
bool admission_is_push_path(const char *path);

/*
 * Whether a push is admitted.  Safe in any thread.
 * - path: what follows the mount ("/TOKEN"), or NULL;
 * - query: the query string ("token=TOKEN"; a second "?" is as good as "&"), or NULL;
 * - source: set to the name of the token, "" when none is asked for.
 */
bool admission_check(struct admission *admission, const char *path, const char *query, char source[PUSH_SOURCE_SIZE])
    __attribute__((warn_unused_result));

#endif
