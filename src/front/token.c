/* The tokens that admit a push: the secret in the callBackUrl. */
#include "front/token.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/log.h"
#include "base/memory.h"

struct token {
	char  *text;
	size_t length;
	char   name[PUSH_SOURCE_SIZE];
};

struct token_set {
	struct token *tokens;
	size_t        count;
};

static bool
is_token(const char *text)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	size_t length = strlen(text);

	/* "-" is where live, ready and metrics are; "." and ".." never arrive: clients take them out of a URL */
	return length > 0 && strspn(text, allowed) == length && strcmp(text, "-") != 0 && strcmp(text, ".") != 0 &&
	    strcmp(text, "..") != 0;
}

bool
token_line_cut(char *line, size_t length, char **name, char **token)
{
	bool whole = strlen(line) == length;    /* a NUL would end a token early */
	char *start = line, *end = line + strlen(line), *colon;

	*name = *token = NULL;
	if (strncmp(start, "\xef\xbb\xbf", 3) == 0)     /* some editors put a byte order mark there */
		start += 3;
	if (end > start && end[-1] == '\n')
		*--end = '\0';
	if (end > start && end[-1] == '\r')
		*--end = '\0';
	if (*start == '\0' || *start == '#')
		return whole;
	colon = strchr(start, ':');
	if (colon == NULL || colon == start || !is_token(colon + 1))
		return false;
	*colon = '\0';
	*name = start;
	*token = colon + 1;
	return whole;
}

static void
add(struct token_set *set, const char *name, const char *text)
{
	struct token *token;

	set->tokens = memory_resize(set->tokens, set->count + 1, sizeof *set->tokens);
	token = &set->tokens[set->count++];
	token->text = memory_strdup(text);
	token->length = strlen(text);
	push_copy_source(token->name, name, strlen(name));
}

struct token_set *
token_set_read(const char *path)
{
	FILE *file = fopen(path, "re");
	struct token_set *set;
	char *line = NULL, *name, *token;
	size_t capacity = 0;
	ssize_t length;
	int number = 0;
	bool fine = true;

	if (file == NULL) {
		log_error("tokens file %s: %s", path, strerror(errno));
		return NULL;
	}
	set = memory_zalloc(sizeof *set);
	while (fine && (length = getline(&line, &capacity, file)) >= 0) {
		number++;
		fine = token_line_cut(line, (size_t)length, &name, &token);
		if (fine && name != NULL)
			add(set, name, token);
	}
	if (!fine)
		log_error("tokens file %s, line %d: expected \"name:token\" with a token of letters, digits and -._~",
		    path, number);
	else if (ferror(file))
		log_error("tokens file %s: %s", path, strerror(errno));
	/* part of a file would refuse the tokens of the rest */
	if (!fine || ferror(file)) {
		token_set_free(set);
		set = NULL;
	}
	free(line);
	fclose(file);
	return set;
}

size_t
token_set_count(const struct token_set *set)
{
	return set->count;
}

bool
token_set_find(const struct token_set *set, struct slice token, char name[PUSH_SOURCE_SIZE])
{
	bool found = false;

	/* no early end: the time it takes must not show which token is close */
	for (size_t i = 0; i < set->count; i++)
		if (set->tokens[i].length == token.length &&
		    crypto_is_equal(set->tokens[i].text, token.bytes, token.length)) {
			memcpy(name, set->tokens[i].name, sizeof set->tokens[i].name);
			found = true;
		}
	return found;
}

void
token_set_free(struct token_set *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->count; i++)
		memory_free(set->tokens[i].text);
	memory_free(set->tokens);
	memory_free(set);
}
