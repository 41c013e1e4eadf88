/* A report as a self-contained page.  What a picture shows is in a table too, for those who cannot see it. */
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "ctl/report.h"

enum { HOURS = 24, CELL = 26, CELL_GAP = 2, LEFT = 64, TOP = 18, PLOT_WIDTH = 700, PLOT_HEIGHT = 180,
	DATE_WIDTH = 120 };

static const char style[] =
    ":root{color-scheme:light dark;--ink:#1c2733;--dim:#5b6875;--line:#dde3e8;--page:#fff;--card:#f5f7f9;"
    "--yes:#1f7a45;--no:#b9c3cc}\n"
    "@media screen and (prefers-color-scheme:dark){:root{--ink:#e4eaf0;--dim:#9aa8b5;--line:#2d3945;--page:#11171d;"
    "--card:#19222b;--yes:#4fb37a;--no:#435261}}\n"
    "*{box-sizing:border-box}body{margin:0 auto;max-width:60rem;padding:1.5rem 1rem 3rem;background:var(--page);"
    "color:var(--ink);font:16px/1.5 system-ui,sans-serif}\n"
    "h1{font-size:1.6rem;margin:0}h2{font-size:1.15rem;margin:2.2rem 0 .6rem}p{margin:.2rem 0;color:var(--dim)}\n"
    "dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(7rem,1fr));gap:.7rem;margin:1.2rem 0}\n"
    "dl div{background:var(--card);border-radius:.5rem;padding:.7rem}dt{color:var(--dim);font-size:.82rem}\n"
    "dd{margin:0;font-size:1.45rem;font-variant-numeric:tabular-nums}\n"
    "svg{display:block;width:100%;min-width:32rem;height:auto}"
    "svg text{fill:var(--dim);font:12px system-ui,sans-serif}\n"
    ".yes{fill:var(--yes)}.no{fill:var(--no)}.grid{stroke:var(--line)}.none{fill:var(--card)}\n"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.92rem}\n"
    "th,td{padding:.35rem .45rem;border-bottom:1px solid var(--line);text-align:left;white-space:nowrap}\n"
    "th{color:var(--dim);font-weight:500}th::first-letter{text-transform:uppercase}"
    "td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}\n"
    "td.cause,td.category,td.campaign,td.campaign_id{white-space:normal;overflow-wrap:anywhere;min-width:6rem}\n"
    "summary{cursor:pointer;color:var(--dim);margin-top:.4rem}\n"
    "td.bar{min-width:7rem}td.bar i{display:block;height:.7rem;border-radius:.2rem;background:var(--yes)}\n"
    "@media(max-width:40rem){.bar,.category,.first_day,.last_day{display:none}}\n"
    "@media print{:root{color-scheme:light}body{max-width:none;padding:0;print-color-adjust:exact}"
    "h2{break-after:avoid}svg{min-width:0}svg,tr{break-inside:avoid}.scroll{overflow:visible}}\n";

/* What is in the database came from a sender. */
static void
write_escaped(FILE *file, const char *text)
{
	for (; *text != '\0'; text++)
		switch (*text) {
		case '&': fputs("&amp;", file); break;
		case '<': fputs("&lt;", file); break;
		case '>': fputs("&gt;", file); break;
		case '"': fputs("&quot;", file); break;
		default:
			if ((unsigned char)*text < ' ')
				fputs("\uFFFD", file);     /* no page may contain it */
			else
				putc(*text, file);
		}
}

/* --- tables ------------------------------------------------------------------------------------------------ */

/* By which the style knows a column. */
static const char *
cell_class(const struct column *column)
{
	return column->type == COLUMN_NUMBER ? "n" : column->name;
}

/* bar: the column whose share is drawn too, or NULL. */
static void
write_table(FILE *file, const struct report *report, enum report_part part, const char *bar)
{
	const struct column *columns = report->columns[part];
	int count = db_rows_columns(report->rows[part]);
	char text[REPORT_CELL_SIZE];

	fputs("<div class=\"scroll\"><table><thead><tr>", file);
	for (int i = 0; i < count; i++) {
		fprintf(file, "<th scope=\"col\" class=\"%s\">", cell_class(&columns[i]));
		table_print_title(file, report_word(report, columns[i].name));
		fputs("</th>", file);
	}
	fputs(bar != NULL ? "<th class=\"bar\" aria-hidden=\"true\"></th>" : "", file);
	fputs("</tr></thead><tbody>\n", file);
	for (int row = 0; row < db_rows_count(report->rows[part]); row++) {
		fputs("<tr>", file);
		for (int i = 0; i < count; i++) {
			fprintf(file, "<td class=\"%s\">", cell_class(&columns[i]));
			write_escaped(file, report_cell(report, part, row, columns[i].name, text));
			fputs("</td>", file);
		}
		if (bar != NULL)
			fprintf(file, "<td class=\"bar\" aria-hidden=\"true\"><i style=\"width:%.1f%%\"></i></td>",
			    100 * report_number(report, part, row, bar));
		fputs("</tr>\n", file);
	}
	fputs("</tbody></table></div>\n", file);
}

static void
write_folded_table(FILE *file, const struct report *report, enum report_part part)
{
	fprintf(file, "<details><summary>%s</summary>\n", report_word(report, "The figures"));
	write_table(file, report, part, NULL);
	fputs("</details>\n", file);
}

/* --- pictures ---------------------------------------------------------------------------------------------- */

static void
write_figures(FILE *file, const struct report *report)
{
	static const char *const figures[] = { "Calls", "Answered", "Answer rate", "Failed", "Abandoned",
		"Abandon rate" };
	char text[REPORT_CELL_SIZE];

	fputs("<dl>", file);
	for (int i = 0; i < ELEMENTS(figures); i++)
		fprintf(file, "<div><dt>%s</dt><dd>%s</dd></div>", report_word(report, figures[i]),
		    report_cell(report, REPORT_FIGURES, 0, figures[i], text));
	fputs("</dl>\n", file);
}

/* A bar a day: the answered calls below, the others above. */
static void
write_day(FILE *file, const struct report *report, int row, double most, double step)
{
	double x = LEFT + row * step, width = step > 3 ? step - 1 : step;
	double calls = PLOT_HEIGHT * report_number(report, REPORT_DAYS, row, "calls") / most;
	double answered = PLOT_HEIGHT * report_number(report, REPORT_DAYS, row, "answered") / most;
	char text[4][REPORT_CELL_SIZE];

	fputs("<g><title>", file);
	fprintf(file, report_word(report, "%s: %s calls, %s answered (%s)"),
	    report_cell(report, REPORT_DAYS, row, "day", text[0]),
	    report_cell(report, REPORT_DAYS, row, "calls", text[1]),
	    report_cell(report, REPORT_DAYS, row, "answered", text[2]),
	    report_cell(report, REPORT_DAYS, row, "answer_rate", text[3]));
	fprintf(file, "</title><rect class=\"no\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>"
	    "<rect class=\"yes\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/></g>\n",
	    x, TOP + PLOT_HEIGHT - calls, width, calls - answered,
	    x, TOP + PLOT_HEIGHT - answered, width, answered);
}

/* Below the first bar, the last one, and some between them. */
static void
write_dates(FILE *file, const struct report *report, int count, double step)
{
	int last = count - 1, parts = (int)(last * step / DATE_WIDTH);
	char text[REPORT_CELL_SIZE];

	fprintf(file, "<text x=\"%d\" y=\"%d\">%s</text>", LEFT, TOP + PLOT_HEIGHT + 18,
	    report_cell(report, REPORT_DAYS, 0, "day", text));
	for (int i = 1; i < parts; i++)
		fprintf(file, "<text x=\"%.0f\" y=\"%d\" text-anchor=\"middle\">%s</text>",
		    LEFT + (i * last / parts + 0.5) * step, TOP + PLOT_HEIGHT + 18,
		    report_cell(report, REPORT_DAYS, i * last / parts, "day", text));
	if (last > 0)
		fprintf(file, "<text x=\"%.0f\" y=\"%d\" text-anchor=\"end\">%s</text>",
		    LEFT + (count < 4 ? 4 : count) * step, TOP + PLOT_HEIGHT + 18,
		    report_cell(report, REPORT_DAYS, last, "day", text));
}

static void
write_days(FILE *file, const struct report *report)
{
	int count = db_rows_count(report->rows[REPORT_DAYS]);
	double most = report_largest(report, REPORT_DAYS, "calls");
	double step = (double)PLOT_WIDTH / (count > 14 ? count : 14);
	char text[REPORT_CELL_SIZE];

	fprintf(file, "<div class=\"scroll\"><svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n",
	    LEFT + PLOT_WIDTH + 6, TOP + PLOT_HEIGHT + 24, report_word(report, "Calls by day, answered and not"));
	/* half a call is no number of calls: where the most is odd, there is no line in the middle */
	for (int i = 0; i <= 2; i += (int64_t)most % 2 == 0 ? 1 : 2)
		fprintf(file, "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>"
		    "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", LEFT, LEFT + PLOT_WIDTH,
		    TOP + PLOT_HEIGHT * i / 2, TOP + PLOT_HEIGHT * i / 2, LEFT - 6, TOP + 4 + PLOT_HEIGHT * i / 2,
		    report_count(most * (2 - i) / 2, text));
	for (int row = 0; row < count; row++)
		write_day(file, report, row, most, step);
	write_dates(file, report, count, step);
	fprintf(file, "</svg></div>\n<p>%s</p>\n", report_word(report, "Green: answered. Grey: not answered."));
	write_folded_table(file, report, REPORT_DAYS);
}

static void
write_hour_cell(FILE *file, int weekday, int hour, const char *title, const char *class, double opacity)
{
	fprintf(file, "<rect class=\"%s\" fill-opacity=\"%.2f\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"3\">"
	    "<title>%s</title></rect>\n", class, opacity, LEFT + hour * (CELL + CELL_GAP),
	    TOP + weekday * (CELL + CELL_GAP), CELL, CELL, title);
}

/* The stronger the colour, the larger the part of the calls that was answered, relative to the best hour. */
static void
write_hours(FILE *file, const struct report *report)
{
	double best = report_largest(report, REPORT_HOURS, "answer_rate");
	char title[128], text[3][REPORT_CELL_SIZE];

	fprintf(file, "<div class=\"scroll\"><svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n",
	    LEFT + HOURS * (CELL + CELL_GAP), TOP + REPORT_WEEKDAYS * (CELL + CELL_GAP),
	    report_word(report, "Answer rate by weekday and hour"));
	for (int hour = 0; hour < HOURS; hour += 3)
		fprintf(file, "<text x=\"%d\" y=\"12\">%d</text>", LEFT + hour * (CELL + CELL_GAP), hour);
	for (int i = 0; i < REPORT_WEEKDAYS; i++) {
		fprintf(file, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", LEFT - 8,
		    TOP + i * (CELL + CELL_GAP) + 17, report_word(report, report_weekdays[i]));
		for (int hour = 0; hour < HOURS; hour++)
			write_hour_cell(file, i, hour, report_word(report, "no calls"), "none", 1);
	}
	for (int row = 0; row < db_rows_count(report->rows[REPORT_HOURS]); row++) {
		int weekday = (int)report_number(report, REPORT_HOURS, row, "weekday") - 1;
		int hour = (int)report_number(report, REPORT_HOURS, row, "hour");

		snprintf(title, sizeof title, report_word(report, "%s %d:00: %s of %s answered (%s)"),
		    report_word(report, report_weekdays[weekday]), hour,
		    report_cell(report, REPORT_HOURS, row, "answered", text[0]),
		    report_cell(report, REPORT_HOURS, row, "calls", text[1]),
		    report_cell(report, REPORT_HOURS, row, "answer_rate", text[2]));
		write_hour_cell(file, weekday, hour, title, "yes",
		    0.08 + (best > 0 ? 0.92 * report_number(report, REPORT_HOURS, row, "answer_rate") / best : 0));
	}
	fputs("</svg></div>\n<p>", file);
	fprintf(file, report_word(report,
	    "The stronger the green, the higher the answer rate; the highest is %.1f %%."), 100 * best);
	fputs("</p>\n", file);
	write_folded_table(file, report, REPORT_HOURS);
}

/* --- the page ---------------------------------------------------------------------------------------------- */

static void
write_part(FILE *file, const struct report *report, enum report_part part)
{
	if (part == REPORT_FIGURES) {
		write_figures(file, report);
		return;
	}
	fprintf(file, "<section><h2>%s</h2>\n", report_word(report, report_questions[part].title));
	if (part == REPORT_DAYS)
		write_days(file, report);
	else if (part == REPORT_HOURS)
		write_hours(file, report);
	else
		write_table(file, report, part, part == REPORT_CAUSES ? "share" : NULL);
	fputs("</section>\n", file);
}

void
report_write_html(FILE *file, const struct report *report)
{
	const char *title = report_word(report, "Call results");
	char now[64];
	time_t seconds = time(NULL);
	struct tm local;

	strftime(now, sizeof now, "%Y-%m-%d %H:%M %Z", localtime_r(&seconds, &local));
	fprintf(file, "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>%s</title>\n"
	    "<style>\n%s</style>\n</head>\n<body>\n<header><h1>%s</h1>\n<p>",
	    report->chinese ? "zh" : "en", title, style, title);
	write_escaped(file, report->span);
	fprintf(file, "</p>\n<p>%s %s</p></header>\n<main>\n", report_word(report, "Created"), now);
	for (enum report_part part = 0; part < REPORT_PARTS; part++)
		if (report->rows[part] != NULL && (part == REPORT_FIGURES || db_rows_count(report->rows[part]) > 0))
			write_part(file, report, part);
	fputs("</main>\n</body>\n</html>\n", file);
}
