/*
 * A path, a query and a tokens file, with a NUL between them: who is admitted, against a second reader of all three.
 * It knows nothing of where a check may stop early, and decodes a query whole.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "front/admission.h"
#include "reference.h"

enum { QUERY_TOKEN_MAX = 256 };

static bool
is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr("-._~", c) != NULL);
}

static bool
is_text(struct slice slice, const char *text)
{
	return ref_equal(slice, (struct slice){ text, strlen(text) });
}

/* What stands in front of one of the bytes of stops; *at is moved behind that byte. */
static struct slice
part(const char **at, const char *end, const char *stops, size_t stop_count)
{
	struct slice part = { *at, 0 };

	while (*at < end && memchr(stops, **at, stop_count) == NULL)
		++*at;
	part.length = (size_t)(*at - part.bytes);
	*at += *at < end;
	return part;
}

/* -1: no line of a tokens file; 0: none is wanted of it; 1: *token. */
static int
token_of_line(struct slice line, struct slice *token)
{
	const char *end = line.bytes + line.length;

	if (memchr(line.bytes, '\0', line.length) != NULL)
		return -1;
	line.length -= line.length > 0 && end[-1] == '\r';
	end = line.bytes + line.length;
	if (line.length >= 3 && memcmp(line.bytes, "\xef\xbb\xbf", 3) == 0)
		line = (struct slice){ line.bytes + 3, line.length - 3 };
	if (line.length == 0 || line.bytes[0] == '#')
		return 0;
	token->bytes = memchr(line.bytes, ':', line.length);
	if (token->bytes == NULL || token->bytes == line.bytes)
		return -1;
	token->length = (size_t)(end - ++token->bytes);
	for (size_t i = 0; i < token->length; i++)
		if (!is_plain(token->bytes[i]))
			return -1;
	return is_text(*token, "") || is_text(*token, "-") || is_text(*token, ".") || is_text(*token, "..") ? -1 : 1;
}

/* How many of the file's tokens are wanted.bytes; -1: the file is refused. */
static int
count_matches(struct slice file, struct slice wanted)
{
	const char *at = file.bytes, *end = file.bytes + file.length;
	int matches = 0, tokens = 0;

	while (at < end) {
		struct slice token;
		int kind = token_of_line(part(&at, end, "\n", 1), &token);

		if (kind < 0)
			return -1;
		tokens += kind;
		matches += kind == 1 && ref_equal(token, wanted);
	}
	return tokens > 0 ? matches : -1;
}

static int
digit(char c)
{
	const char *digits = "0123456789abcdef0123456789ABCDEF", *found = c != '\0' ? strchr(digits, c) : NULL;

	return found != NULL ? (int)(found - digits) % 16 : -1;
}

/* The next token of a query, decoded; empty: of this pair none can be wanted. */
static struct slice
query_token(const char **at, const char *end, char *decoded)
{
	struct slice pair = part(at, end, "&?", 2);
	size_t length = 0;

	if (pair.length < 6 || memcmp(pair.bytes, "token=", 6) != 0)
		return (struct slice){ decoded, 0 };
	for (size_t i = 6; i < pair.length; i++) {
		decoded[length] = pair.bytes[i];
		if (pair.bytes[i] == '%' && i + 2 < pair.length && digit(pair.bytes[i + 1]) >= 0 &&
		    digit(pair.bytes[i + 2]) >= 0) {
			decoded[length] = (char)(digit(pair.bytes[i + 1]) * 16 + digit(pair.bytes[i + 2]));
			i += 2;
		}
		length++;
	}
	return (struct slice){ decoded, length <= QUERY_TOKEN_MAX ? length : 0 };
}

/* As count_matches, of all tokens that a query has. */
static int
count_query_matches(struct slice file, struct slice query)
{
	const char *at = query.bytes, *end = query.bytes + query.length;
	char *decoded = malloc(query.length + 1);
	int matches = 0;

	while (at < end) {
		struct slice token = query_token(&at, end, decoded);

		matches += token.length > 0 && count_matches(file, token) > 0;
	}
	free(decoded);
	return matches;
}

static struct slice
path_token(struct slice path)
{
	const char *at = path.bytes, *end = path.bytes + path.length;

	if (path.length == 0 || *at != '/')
		return (struct slice){ "", 0 };
	while (at < end && *at == '/')
		at++;
	return part(&at, end, "/", 1);
}

static void
check_source(const char *source)
{
	size_t length = strnlen(source, PUSH_SOURCE_SIZE);

	if (length == PUSH_SOURCE_SIZE || !ref_is_utf8((struct slice){ source, length }))
		ref_fail("the text of a token's name");
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)source[i] < ' ' || source[i] == 0x7f)
			ref_fail("a control character in a token's name");
}

static void
ignore(int priority, const char *line, size_t length)
{
	(void)priority;
	if (memchr(line, '\n', length - 1) != NULL)
		ref_fail("a message of two lines");
}

/* A copy that ends with a NUL; the bytes behind it are not there. */
static char *
text_of(struct slice slice)
{
	return strndup(slice.bytes, slice.length);
}

static void
check(struct admission *admission, struct slice path, struct slice query, struct slice file)
{
	char *path_text = text_of(path), *query_text = text_of(query), source[PUSH_SOURCE_SIZE];
	int by_path = count_matches(file, path_token(path)), by_query = count_query_matches(file, query);
	bool admitted;

	if ((admission == NULL) != (by_path < 0))
		ref_fail("whether a tokens file is one");
	if (admission != NULL) {
		admitted = admission_check(admission, path_text, query_text, source);
		if (admitted != (by_path + by_query > 0))
			ref_fail("who is admitted");
		check_source(source);
		if (admitted != (source[0] != '\0'))
			ref_fail("whether a source is known");
	}
	admission_is_push_path(path_text);
	free(path_text);
	free(query_text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static int descriptor = -1;
	static char name[32];
	const char *at = (const char *)bytes, *end = at + size;
	struct slice path = part(&at, end, "", 1), query = part(&at, end, "", 1), file = { at, (size_t)(end - at) };
	struct admission *admission;

	if (descriptor < 0) {
		descriptor = memfd_create("tokens", MFD_CLOEXEC);
		snprintf(name, sizeof name, "/proc/self/fd/%d", descriptor);
		log_set_sink(ignore);
	}
	if (ftruncate(descriptor, 0) != 0 || pwrite(descriptor, file.bytes, file.length, 0) != (ssize_t)file.length)
		ref_fail("a file in memory");
	admission = admission_new(name, false);
	check(admission, path, query, file);
	admission_free(admission);
	return 0;
}
