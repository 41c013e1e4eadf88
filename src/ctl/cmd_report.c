/* callresultctl report: how campaigns went, as text, CSV, JSON, or a page that stands alone. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "ctl/commands.h"
#include "ctl/report.h"

enum { WIDTH_DEFAULT = 80, WIDTH_MIN = 40, PARAMETERS = 5 };

const struct report_question report_questions[REPORT_PARTS] = {
	[REPORT_FIGURES] = { "figures", "At a glance", {
	    { "calls", COLUMN_NUMBER }, { "answered", COLUMN_NUMBER }, { "failed", COLUMN_NUMBER },
	    { "answer_rate", COLUMN_NUMBER }, { "abandoned", COLUMN_NUMBER }, { "abandon_rate", COLUMN_NUMBER },
	    { "first_day", COLUMN_TEXT }, { "last_day", COLUMN_TEXT } }, 8 },
	[REPORT_DAYS] = { "days", "By day", {
	    { "day", COLUMN_TEXT }, { "calls", COLUMN_NUMBER }, { "answered", COLUMN_NUMBER },
	    { "failed", COLUMN_NUMBER }, { "answer_rate", COLUMN_NUMBER } }, 5 },
	[REPORT_HOURS] = { "hours", "When people answer", {
	    { "weekday", COLUMN_NUMBER }, { "hour", COLUMN_NUMBER }, { "calls", COLUMN_NUMBER },
	    { "answered", COLUMN_NUMBER }, { "answer_rate", COLUMN_NUMBER } }, 5 },
	[REPORT_CAUSES] = { "causes", "Why calls fail", {
	    { "category", COLUMN_TEXT }, { "code", COLUMN_TEXT }, { "cause", COLUMN_TEXT }, { "calls", COLUMN_NUMBER },
	    { "share", COLUMN_NUMBER } }, 5 },
	[REPORT_CAMPAIGNS] = { "campaigns", "Campaigns", {
	    { "campaign_id", COLUMN_TEXT }, { "campaign", COLUMN_TEXT }, { "calls", COLUMN_NUMBER },
	    { "answered", COLUMN_NUMBER }, { "failed", COLUMN_NUMBER }, { "answer_rate", COLUMN_NUMBER },
	    { "first_day", COLUMN_TEXT }, { "last_day", COLUMN_TEXT } }, 8 },
	[REPORT_DELIVERY] = { "delivery", "How results arrived, all campaigns", {
	    { "day", COLUMN_TEXT }, { "pushes", COLUMN_NUMBER }, { "records", COLUMN_NUMBER },
	    { "duplicates", COLUMN_NUMBER }, { "quarantined", COLUMN_NUMBER }, { "spooled", COLUMN_NUMBER },
	    { "lag_seconds", COLUMN_NUMBER }, { "late", COLUMN_NUMBER }, { "late_by_seconds", COLUMN_NUMBER } }, 9 },
	[REPORT_SOURCES] = { "sources", "Pushes by source, all campaigns", {
	    { "source", COLUMN_TEXT }, { "pushes", COLUMN_NUMBER }, { "records", COLUMN_NUMBER },
	    { "duplicates", COLUMN_NUMBER }, { "quarantined", COLUMN_NUMBER }, { "spooled", COLUMN_NUMBER },
	    { "late", COLUMN_NUMBER }, { "late_by_seconds", COLUMN_NUMBER } }, 8 },
	[REPORT_NUMBERS] = { "numbers", "Numbers to call again", {
	    { "campaign_id", COLUMN_TEXT }, { "called", COLUMN_TEXT }, { "attempts", COLUMN_NUMBER },
	    { "last_call", COLUMN_TEXT }, { "cause", COLUMN_TEXT }, { "redial", COLUMN_TEXT } }, 6 },
};

/* $1: campaigns, $2: virtual call centre, $3 and $4: first and last day; each NULL for all; $5: language of causes. */
#define OF_CAMPAIGN "($1::text[] IS NULL OR campaign_id = ANY ($1::text[])) AND ($2::integer IS NULL OR vdn_id = $2::integer)"
#define OF_DAY(day) "($3::date IS NULL OR " day " >= $3::date) AND ($4::date IS NULL OR " day " <= $4::date)"
#define RATE(part, whole) "round(" part "::numeric / nullif(" whole ", 0), 4)"

/* A setting of the session would stay behind in PgBouncer, whose next client would get it. */
#define CAUSE(code, english) "coalesce((SELECT x.description FROM callresult.failure_text x WHERE x.code = " code \
	" AND x.lang = $5), " english ")"

static const char *const queries[REPORT_PARTS] = {
	[REPORT_FIGURES] = "SELECT calls, answered, failed, " RATE("answered", "calls") ", abandoned,"
	    " " RATE("abandoned", "(answered + abandoned)") ", first_day, last_day FROM (SELECT coalesce(sum(calls), 0) AS calls,"
	    " coalesce(sum(calls) FILTER (WHERE call_status = 6), 0) AS answered,"
	    " coalesce(sum(calls) FILTER (WHERE call_status = 5), 0) AS failed,"
	    " coalesce(sum(calls) FILTER (WHERE cause_code IN (SELECT code FROM callresult.failure_code WHERE abandoned)), 0)"
	    " AS abandoned, min(hour)::date AS first_day, max(hour)::date AS last_day"
	    " FROM callresult.call_tally WHERE " OF_CAMPAIGN " AND " OF_DAY("hour::date") ") f",
	[REPORT_DAYS] = "SELECT day, sum(calls), sum(answered), sum(failed), " RATE("sum(answered)", "sum(calls)")
	    " FROM callresult.campaign_daily WHERE day IS NOT NULL AND " OF_CAMPAIGN " AND " OF_DAY("day")
	    " GROUP BY day ORDER BY day",
	[REPORT_HOURS] = "SELECT extract(isodow FROM hour)::integer, extract(hour FROM hour)::integer, sum(calls), sum(answered),"
	    " " RATE("sum(answered)", "sum(calls)") " FROM callresult.campaign_hourly WHERE hour IS NOT NULL AND " OF_CAMPAIGN
	    " AND " OF_DAY("hour::date") " GROUP BY 1, 2 ORDER BY 1, 2",
	[REPORT_CAUSES] = "SELECT coalesce(c.category, 'Others'), t.cause_code, " CAUSE("t.cause_code", "c.description") ", t.calls,"
	    " round(t.calls / nullif(sum(t.calls) OVER (), 0), 4) FROM (SELECT cause_code, sum(calls) AS calls"
	    " FROM callresult.call_tally WHERE call_status = 5 AND " OF_CAMPAIGN " AND " OF_DAY("hour::date")
	    " GROUP BY cause_code) t LEFT JOIN callresult.failure_code c ON c.code = t.cause_code ORDER BY t.calls DESC, 2",
	[REPORT_CAMPAIGNS] = "SELECT d.campaign_id, n.name, sum(calls), sum(answered), sum(failed),"
	    " " RATE("sum(answered)", "sum(calls)") ", min(day), max(day) FROM callresult.campaign_daily d"
	    " LEFT JOIN callresult.campaign n ON n.campaign_id = d.campaign_id WHERE ($1::text[] IS NULL OR d.campaign_id = ANY ($1::text[]))"
	    " AND ($2::integer IS NULL OR d.vdn_id = $2::integer) AND " OF_DAY("day")
	    " GROUP BY d.campaign_id, n.name ORDER BY sum(calls) DESC, d.campaign_id",
	[REPORT_DELIVERY] = "SELECT hour::date, sum(pushes), sum(records), sum(duplicates), sum(quarantined), sum(spooled),"
	    " round(sum(lag * records) / nullif(sum(records) FILTER (WHERE lag IS NOT NULL), 0), 1), sum(late),"
	    " max(late_by)"
	    " FROM callresult.delivery_health WHERE $1::text[] IS NOT DISTINCT FROM $1 AND $2::integer IS NOT DISTINCT FROM $2"
	    " AND " OF_DAY("hour::date") " GROUP BY 1 ORDER BY 1",
	[REPORT_SOURCES] = "SELECT source, sum(pushes), sum(records), sum(duplicates), sum(quarantined), sum(spooled), sum(late),"
	    " max(late_by)"
	    " FROM callresult.delivery_health WHERE $1::text[] IS NOT DISTINCT FROM $1 AND $2::integer IS NOT DISTINCT FROM $2"
	    " AND " OF_DAY("hour::date") " GROUP BY 1 ORDER BY 1",
	[REPORT_NUMBERS] = "SELECT campaign_id, called, attempts, last_call, " CAUSE("r.code", "r.cause") ", redial FROM callresult.redial_candidates r"
	    " WHERE " OF_CAMPAIGN " AND " OF_DAY("last_call::date") " ORDER BY campaign_id, last_call DESC, called",
};

const char *const report_weekdays[REPORT_WEEKDAYS] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };

/* --- cells ------------------------------------------------------------------------------------------------- */

static bool
is_rate(const char *column)
{
	size_t length = strlen(column);

	return strcmp(column, "share") == 0 || (length > 5 && strcmp(column + length - 5, "_rate") == 0);
}

bool
report_has_words(enum report_part part, int column)
{
	const char *name = report_questions[part].columns[column].name;

	return strcmp(name, "category") == 0 || strcmp(name, "redial") == 0;
}

double
report_number(const struct report *report, enum report_part part, int row, int column)
{
	const char *cell = db_rows_text(report->rows[part], row, column);

	return cell != NULL ? strtod(cell, NULL) : 0;
}

double
report_largest(const struct report *report, enum report_part part, int column)
{
	double most = 0;

	for (int row = 0; row < db_rows_count(report->rows[part]); row++)
		if (report_number(report, part, row, column) > most)
			most = report_number(report, part, row, column);
	return most;
}

/* 1234567 as 1,234,567. */
static const char *
group_digits(const char *number, char text[REPORT_CELL_SIZE])
{
	size_t digits = strspn(number, "0123456789"), used = 0;

	if (strlen(number) + digits / 3 >= REPORT_CELL_SIZE)
		return number;
	for (size_t i = 0; i < digits; i++) {
		if (i > 0 && (digits - i) % 3 == 0)
			text[used++] = ',';
		text[used++] = number[i];
	}
	strcpy(text + used, number + digits);
	return text;
}

const char *
report_cell(const struct report *report, enum report_part part, int row, int column, char text[REPORT_CELL_SIZE])
{
	const char *cell = db_rows_text(report->rows[part], row, column);

	if (cell == NULL)
		return "-";
	if (report_has_words(part, column))
		return report_word(report, cell);
	if (report_questions[part].columns[column].type != COLUMN_NUMBER)
		return cell;
	if (!is_rate(report_questions[part].columns[column].name))
		return group_digits(cell, text);
	snprintf(text, REPORT_CELL_SIZE, "%.1f %%", 100 * strtod(cell, NULL));
	return text;
}

/* --- asking ------------------------------------------------------------------------------------------------ */

/* The campaigns, a line each, as an array of PostgreSQL; memory_free frees it. */
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

/* False, logged, when the database could not be asked. */
static bool
ask(struct ctl *ctl, struct report *report, const char *const parameters[PARAMETERS])
{
	for (int i = 0; i < REPORT_PARTS; i++) {
		if (i == REPORT_NUMBERS && ctl_option(ctl, "numbers") == NULL)
			continue;
		/* the server wants no parameter that a query has not */
		report->rows[i] = ctl_query(ctl->db, queries[i], parameters, PARAMETERS - (strstr(queries[i], "$5") == NULL));
		if (report->rows[i] == NULL)
			return false;
	}
	return true;
}

static void
write_span(char *text, size_t size, const struct ctl *ctl, const struct report *report)
{
	const char *campaigns = ctl_option(ctl, "campaign"), *vdn = ctl_option(ctl, "vdn");
	char first[REPORT_CELL_SIZE], last[REPORT_CELL_SIZE];

	snprintf(text, size, report_word(report, "%s%s%s%s, calls of %s to %s"),
	    report_word(report, campaigns == NULL ? "all campaigns" :
	    strchr(campaigns, '\n') != NULL ? "campaigns " : "campaign "), campaigns != NULL ? campaigns : "",
	    vdn != NULL ? report_word(report, ", virtual call centre ") : "", vdn != NULL ? vdn : "",
	    report_cell(report, REPORT_FIGURES, 0, FIGURE_FIRST, first), report_cell(report, REPORT_FIGURES, 0, FIGURE_LAST, last));
	for (; *text != '\0'; text++)
		if (*text == '\n')
			*text = ' ';
}

/* --- forms for programs ------------------------------------------------------------------------------------ */

static void
write_json(FILE *file, const struct report *report)
{
	struct table *tables[REPORT_PARTS];
	int count = 0;

	for (int i = 0; i < REPORT_PARTS; i++) {
		const struct report_question *question = &report_questions[i];

		if (report->rows[i] == NULL)
			continue;
		tables[count] = table_new(question->name, i == REPORT_FIGURES ? TABLE_RECORD : TABLE_ROWS, question->columns,
		    question->count);
		ctl_add_rows(tables[count++], report->rows[i]);
	}
	table_print(file, true, tables, count);
	while (count > 0)
		table_free(tables[--count]);
}

/* RFC 4180; what a spreadsheet would take for a formula is made text. */
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
	if (strchr("=+-@\t", *cell) != NULL)
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

	return cell != NULL && report_has_words(part, column) ? report_word(report, cell) : cell;
}

/* Without the mark, a spreadsheet in China takes the words for GBK. */
static void
write_csv(FILE *file, const struct report *report)
{
	if (report->chinese)
		fputs("\uFEFF", file);
	for (int i = 0; i < REPORT_PARTS; i++) {
		const struct report_question *question = &report_questions[i];

		if (report->rows[i] == NULL)
			continue;
		if (i > 0)
			fputs("\r\n", file);
		for (int j = 0; j < question->count; j++)
			fprintf(file, "%s%s", j > 0 ? "," : "", report_word(report, question->columns[j].name));
		fputs("\r\n", file);
		for (int row = 0; row < db_rows_count(report->rows[i]); row++) {
			for (int j = 0; j < question->count; j++) {
				fputs(j > 0 ? "," : "", file);
				write_csv_cell(file, csv_cell(report, i, row, j), question->columns[j].type);
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
write_report(FILE *file, const struct report *report, const char *format)
{
	if (strcmp(format, "html") == 0)
		report_write_html(file, report);
	else if (strcmp(format, "json") == 0)
		write_json(file, report);
	else if (strcmp(format, "csv") == 0)
		write_csv(file, report);
	else
		report_write_text(file, report, terminal_width(file));
}

/* Written beside it first, so that whoever reads the file finds it whole. */
static bool
write_file(const char *path, const struct report *report, const char *format)
{
	size_t size = strlen(path) + sizeof ".XXXXXX";
	char *beside = memory_alloc(size);
	int descriptor;
	FILE *file;
	bool written;

	snprintf(beside, size, "%s.XXXXXX", path);
	descriptor = mkstemp(beside);
	file = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
	if (file != NULL)
		write_report(file, report, format);
	written = file != NULL && !ferror(file) && fflush(file) == 0 && rename(beside, path) == 0;
	if (!written) {
		log_error("%s: %s", path, strerror(errno));
		if (descriptor >= 0)
			unlink(beside);
	}
	if (file != NULL)
		fclose(file);
	memory_free(beside);
	return written;
}

static const char *
read_format(struct ctl *ctl)
{
	static const char *const formats[] = { "text", "csv", "json", "html" };
	const char *format = ctl_option(ctl, "format");

	if (format == NULL)
		return ctl->json ? "json" : "text";
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (strcmp(formats[i], format) == 0)
			return format;
	ctl_usage_error(ctl, "--format needs text, csv, json or html");
	return NULL;
}

int
report_run(struct ctl *ctl)
{
	const char *campaigns = ctl_option(ctl, "campaign"), *path = ctl_option(ctl, "o"), *format = read_format(ctl);
	const char *lang = ctl_option(ctl, "lang");
	char *array = campaigns != NULL ? campaign_array(campaigns) : NULL;
	const char *const parameters[PARAMETERS] = { array, ctl_option(ctl, "vdn"), ctl_option(ctl, "since"),
		ctl_option(ctl, "until"), lang };
	struct report report = { .chinese = lang != NULL && strcmp(lang, "zh") == 0 };
	char span[512];
	bool done = false;

	if (format != NULL && lang != NULL && !report.chinese && strcmp(lang, "en") != 0) {
		ctl_usage_error(ctl, "--lang needs en or zh");
		format = NULL;
	}
	if (format == NULL) {
		memory_free(array);
		return CTL_USAGE;
	}
	report.title = report_word(&report, "Call results");
	if (ask(ctl, &report, parameters)) {
		write_span(span, sizeof span, ctl, &report);
		report.span = span;
		done = path == NULL || write_file(path, &report, format);
		if (path == NULL)
			write_report(stdout, &report, format);
	}
	for (int i = 0; i < REPORT_PARTS; i++)
		db_rows_free(report.rows[i]);
	memory_free(array);
	return done ? CTL_FINE : CTL_WRONG;
}
