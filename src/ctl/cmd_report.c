/* callresultctl report: reports on campaigns, as text, CSV, JSON, or a self-contained page. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "ctl/commands.h"
#include "ctl/report.h"

enum { WIDTH_DEFAULT = 80, WIDTH_MIN = 40, PARAMETERS = 5, SPAN_SIZE = 200 };

/* --- asking ------------------------------------------------------------------------------------------------ */

/* The campaigns, one a line, as an array of PostgreSQL; memory_free frees it. */
static char *
campaign_array(const char *lines)
{
	char *text = memory_alloc(2 * strlen(lines) + 5), *end = text;

	*end++ = '{';
	*end++ = '"';
	for (; *lines != '\0'; lines++) {
		if (*lines == '"' || *lines == '\\')
			*end++ = '\\';
		if (*lines == '\n') {
			memcpy(end, "\",\"", 3);
			end += 3;
		} else {
			*end++ = *lines;
		}
	}
	memcpy(end, "\"}", 3);
	return text;
}

/* Runs the queries.  False, logged, when one fails. */
static bool
ask(struct ctl *ctl, struct report *report, const char *const parameters[PARAMETERS])
{
	struct db_rows *rows;

	for (int i = 0; i < REPORT_PARTS; i++) {
		if (i == REPORT_NUMBERS && ctl_option(ctl, "numbers") == NULL)
			continue;
		/* the server rejects parameters that a query does not use */
		rows = ctl_query(ctl->db, report_questions[i].query, parameters,
		    PARAMETERS - (strstr(report_questions[i].query, "$5") == NULL));
		if (rows == NULL)
			return false;
		report_set_answer(report, i, rows);
	}
	return true;
}

/* Which results the report is about, in words; memory_free frees it. */
static char *
write_span(const struct ctl *ctl, const struct report *report)
{
	const char *campaigns = ctl_option(ctl, "campaign"), *vdn = ctl_option(ctl, "vdn");
	char first[REPORT_CELL_SIZE], last[REPORT_CELL_SIZE];
	size_t size = (campaigns != NULL ? strlen(campaigns) : 0) + SPAN_SIZE;
	char *text = memory_alloc(size);

	snprintf(text, size, report_word(report, report_number(report, REPORT_FIGURES, 0, "calls") > 0 ?
	    "%s%s%s%s, calls from %s to %s" : "%s%s%s%s, no calls"),
	    report_word(report, campaigns == NULL ? "all campaigns" :
	    strchr(campaigns, '\n') != NULL ? "campaigns " : "campaign "), campaigns != NULL ? campaigns : "",
	    vdn != NULL ? report_word(report, ", virtual call centre ") : "", vdn != NULL ? vdn : "",
	    report_cell(report, REPORT_FIGURES, 0, "first_day", first),
	    report_cell(report, REPORT_FIGURES, 0, "last_day", last));
	for (char *p = text; *p != '\0'; p++)
		if (*p == '\n')
			*p = ' ';
	return text;
}

/* --- forms for programs ------------------------------------------------------------------------------------ */

static void
write_json(FILE *file, const struct report *report)
{
	struct table *tables[REPORT_PARTS];
	int count = 0;

	for (int i = 0; i < REPORT_PARTS; i++) {
		if (report->rows[i] == NULL)
			continue;
		tables[count] = table_new(report_questions[i].name, i == REPORT_FIGURES ? TABLE_RECORD : TABLE_ROWS,
		    report->columns[i], db_rows_columns(report->rows[i]));
		ctl_add_rows(tables[count++], report->rows[i]);
	}
	table_print(file, true, tables, count);
	while (count > 0)
		table_free(tables[--count]);
}

/* By RFC 4180; what a spreadsheet would take for a formula becomes text. */
static void
write_csv_cell(FILE *file, const char *cell, enum column_type type)
{
	if (cell == NULL)
		return;
	if (type != COLUMN_TEXT || strpbrk(cell, "\",\r\n=+-@\t") == NULL) {
		fputs(cell, file);
		return;
	}
	putc('"', file);
	if (strchr("=+-@\t\r\n", *cell) != NULL)
		putc('\'', file);
	for (; *cell != '\0'; cell++) {
		if (*cell == '"')
			putc('"', file);
		putc(*cell, file);
	}
	putc('"', file);
}

static const char *
csv_cell(const struct report *report, enum report_part part, int row, int column)
{
	const char *cell = db_rows_text(report->rows[part], row, column);

	return cell != NULL && report_has_words(report->columns[part][column].name) ? report_word(report, cell) : cell;
}

/* Without a byte order mark, a spreadsheet in China takes the words for GBK. */
static void
write_csv(FILE *file, const struct report *report)
{
	if (report->chinese)
		fputs("\uFEFF", file);
	for (int i = 0; i < REPORT_PARTS; i++) {
		const struct column *columns = report->columns[i];
		int count = db_rows_columns(report->rows[i]);

		if (report->rows[i] == NULL)
			continue;
		if (i > 0)
			fputs("\r\n", file);
		for (int j = 0; j < count; j++)
			fprintf(file, "%s%s", j > 0 ? "," : "", report_word(report, columns[j].name));
		fputs("\r\n", file);
		for (int row = 0; row < db_rows_count(report->rows[i]); row++) {
			for (int j = 0; j < count; j++) {
				fputs(j > 0 ? "," : "", file);
				write_csv_cell(file, csv_cell(report, i, row, j), columns[j].type);
			}
			fputs("\r\n", file);
		}
	}
}

/* --- the command ------------------------------------------------------------------------------------------- */

static int
terminal_width(FILE *file)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	int width = columns != NULL ? atoi(columns) : 0;

	if (width <= 0 && ioctl(fileno(file), TIOCGWINSZ, &size) == 0)
		width = size.ws_col;
	if (width <= 0)
		width = WIDTH_DEFAULT;
	return width < WIDTH_MIN ? WIDTH_MIN : width;
}

static void
write_text(FILE *file, const struct report *report)
{
	report_write_text(file, report, terminal_width(file));
}

static const struct format {
	const char *name;
	void      (*write)(FILE *file, const struct report *report);
} formats[] = { { "text", write_text }, { "csv", write_csv }, { "json", write_json }, { "html", report_write_html } };

/* NULL when there is none of that name. */
static const struct format *
find_format(const struct ctl *ctl)
{
	const char *name = ctl_option(ctl, "format");

	if (name == NULL)
		name = ctl->json ? "json" : "text";
	for (int i = 0; i < ELEMENTS(formats); i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

/*
 * Under another name first, so that whoever reads the file finds it whole; but a device, a pipe or a link as it
 * is: /dev/stdout is a link, perhaps to a file.
 */
static bool
write_file(const char *path, const struct report *report, const struct format *format)
{
	size_t size = strlen(path) + sizeof ".XXXXXX";
	char *beside = memory_alloc(size);
	struct stat there;
	bool replaced = lstat(path, &there) != 0 || S_ISREG(there.st_mode), written;
	int descriptor;
	FILE *file;

	snprintf(beside, size, replaced ? "%s.XXXXXX" : "%s", path);
	descriptor = replaced ? mkstemp(beside) : open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	file = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
	if (file != NULL)
		format->write(file, report);
	written = file != NULL && !ferror(file) && fflush(file) == 0 && (!replaced || rename(beside, path) == 0);
	if (!written) {
		log_error("%s: %s", path, strerror(errno));
		if (descriptor >= 0 && replaced)
			unlink(beside);
	}
	if (file != NULL)
		fclose(file);
	memory_free(beside);
	return written;
}

/* False, logged, when an option makes no sense. */
static bool
has_good_options(const struct ctl *ctl)
{
	const char *since = ctl_option(ctl, "since"), *until = ctl_option(ctl, "until");
	int64_t vdn;

	if (!ctl_is_day_option(ctl, "since") || !ctl_is_day_option(ctl, "until") ||
	    !ctl_number_option(ctl, "vdn", 0, INT32_MIN, INT32_MAX, &vdn))
		return false;
	if (since == NULL || until == NULL || strcmp(since, until) <= 0)
		return true;
	ctl_usage_error(ctl, "--since is after --until");
	return false;
}

int
cmd_report(struct ctl *ctl)
{
	const char *campaigns = ctl_option(ctl, "campaign"), *path = ctl_option(ctl, "o");
	const char *lang = ctl_option(ctl, "lang");
	char *array = campaigns != NULL ? campaign_array(campaigns) : NULL, *span = NULL;
	const char *const parameters[PARAMETERS] = { array, ctl_option(ctl, "vdn"), ctl_option(ctl, "since"),
		ctl_option(ctl, "until"), lang };
	struct report report = { .chinese = lang != NULL && strcmp(lang, "zh") == 0 };
	const struct format *format = find_format(ctl);
	int status = CTL_WRONG;

	if (format == NULL) {
		status = ctl_usage_error(ctl, "--format needs text, csv, json or html");
	} else if (lang != NULL && !report.chinese && strcmp(lang, "en") != 0) {
		status = ctl_usage_error(ctl, "--lang needs en or zh");
	} else if (!has_good_options(ctl)) {
		status = CTL_USAGE;
	} else if (ask(ctl, &report, parameters)) {
		report.span = span = write_span(ctl, &report);
		if (path == NULL)
			format->write(stdout, &report);
		if (path == NULL || write_file(path, &report, format))
			status = CTL_FINE;
	}
	for (int i = 0; i < REPORT_PARTS; i++)
		db_rows_free(report.rows[i]);
	memory_free(array);
	memory_free(span);
	return status;
}
