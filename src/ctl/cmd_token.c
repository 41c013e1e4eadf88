/* callresultctl token: creates, rotates, lists and revokes the tokens, the secrets in the callBackUrls. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/log.h"
#include "base/memory.h"
#include "ctl/commands.h"
#include "ctl/token_file.h"

enum { TOKEN_BYTES = 16, URL_MAX_LENGTH = 1024 };

static const char reload_hint[] =
    "to bring this into force: systemctl reload callresultd (or send SIGHUP)\n";

/* Anything but what would end the name or the line, or begin a comment. */
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
		log_fatal("cannot get random numbers from the system");
	for (int i = 0; i < TOKEN_BYTES; i++)
		snprintf(token + 2 * i, 3, "%02x", bytes[i]);
}

static void
print_new(struct ctl *ctl, const char *name, const char *base, const char *token)
{
	static const struct column columns[] = { { "name", COLUMN_TEXT }, { "url", COLUMN_TEXT } };
	char url[URL_MAX_LENGTH + 2 * TOKEN_BYTES + 2];
	struct table *table;

	token_file_url(url, sizeof url, base, token);
	if (!ctl->json) {
		puts(url);
		fputs(reload_hint, stderr);
		return;
	}
	table = table_new("token", TABLE_RECORD, columns, ELEMENTS(columns));
	table_add(table, name);
	table_add(table, url);
	ctl_print(ctl, &table, 1);
}

static bool
add_token(struct token_file *file, const char *name, const char *token)
{
	if (token_file_find(file, name) != NULL) {
		log_error("there is already a token of that name: choose another name, or revoke it first");
		return false;
	}
	token_file_add(file, name, token);
	return true;
}

/* The platform pushes with the old token until its campaigns have the new URL, so the old one stays, as NAME-old. */
static bool
replace_token(struct token_file *file, const char *name, const char *token)
{
	size_t size = strlen(name) + sizeof "-old";
	char *old = memory_alloc(size);
	bool replaced = false;

	snprintf(old, size, "%s-old", name);
	if (token_file_find(file, name) == NULL) {
		log_error("there is no token of that name");
	} else if (token_file_find(file, old) != NULL) {
		log_error("there is still a token %s from the last rotation: revoke it first", old);
	} else {
		token_file_rename(file, name, old);
		token_file_add(file, name, token);
		replaced = true;
	}
	memory_free(old);
	return replaced;
}

/* Makes a token, which enter puts into the file, and prints its URL. */
static int
make_and_print(struct ctl *ctl, bool (*enter)(struct token_file *, const char *, const char *))
{
	const char *name = ctl->argv[0], *base = ctl_option(ctl, "url");
	char token[2 * TOKEN_BYTES + 1];
	struct token_file *file;
	bool written;

	if (base == NULL)
		base = "https://HOST/callresult";
	if (!is_name(name))
		return ctl_usage_error(ctl, "a token's name must not be empty, contain a colon or a control character,"
		    " or begin with #");
	if ((strncmp(base, "https://", 8) != 0 && strncmp(base, "http://", 7) != 0) || strlen(base) > URL_MAX_LENGTH)
		return ctl_usage_error(ctl, "--url needs a URL of the form https://HOST/PATH");
	file = ctl_open_tokens(ctl, true);
	if (file == NULL)
		return CTL_WRONG;
	make_token(token);
	written = enter(file, name, token) && token_file_write(file);
	token_file_close(file);
	if (!written)
		return CTL_WRONG;
	print_new(ctl, name, base, token);
	return CTL_FINE;
}

int
cmd_token_new(struct ctl *ctl)
{
	return make_and_print(ctl, add_token);
}

int
cmd_token_rotate(struct ctl *ctl)
{
	const char *name = ctl->argv[0];
	int status = make_and_print(ctl, replace_token);

	if (status == CTL_FINE && !ctl->json)
		fprintf(stderr, "then give this callBackUrl to every campaign on the platform; the old token stays"
		    " valid as %s-old.\nOnce token list shows no new pushes with it: callresultctl token revoke"
		    " %s-old\n", name, name);
	return status;
}

/* --- which there are, and how they are used ------------------------------------------------------------------ */

/* The pushes by source.  NULL, logged, when the database does not answer. */
static struct db_rows *
ask_uses(struct ctl *ctl)
{
	struct db_rows *rows = NULL;

	if (ctl_connect(ctl))
		rows = ctl_query(ctl->db, "SELECT source, count(*), " CTL_TIME("max(received_at)")
		    " FROM callresult.push WHERE source IS NOT NULL GROUP BY source", NULL, 0);
	if (rows == NULL)
		log_error("cannot show how the tokens are used: the database did not answer");
	return rows;
}

/* A name without pushes has 0 of them, which is not the same as unknown. */
static void
add_uses(struct table *table, const struct db_rows *uses, const char *name)
{
	for (int row = 0; uses != NULL && row < db_rows_count(uses); row++)
		if (strcmp(db_rows_text(uses, row, 0), name) == 0) {
			table_add(table, db_rows_text(uses, row, 1));
			table_add(table, db_rows_text(uses, row, 2));
			return;
		}
	table_add(table, uses != NULL ? "0" : NULL);
	table_add(table, NULL);
}

int
cmd_token_list(struct ctl *ctl)
{
	static const struct column columns[] = { { "name", COLUMN_TEXT }, { "pushes", COLUMN_NUMBER },
		{ "last_push_at", COLUMN_TIME } };
	struct token_file *file = ctl_open_tokens(ctl, false);
	struct db_rows *uses;
	struct table *table;

	if (file == NULL)
		return CTL_WRONG;
	uses = ask_uses(ctl);
	table = table_new("tokens", TABLE_ROWS, columns, ELEMENTS(columns));
	for (size_t i = 0; i < token_file_count(file); i++) {
		table_add(table, token_file_name(file, i));
		add_uses(table, uses, token_file_name(file, i));
	}
	ctl_print(ctl, &table, 1);
	db_rows_free(uses);
	token_file_close(file);
	return CTL_FINE;
}

/* A reload rejects a file without tokens, and the revoked token would stay in force. */
static bool
remove_token(struct ctl *ctl, const char *name, size_t *count)
{
	struct token_file *file = ctl_open_tokens(ctl, true);
	bool removed = false;

	if (file == NULL)
		return false;
	*count = token_file_remove(file, name);
	if (*count == 0)
		log_error("there is no token of that name");
	else if (token_file_count(file) == 0 && !ctl->settings.allow_anonymous)
		log_error("this is the last token, and callresultd would keep accepting it: create another one first");
	else
		removed = token_file_write(file);
	token_file_close(file);
	return removed;
}

int
cmd_token_revoke(struct ctl *ctl)
{
	static const struct column columns[] = { { "name", COLUMN_TEXT }, { "revoked", COLUMN_NUMBER } };
	struct table *table;
	size_t count;

	if (!remove_token(ctl, ctl->argv[0], &count))
		return CTL_WRONG;
	table = table_new("token", TABLE_RECORD, columns, ELEMENTS(columns));
	table_add(table, ctl->argv[0]);
	table_add_number(table, (int64_t)count);
	ctl_print(ctl, &table, 1);
	if (!ctl->json)
		fputs(reload_hint, stderr);
	return CTL_FINE;
}
