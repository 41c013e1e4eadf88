/* The queries of a report, and the cells of their answers. */
#include "ctl/report.h"

#include <stdlib.h>
#include <string.h>

/* $1: campaigns, $2: virtual call centre, $3 and $4: first and last day; each NULL for all; $5: language of causes. */
#define OF_CAMPAIGN "($1::text[] IS NULL OR campaign_id = ANY ($1::text[]))" \
	" AND ($2::integer IS NULL OR vdn_id = $2::integer)"
#define OF_DAY(day) "($3::date IS NULL OR " day " >= $3::date) AND ($4::date IS NULL OR " day " <= $4::date)"
#define SUM(column) "sum(" column ") AS " column
#define LATENESS SUM("late") ", max(late_by) AS late_by_seconds"
#define RATE(part, whole) "round(" part "::numeric / nullif(" whole ", 0), 4)"

/* Not by callresult.lang: a setting of the session would stay in PgBouncer, for its next client. */
#define CAUSE(code, english) "coalesce((SELECT x.description FROM callresult.failure_text x WHERE x.code = " code \
	" AND x.lang = $5), " english ") AS cause"

/* For a query without these parameters: the server wants to know their types. */
#define OF_ALL "$1::text[] IS NOT DISTINCT FROM $1 AND $2::integer IS NOT DISTINCT FROM $2"

const struct report_question report_questions[REPORT_PARTS] = {
	[REPORT_FIGURES] = { "figures", "At a glance",
	    "SELECT calls, answered, failed, " RATE("answered", "calls") " AS answer_rate, abandoned,"
	    " " RATE("abandoned", "(answered + abandoned)") " AS abandon_rate, first_day, last_day FROM ("
	    "SELECT coalesce(sum(calls), 0) AS calls,"
	    " coalesce(sum(calls) FILTER (WHERE call_status = 6), 0) AS answered,"
	    " coalesce(sum(calls) FILTER (WHERE call_status = 5), 0) AS failed,"
	    " coalesce(sum(calls) FILTER (WHERE cause_code IN"
	    "  (SELECT code FROM callresult.failure_code WHERE abandoned)), 0) AS abandoned,"
	    " min(hour)::date AS first_day, max(hour)::date AS last_day"
	    " FROM callresult.call_tally WHERE " OF_CAMPAIGN " AND " OF_DAY("hour::date") ") f" },
	[REPORT_DAYS] = { "days", "By day",
	    "SELECT day, " SUM("calls") ", " SUM("answered") ", " SUM("failed") ","
	    " " RATE("sum(answered)", "sum(calls)") " AS answer_rate FROM callresult.campaign_daily"
	    " WHERE day IS NOT NULL AND " OF_CAMPAIGN " AND " OF_DAY("day") " GROUP BY day ORDER BY day" },
	[REPORT_HOURS] = { "hours", "When people answer",
	    "SELECT extract(isodow FROM hour)::integer AS weekday, extract(hour FROM hour)::integer AS hour,"
	    " " SUM("calls") ", " SUM("answered") ", " RATE("sum(answered)", "sum(calls)") " AS answer_rate"
	    " FROM callresult.campaign_hourly WHERE hour IS NOT NULL AND " OF_CAMPAIGN " AND " OF_DAY("hour::date")
	    " GROUP BY 1, 2 ORDER BY 1, 2" },
	[REPORT_CAUSES] = { "causes", "Why calls fail",
	    "SELECT coalesce(c.category, 'Others') AS category, t.cause_code AS code,"
	    " " CAUSE("t.cause_code", "c.description") ", t.calls,"
	    " round(t.calls / nullif(sum(t.calls) OVER (), 0), 4) AS share FROM (SELECT cause_code, " SUM("calls")
	    " FROM callresult.call_tally WHERE call_status = 5 AND " OF_CAMPAIGN " AND " OF_DAY("hour::date")
	    " GROUP BY cause_code) t LEFT JOIN callresult.failure_code c ON c.code = t.cause_code"
	    " ORDER BY t.calls DESC, 2" },
	[REPORT_CAMPAIGNS] = { "campaigns", "Campaigns",
	    "SELECT d.campaign_id, n.name AS campaign, " SUM("calls") ", " SUM("answered") ", " SUM("failed") ","
	    " " RATE("sum(answered)", "sum(calls)") " AS answer_rate, min(day) AS first_day, max(day) AS last_day"
	    " FROM callresult.campaign_daily d LEFT JOIN callresult.campaign n ON n.campaign_id = d.campaign_id"
	    " WHERE ($1::text[] IS NULL OR d.campaign_id = ANY ($1::text[]))"
	    " AND ($2::integer IS NULL OR d.vdn_id = $2::integer) AND " OF_DAY("day")
	    " GROUP BY d.campaign_id, n.name ORDER BY sum(calls) DESC, d.campaign_id" },
	[REPORT_DELIVERY] = { "delivery", "How results arrived, all campaigns",
	    "SELECT hour::date AS day, " SUM("pushes") ", " SUM("records") ", " SUM("duplicates") ","
	    " " SUM("quarantined") ", " SUM("spooled") ", round(sum(lag * records)"
	    " / nullif(sum(records) FILTER (WHERE lag IS NOT NULL), 0), 1) AS lag_seconds, " LATENESS
	    " FROM callresult.delivery_health WHERE " OF_ALL " AND " OF_DAY("hour::date") " GROUP BY 1 ORDER BY 1" },
	[REPORT_SOURCES] = { "sources", "Pushes by source, all campaigns",
	    "SELECT source, " SUM("pushes") ", " SUM("records") ", " SUM("duplicates") ", " SUM("quarantined") ","
	    " " SUM("spooled") ", " LATENESS " FROM callresult.delivery_health WHERE " OF_ALL
	    " AND " OF_DAY("hour::date") " GROUP BY 1 ORDER BY 1" },
	[REPORT_NUMBERS] = { "numbers", "Numbers to call again",
	    "SELECT campaign_id, called, attempts, last_call, " CAUSE("r.code", "r.cause") ", redial"
	    " FROM callresult.redial_candidates r WHERE " OF_CAMPAIGN " AND " OF_DAY("last_call::date")
	    " ORDER BY campaign_id, last_call DESC, called" },
};

const char *const report_weekdays[REPORT_WEEKDAYS] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };

void
report_set_answer(struct report *report, enum report_part part, struct db_rows *rows)
{
	report->rows[part] = rows;
	for (int i = 0; i < db_rows_columns(rows); i++)
		report->columns[part][i] = (struct column){ db_rows_name(rows, i),
			db_rows_is_number(rows, i) ? COLUMN_NUMBER : COLUMN_TEXT };
}

static bool
is_rate(const char *column)
{
	size_t length = strlen(column);

	return strcmp(column, "share") == 0 || (length > 5 && strcmp(column + length - 5, "_rate") == 0);
}

bool
report_has_words(const char *column)
{
	return strcmp(column, "category") == 0 || strcmp(column, "redial") == 0;
}

static int
column_of(const struct report *report, enum report_part part, const char *column)
{
	int index = 0;

	while (!report_is_word(report->columns[part][index].name, column))
		index++;
	return index;
}

double
report_number(const struct report *report, enum report_part part, int row, const char *column)
{
	const char *cell = db_rows_text(report->rows[part], row, column_of(report, part, column));

	return cell != NULL ? strtod(cell, NULL) : 0;
}

double
report_largest(const struct report *report, enum report_part part, const char *column)
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
report_count(double number, char text[REPORT_CELL_SIZE])
{
	char digits[REPORT_CELL_SIZE];

	snprintf(digits, sizeof digits, "%.0f", number);
	return group_digits(digits, text);
}

const char *
report_cell(const struct report *report, enum report_part part, int row, const char *column,
    char text[REPORT_CELL_SIZE])
{
	int index = column_of(report, part, column);
	const char *cell = db_rows_text(report->rows[part], row, index);

	if (cell == NULL)
		return "-";
	if (report_has_words(column))
		return report_word(report, cell);
	if (report->columns[part][index].type != COLUMN_NUMBER)
		return cell;
	if (!is_rate(report->columns[part][index].name))
		return group_digits(cell, text);
	snprintf(text, REPORT_CELL_SIZE, "%.1f %%", 100 * strtod(cell, NULL));
	return text;
}
