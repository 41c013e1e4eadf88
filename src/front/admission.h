/* Who may push: the tokens in force, exchanged while requests are served. */
#ifndef ADMISSION_H
#define ADMISSION_H

#include <stdbool.h>

#include "push/push.h"

struct admission;

/*
 * Admits the holders of the tokens in the file, or everybody when allow_anonymous.  NULL, logged, when the file
 * cannot be read, or when nobody at all would be admitted.
 */
struct admission *admission_new(const char *tokens_path, bool allow_anonymous);
void admission_free(struct admission *admission);

/* Reads the file again.  False when it is bad: then the tokens in force stay. */
bool admission_reload(struct admission *admission);

/*
 * Whether path, what follows the mount, is one that pushes go to: the mount itself, or one segment below it.  Several
 * slashes count as one, because some web servers merge them and some do not.
 */
bool admission_is_push_path(const char *path);

/*
 * Whether a push is admitted: path is what follows the mount ("/TOKEN"), query the query string ("token=TOKEN", in
 * which a second "?" is as good as "&"); either may be NULL.  source becomes the name of the token; "" when none was
 * asked for.
 */
bool admission_check(struct admission *admission, const char *path, const char *query, char source[PUSH_SOURCE_SIZE]);

#endif
