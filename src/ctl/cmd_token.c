/* callresultctl token: the secrets in the callBackUrls. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/log.h"
#include "ctl/commands.h"
#include "ctl/token_file.h"

enum { TOKEN_BYTES = 16, URL_MAX_LENGTH = 1024 };

static const char reload_hint[] =
    "callresultd takes it up when it reads the file again: systemctl reload callresultd, or SIGHUP\n";

/* Any text but what would end the name or the line, or make a comment of it. */
static bool
is_name(const char *name)
{
	if (*name == '\0' || *name == '#')
		return false;
	for (; *name != '\0'; name++)
		if (*name == ':' || iscntrl((unsigned char)*name))
			return false;
	return true;
}

static void
make_token(char token[2 * TOKEN_BYTES + 1])
{
	unsigned char bytes[TOKEN_BYTES];

	if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
		log_fatal("the system has no random numbers");
	for (int i = 0; i < TOKEN_BYTES; i++)
		snprintf(token + 2 * i, 3, "%02x", bytes[i]);
}

static void
print_new(struct ctl *ctl, const char *name, const char *base, const char *token)
{
	static const struct column columns[] = { { "name", COLUMN_TEXT }, { "url", COLUMN_TEXT } };
	char url[URL_MAX_LENGTH + 2 * TOKEN_BYTES + 2];
	size_t length = strlen(base);
	struct table *table;

	while (length > 0 && base[length - 1] == '/')
		length--;
	snprintf(url, sizeof url, "%.*s/%s", (int)length, base, token);
	if (!ctl->json) {
		puts(url);
		fputs(reload_hint, stderr);
		return;
	}
	table = table_new("token", TABLE_RECORD, columns, 2);
	table_add(table, name);
	table_add(table, url);
	ctl_print(ctl, &table, 1);
}

static bool
add_token(struct ctl *ctl, const char *name, const char *token)
{
	struct token_file *file = token_file_open(ctl->settings.tokens, true);
	bool added = false;

	if (file == NULL)
		return false;
	if (token_file_find(file, name) != NULL) {
		log_error("there is a token of that name: take another name, or revoke it first");
	} else {
		token_file_add(file, name, token);
		added = token_file_write(file);
	}
	token_file_close(file);
	return added;
}

int
token_new_run(struct ctl *ctl, int argc, char **argv)
{
	const char *base = ctl_option(ctl, "url");
	char token[2 * TOKEN_BYTES + 1];

	(void)argc;
	if (base == NULL)
		base = "https://HOST/callresult";
	if (!is_name(argv[0]))
		return ctl_usage_error(ctl, "a name has no colon and no control character, and does not begin with #");
	if ((strncmp(base, "https://", 8) != 0 && strncmp(base, "http://", 7) != 0) || strlen(base) > URL_MAX_LENGTH)
		return ctl_usage_error(ctl, "--url takes https://HOST/PATH");
	make_token(token);
	if (!add_token(ctl, argv[0], token))
		return CTL_WRONG;
	print_new(ctl, argv[0], base, token);
	return CTL_FINE;
}

int
token_list_run(struct ctl *ctl, int argc, char **argv)
{
	static const struct column columns[] = { { "name", COLUMN_TEXT } };
	struct token_file *file = token_file_open(ctl->settings.tokens, false);
	struct table *table;

	(void)argc, (void)argv;
	if (file == NULL)
		return CTL_WRONG;
	table = table_new("tokens", TABLE_ROWS, columns, 1);
	for (size_t i = 0; i < token_file_count(file); i++)
		table_add(table, token_file_name(file, i));
	ctl_print(ctl, &table, 1);
	token_file_close(file);
	return CTL_FINE;
}

/* A file without tokens is refused by a reload, and what was revoked would stay in force. */
static bool
remove_token(struct ctl *ctl, const char *name, size_t *count)
{
	struct token_file *file = token_file_open(ctl->settings.tokens, true);
	bool removed = false;

	if (file == NULL)
		return false;
	*count = token_file_remove(file, name);
	if (*count == 0)
		log_error("there is no token of that name");
	else if (token_file_count(file) == 0 && !ctl->settings.allow_anonymous)
		log_error("this is the last token; callresultd would keep accepting it: create another one first");
	else
		removed = token_file_write(file);
	token_file_close(file);
	return removed;
}

int
token_revoke_run(struct ctl *ctl, int argc, char **argv)
{
	static const struct column columns[] = { { "name", COLUMN_TEXT }, { "revoked", COLUMN_NUMBER } };
	struct table *table;
	size_t count;

	(void)argc;
	if (!remove_token(ctl, argv[0], &count))
		return CTL_WRONG;
	table = table_new("token", TABLE_RECORD, columns, 2);
	table_add(table, argv[0]);
	table_add_number(table, (int64_t)count);
	ctl_print(ctl, &table, 1);
	if (!ctl->json)
		fputs(reload_hint, stderr);
	return CTL_FINE;
}
