/* A report for a terminal: tables, and bars of characters. */
#include <stdio.h>
#include <string.h>

#include "ctl/report.h"

enum { BAR_MIN = 8, HOURS = 24 };

static void
write_title(FILE *file, const char *title)
{
	fprintf(file, "\n%s\n", title);
	for (int i = table_text_width(title); i > 0; i--)
		putc('-', file);
	putc('\n', file);
}

static void
write_figures(FILE *file, const struct report *report)
{
	static const char *const figures[] = { "calls", "answered", "answer rate", "failed", "abandoned",
		"abandon rate" };
	char text[REPORT_CELL_SIZE];

	for (int i = 0; i < ELEMENTS(figures); i++) {
		const char *label = report_word(report, figures[i]);

		fprintf(file, "%s%*s %12s\n", label, 13 - table_text_width(label), "",
		    report_cell(report, REPORT_FIGURES, 0, figures[i], text));
	}
}

static void
write_repeated(FILE *file, const char *text, int count)
{
	while (count-- > 0)
		fputs(text, file);
}

/* The answered part of each bar is solid. */
static void
write_days(FILE *file, const struct report *report, int width)
{
	double most = report_largest(report, REPORT_DAYS, "calls");
	int room = width - 34 > BAR_MIN ? width - 34 : BAR_MIN;
	char text[REPORT_CELL_SIZE];

	for (int row = 0; row < db_rows_count(report->rows[REPORT_DAYS]); row++) {
		int bar = (int)(room * report_number(report, REPORT_DAYS, row, "calls") / most);
		int solid = (int)(room * report_number(report, REPORT_DAYS, row, "answered") / most);

		fputs(report_cell(report, REPORT_DAYS, row, "day", text), file);
		fprintf(file, " %10s", report_cell(report, REPORT_DAYS, row, "calls", text));
		fprintf(file, " %8s  ", report_cell(report, REPORT_DAYS, row, "answer_rate", text));
		write_repeated(file, "\u2588", solid);
		write_repeated(file, "\u2591", bar - solid);
		putc('\n', file);
	}
}

/* The tenths of the calls that were answered, hour by hour; "." where there were no calls. */
static void
write_hours(FILE *file, const struct report *report)
{
	char cells[REPORT_WEEKDAYS][HOURS + 1];

	memset(cells, '.', sizeof cells);
	for (int row = 0; row < db_rows_count(report->rows[REPORT_HOURS]); row++) {
		int weekday = (int)report_number(report, REPORT_HOURS, row, "weekday") - 1;
		int hour = (int)report_number(report, REPORT_HOURS, row, "hour");
		int tenths = (int)(10 * report_number(report, REPORT_HOURS, row, "answer_rate"));

		cells[weekday][hour] = (char)('0' + (tenths < 9 ? tenths : 9));
	}
	fprintf(file, "%*s0     6     12    18\n", 3 + table_text_width(report_word(report, report_weekdays[0])), "");
	for (int i = 0; i < REPORT_WEEKDAYS; i++)
		fprintf(file, "  %s %.*s\n", report_word(report, report_weekdays[i]), HOURS, cells[i]);
	fprintf(file, "  %s\n", report_word(report, "0: under 10 % answered, 9: 90 % or more"));
}

static void
write_table(FILE *file, const struct report *report, enum report_part part)
{
	struct column columns[REPORT_COLUMNS_MAX];
	int count = db_rows_columns(report->rows[part]);
	struct table *table = table_new(report_questions[part].name, TABLE_ROWS, columns, count);
	char text[REPORT_CELL_SIZE];

	for (int i = 0; i < count; i++)
		columns[i] = (struct column){ report_word(report, report->columns[part][i].name),
			report->columns[part][i].type };
	for (int row = 0; row < db_rows_count(report->rows[part]); row++)
		for (int column = 0; column < count; column++)
			table_add(table, report_cell(report, part, row, report->columns[part][column].name, text));
	table_print(file, false, &table, 1);
	table_free(table);
}

void
report_write_text(FILE *file, const struct report *report, int width)
{
	fprintf(file, report_word(report, "%s: %s\n"), report->title, report->span);
	for (enum report_part part = 0; part < REPORT_PARTS; part++) {
		if (report->rows[part] == NULL || db_rows_count(report->rows[part]) == 0)
			continue;
		write_title(file, report_word(report, report_questions[part].title));
		if (part == REPORT_FIGURES)
			write_figures(file, report);
		else if (part == REPORT_DAYS)
			write_days(file, report, width);
		else if (part == REPORT_HOURS)
			write_hours(file, report);
		else
			write_table(file, report, part);
	}
}
