/* A report for a terminal: tables, and bars of characters. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "ctl/report.h"

enum { BAR_MIN = 8, HOURS = 24, COLUMN_GAP = 2, CUT_MIN = 12 };

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
	fprintf(file, "%s\n", report_word(report, "0: under 10 % answered, 9: 90 % or more"));
}

/* --- tables ------------------------------------------------------------------------------------------------ */

/* Columns that a narrow terminal does without; the first go first. */
static const char *const dispensable[] = { "category", "first_day", "last_day", "late_by_seconds", "spooled",
	"lag_seconds", "attempts", "redial", "failed", "quarantined", "duplicates", "answered", "last_call",
	"campaign" };

/* Columns whose texts may be cut. */
static const char *const cut[] = { "category", "cause", "campaign_id", "campaign", "source" };

static bool
is_one_of(const char *name, const char *const *names, int count)
{
	for (int i = 0; i < count; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static int
column_width(const struct report *report, enum report_part part, const char *name)
{
	int width = table_text_width(report_word(report, name));
	char text[REPORT_CELL_SIZE];

	for (int row = 0; row < db_rows_count(report->rows[part]); row++) {
		int cell = table_text_width(report_cell(report, part, row, name, text));

		if (cell > width)
			width = cell;
	}
	return width;
}

/* What is missing in room for columns of these widths, of which the wide texts may be cut to most. */
static int
shortage(const struct column *columns, const int *widths, int count, int room, int most)
{
	for (int i = 0; i < count; i++)
		room -= (i > 0 ? COLUMN_GAP : 0) + (widths[i] > most && is_one_of(columns[i].name, cut, ELEMENTS(cut)) ?
		    most : widths[i]);
	return -room;
}

/* Leaves out of columns and widths what does not fit into room.  Returns how many are left. */
static int
leave_out(struct column *columns, int *widths, int count, int room)
{
	for (int i = 0; i < ELEMENTS(dispensable) && shortage(columns, widths, count, room, CUT_MIN) > 0; i++)
		for (int j = 0; j < count; j++)
			if (strcmp(columns[j].name, dispensable[i]) == 0) {
				count--;
				memmove(columns + j, columns + j + 1, (size_t)(count - j) * sizeof *columns);
				memmove(widths + j, widths + j + 1, (size_t)(count - j) * sizeof *widths);
			}
	return count;
}

static void
add_cell(struct table *table, const char *cell, bool may_be_cut, int most)
{
	char *copy;
	size_t length;

	if (!may_be_cut || table_text_width(cell) <= most) {
		table_add(table, cell);
		return;
	}
	length = table_text_fit(cell, most - 1);
	copy = memory_alloc(length + sizeof "\u2026");
	memcpy(copy, cell, length);
	strcpy(copy + length, "\u2026");
	table_add(table, copy);
	memory_free(copy);
}

static void
write_table(FILE *file, const struct report *report, enum report_part part, int room)
{
	struct column columns[REPORT_COLUMNS_MAX], titles[REPORT_COLUMNS_MAX];
	int count = db_rows_columns(report->rows[part]), widths[REPORT_COLUMNS_MAX], most = room;
	char text[REPORT_CELL_SIZE];
	struct table *table;

	for (int i = 0; i < count; i++) {
		columns[i] = report->columns[part][i];
		widths[i] = column_width(report, part, columns[i].name);
	}
	count = leave_out(columns, widths, count, room);
	while (most > CUT_MIN && shortage(columns, widths, count, room, most) > 0)
		most--;
	for (int i = 0; i < count; i++)
		titles[i] = (struct column){ report_word(report, columns[i].name), columns[i].type };
	table = table_new(report_questions[part].name, TABLE_ROWS, titles, count);
	for (int row = 0; row < db_rows_count(report->rows[part]); row++)
		for (int i = 0; i < count; i++)
			add_cell(table, report_cell(report, part, row, columns[i].name, text),
			    is_one_of(columns[i].name, cut, ELEMENTS(cut)), most);
	table_print(file, false, &table, 1);
	table_free(table);
}

void
report_write_text(FILE *file, const struct report *report, int width)
{
	fprintf(file, report_word(report, "%s: %s\n"), report_word(report, "Call results"), report->span);
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
			write_table(file, report, part, width);
	}
}
