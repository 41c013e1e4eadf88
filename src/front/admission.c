/* Who may push: the tokens in force. */
#include "front/admission.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "front/token.h"

enum { TOKEN_MAX = 256 };       /* bytes of a token in a query; a longer one counts as none */

struct admission {
	const char       *path;
	bool              allow_anonymous;
	pthread_rwlock_t  lock;      /* of tokens: many read, a reload replaces */
	struct token_set *tokens;    /* NULL: no file */
};

struct admission *
admission_new(const char *tokens_path, bool allow_anonymous)
{
	struct admission *admission = memory_zalloc(sizeof *admission);

	admission->path = tokens_path;
	admission->allow_anonymous = allow_anonymous;
	pthread_rwlock_init(&admission->lock, NULL);
	if (admission_reload(admission))
		return admission;
	admission_free(admission);
	return NULL;
}

void
admission_free(struct admission *admission)
{
	if (admission == NULL)
		return;
	token_set_free(admission->tokens);
	pthread_rwlock_destroy(&admission->lock);
	memory_free(admission);
}

bool
admission_reload(struct admission *admission)
{
	struct token_set *fresh, *old;

	if (admission->allow_anonymous)
		return true;
	fresh = token_set_read(admission->path);
	if (fresh == NULL)
		return false;
	if (token_set_count(fresh) == 0) {
		log_error("tokens file %s has no token, and allow_anonymous is not yes; "
		    "make one with callresultctl token new", admission->path);
		token_set_free(fresh);
		return false;
	}
	pthread_rwlock_wrlock(&admission->lock);
	old = admission->tokens;
	admission->tokens = fresh;
	pthread_rwlock_unlock(&admission->lock);
	token_set_free(old);
	return true;
}

/* The first segment of a path. */
static struct slice
first_segment(const char *path)
{
	path += strspn(path, "/");
	return (struct slice){ path, strcspn(path, "/") };
}

bool
admission_is_push_path(const char *path)
{
	struct slice segment = first_segment(path);
	const char *rest = segment.bytes + segment.length;

	return (*path == '/' || *path == '\0') && rest[strspn(rest, "/")] == '\0';
}

static struct slice
token_of_path(const char *path)
{
	return path != NULL && *path == '/' ? first_segment(path) : (struct slice){ "", 0 };
}

/* One byte of a query, which may be written %XX; moves *text behind it. */
static char
query_byte(const char **text)
{
	char digits[3] = "";
	char *end;
	long byte;

	if (**text == '%') {
		memcpy(digits, *text + 1, strnlen(*text + 1, 2));
		byte = strtol(digits, &end, 16);
		if (end == digits + 2) {
			*text += 3;
			return (char)byte;
		}
	}
	return *(*text)++;
}

/* Takes the value at *query and decodes it: web servers decode the path, but not the query. */
static struct slice
read_token(const char **query, char token[TOKEN_MAX])
{
	size_t length = 0;

	while (strchr("&?", **query) == NULL && length < TOKEN_MAX)
		token[length++] = query_byte(query);
	return (struct slice){ token, strchr("&?", **query) != NULL ? length : 0 };
}

/* Whether a query such as "a=b&token=TOKEN" has a right token.  Among several tokens one is enough. */
static bool
query_admits(const struct token_set *tokens, const char *query, char source[PUSH_SOURCE_SIZE])
{
	static const char name[] = "token=";
	char token[TOKEN_MAX];
	bool admits = false;

	while (query != NULL && *query != '\0' && !admits) {
		if (strncmp(query, name, sizeof name - 1) == 0) {
			query += sizeof name - 1;
			admits = token_set_find(tokens, read_token(&query, token), source);
		}
		query += strcspn(query, "&?");
		query += strspn(query, "&?");
	}
	return admits;
}

bool
admission_check(struct admission *admission, const char *path, const char *query, char source[PUSH_SOURCE_SIZE])
{
	bool admitted;

	source[0] = '\0';
	if (admission->allow_anonymous)
		return true;
	pthread_rwlock_rdlock(&admission->lock);
	admitted = token_set_find(admission->tokens, token_of_path(path), source) ||
	    query_admits(admission->tokens, query, source);
	pthread_rwlock_unlock(&admission->lock);
	return admitted;
}
