/* The tokens that admit a push: the secret in the callBackUrl. */
#include "front/token.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

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

const char *
token_line_start(const char *line)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";

	return strncmp(line, byte_order_mark, 3) == 0 ? line + 3 : line;
}

void
token_line_cut_end(char *line)
{
	size_t length = strlen(line);

	length -= length > 0 && line[length - 1] == '\n';
	length -= length > 0 && line[length - 1] == '\r';
	line[length] = '\0';
}

int
token_line_name(const char *line)
{
	const char *colon = strchr(line, ':');

	if (line[0] == '\0' || line[0] == '#')
		return 0;
	return colon != NULL && colon != line && is_token(colon + 1) ? (int)(colon - line) : -1;
}

static bool
is_control(char byte)
{
	return (unsigned char)byte < ' ' || byte == 0x7f;
}

static void
set_name(struct token *token, const char *name, size_t length)
{
	bool is_utf8 = u8_check((const uint8_t *)name, length) == NULL;

	if (length >= sizeof token->name)
		for (length = sizeof token->name - 1; is_utf8 && (name[length] & 0xc0) == 0x80; length--)
			;
	for (size_t i = 0; i < length; i++)
		token->name[i] = is_control(name[i]) || (!is_utf8 && (name[i] & 0x80)) ? '?' : name[i];
	token->name[length] = '\0';
}

static void
add(struct token_set *set, const char *name, size_t name_length)
{
	const char *text = name + name_length + 1;
	struct token *token;

	set->tokens = memory_resize(set->tokens, set->count + 1, sizeof *set->tokens);
	token = &set->tokens[set->count++];
	token->text = memory_strdup(text);
	token->length = strlen(text);
	set_name(token, name, name_length);
}

static bool
read_line(struct token_set *set, char *line, size_t length)
{
	const char *start = token_line_start(line);
	int name;

	if (strlen(line) != length)     /* a NUL would end a token early */
		return false;
	token_line_cut_end(line);
	name = token_line_name(start);
	if (name > 0)
		add(set, start, (size_t)name);
	return name >= 0;
}

struct token_set *
token_set_read(const char *path)
{
	FILE *file = fopen(path, "re");
	struct token_set *set;
	char *line = NULL;
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
		fine = read_line(set, line, (size_t)length);
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
		    CRYPTO_memcmp(set->tokens[i].text, token.bytes, token.length) == 0) {
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
