/* What all commands of callresultctl share. */
#include "ctl/ctl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "ctl/token_file.h"
#include "push/call_time.h"

enum { CONNECT_TIME = 10 * 1000 };   /* milliseconds for the checks of a new connection */

/* --- the command line -------------------------------------------------------------------------------------- */

int
ctl_usage_error(const struct ctl *ctl, const char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	log_error("%s", text);
	fprintf(stderr, "see callresultctl %s%s--help\n", ctl->command != NULL ? ctl->command->name : "",
	    ctl->command != NULL ? " " : "");
	return CTL_USAGE;
}

const char *
ctl_option(const struct ctl *ctl, const char *name)
{
	for (int i = 0; ctl->command->options[i].name != NULL; i++)
		if (strcmp(ctl->command->options[i].name, name) == 0)
			return ctl->values[i];
	return NULL;
}

bool
ctl_number_option(const struct ctl *ctl, const char *name, int64_t fallback, int64_t min, int64_t max, int64_t *number)
{
	const char *text = ctl_option(ctl, name);
	char *end;

	*number = fallback;
	if (text == NULL)
		return true;
	errno = 0;
	*number = strtoll(text, &end, 10);
	text += *text == '-';
	if (errno == 0 && *text >= '0' && *text <= '9' && *end == '\0' && *number >= min && *number <= max)
		return true;
	ctl_usage_error(ctl, "--%s needs a whole number from %lld to %lld", name, (long long)min, (long long)max);
	return false;
}

bool
ctl_is_day_option(const struct ctl *ctl, const char *name)
{
	const char *day = ctl_option(ctl, name);
	char time[32];
	int64_t microseconds;

	if (day == NULL)
		return true;
	snprintf(time, sizeof time, "%s 00:00:00", day);
	if (call_time_parse((struct slice){ time, strlen(time) }, &microseconds))
		return true;
	ctl_usage_error(ctl, "--%s needs a day, such as 2026-11-27", name);
	return false;
}

/* --- the configuration, and what it names ------------------------------------------------------------------ */

bool
ctl_read_settings(struct ctl *ctl)
{
	if (!ctl->has_settings && !settings_read(&ctl->settings, ctl->config)) {
		settings_free(&ctl->settings);
		return false;
	}
	ctl->has_settings = true;
	return true;
}

const char *
ctl_conninfo(const struct ctl *ctl)
{
	return ctl->given_conninfo != NULL ? ctl->given_conninfo : ctl->settings.conninfo;
}

bool
ctl_connect(struct ctl *ctl)
{
	ctl->db = db_new(ctl_conninfo(ctl), ctl->settings.call_timezone);
	if (db_connect(ctl->db, clock_ms() + CONNECT_TIME))
		return true;
	log_error("database: %s", db_problem(ctl->db));
	return false;
}

bool
ctl_open_spool(struct ctl *ctl)
{
	char problem[SPOOL_PROBLEM_SIZE];

	ctl->spool = spool_open_existing(ctl->settings.spool_path, ctl->settings.spool_max_size, problem);
	if (ctl->spool == NULL)
		log_error("spool %s: cannot open it: %s", ctl->settings.spool_path, problem);
	return ctl->spool != NULL;
}

struct token_file *
ctl_open_tokens(const struct ctl *ctl, bool to_change)
{
	struct token_file *file = token_file_open(ctl->settings.tokens, to_change);

	if (file == NULL)
		log_error("tokens file %s: %s", ctl->settings.tokens, strerror(errno));
	return file;
}

struct db_rows *
ctl_query(struct db *db, const char *text, const char *const *parameters, int count)
{
	struct db_rows *rows = db_query(db, text, parameters, count, clock_ms() + CTL_QUERY_TIME);
	const char *problem;

	if (rows != NULL)
		return rows;
	problem = db_problem(db);
	log_error("database: %s%s", problem, strstr(problem, "SQLSTATE 42501") != NULL ?
	    "; use -d to connect as a role that may read it" : "");
	return NULL;
}

/* --- what is printed --------------------------------------------------------------------------------------- */

void
ctl_add_rows(struct table *table, const struct db_rows *rows)
{
	int columns = db_rows_columns(rows);

	for (int i = 0; i < db_rows_count(rows) * columns; i++)
		table_add(table, db_rows_text(rows, i / columns, i % columns));
}

void
ctl_print(const struct ctl *ctl, struct table **tables, int count)
{
	table_print(stdout, ctl->json, tables, count);
	for (int i = 0; i < count; i++)
		table_free(tables[i]);
}
