/* A table as people read it: words, units and local time, in columns; in colours on a terminal. */
#include "ctl/table_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "ctl/time_text.h"

enum {
	GAP = 2,            /* blanks between two columns */
	SHOWN_SIZE = 64,    /* of a heading, and of what stands for an exact value */
};

#define HEADINGS SIZE_MAX

/* --- characters -------------------------------------------------------------------------------------------- */

/* Characters that turn the direction of writing can make a line read as another one. */
static bool
turns_direction(uint32_t character)
{
	return (character >= 0x200e && character <= 0x200f) || (character >= 0x202a && character <= 0x202e) ||
	    (character >= 0x2066 && character <= 0x2069);
}

/*
 * How many bytes the character at p has, and in *width how many columns of a terminal it takes; -1: it is shown
 * escaped, byte by byte.
 */
static int
next_character(const char *p, size_t left, int *width)
{
	uint32_t character;
	size_t length = utf8_read(p, left, &character);

	if (length == 0) {
		*width = -1;
		return 1;
	}
	*width = character == 0 || turns_direction(character) ? -1 : utf8_columns(character);
	return (int)length;
}

int
table_text_width(const char *text)
{
	size_t left = strlen(text);
	int total = 0;

	while (left > 0) {
		int width, length = next_character(text, left, &width);

		total += width >= 0 ? width : 4 * length;
		text += length;
		left -= (size_t)length;
	}
	return total;
}

size_t
table_text_fit(const char *text, int width)
{
	size_t length = strlen(text), fitting = 0;

	while (fitting < length) {
		int columns, bytes = next_character(text + fitting, length - fitting, &columns);

		width -= columns >= 0 ? columns : 4 * bytes;
		if (width < 0)
			break;
		fitting += (size_t)bytes;
	}
	return fitting;
}

/* Escapes what drives a terminal, but for the characters of kept. */
static void
print_text(FILE *file, const char *text, size_t left, const char *kept)
{
	while (left > 0) {
		int width, length = next_character(text, left, &width);

		if (width >= 0 || (*text != '\0' && strchr(kept, *text) != NULL))
			fwrite(text, 1, (size_t)length, file);
		else
			for (int i = 0; i < length; i++)
				fprintf(file, "\\x%02x", (unsigned char)text[i]);
		text += length;
		left -= (size_t)length;
	}
}

void
table_print_raw(FILE *file, const char *bytes, size_t length)
{
	print_text(file, bytes, length, "\r\n\t");
}

/* --- plain ------------------------------------------------------------------------------------------------- */

static const char *
show_bytes(char text[SHOWN_SIZE], int64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double value = (double)bytes;
	int unit = 0;

	while (value >= 1024 && unit + 1 < ELEMENTS(units)) {
		value /= 1024;
		unit++;
	}
	snprintf(text, SHOWN_SIZE, "%.*f %s", unit > 0 && value < 10 && value != (double)(int)value ? 1 : 0, value,
	    units[unit]);
	return text;
}

/* In the two largest units. */
static const char *
show_seconds(char text[SHOWN_SIZE], int64_t seconds)
{
	if (seconds < 60)
		snprintf(text, SHOWN_SIZE, "%" PRId64 " s", seconds);
	else if (seconds < 3600)
		snprintf(text, SHOWN_SIZE, "%" PRId64 " min %" PRId64 " s", seconds / 60, seconds % 60);
	else if (seconds < 86400)
		snprintf(text, SHOWN_SIZE, "%" PRId64 " h %" PRId64 " min", seconds / 3600, seconds / 60 % 60);
	else
		snprintf(text, SHOWN_SIZE, "%" PRId64 " d %" PRId64 " h", seconds / 86400, seconds / 3600 % 24);
	return text;
}

static const char *
show_time(char text[SHOWN_SIZE], const char *cell)
{
	int64_t microseconds;
	struct tm parts;
	time_t seconds;

	if (!time_text_parse(cell, &microseconds))
		return cell;
	seconds = (time_t)(microseconds / 1000000);
	return localtime_r(&seconds, &parts) != NULL && strftime(text, SHOWN_SIZE, "%Y-%m-%d %H:%M:%S",
	    &parts) > 0 ? text : cell;
}

/* A cell as people read it, in text or as it is. */
static const char *
shown(char text[SHOWN_SIZE], const struct table *table, size_t cell)
{
	const char *exact = table->cells[cell];

	if (exact == NULL)
		return "-";
	switch (table->columns[cell % table->column_count].type) {
	case COLUMN_BYTES:
		return show_bytes(text, atoll(exact));
	case COLUMN_SECONDS:
		return show_seconds(text, atoll(exact));
	case COLUMN_TIME:
		return show_time(text, exact);
	default:
		return exact;
	}
}

/* The name in words; where the cells show their unit, the heading does not. */
static const char *
heading(char text[SHOWN_SIZE], const struct column *column)
{
	static const char unit[] = "_seconds";
	int length = (int)strlen(column->name);

	if (column->type == COLUMN_SECONDS && strcmp(column->name + length - (int)strlen(unit), unit) == 0)
		length -= (int)strlen(unit);
	snprintf(text, SHOWN_SIZE, "%.*s", length, column->name);
	for (char *p = text; *p != '\0'; p++)
		if (*p == '_')
			*p = ' ';
	return text;
}

static bool
has_colours(FILE *file)
{
	const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");

	return fileno(file) >= 0 && isatty(fileno(file)) == 1 && (no_color == NULL || *no_color == '\0') &&
	    terminal != NULL && strcmp(terminal, "dumb") != 0;
}

static void
print_cell(FILE *file, const struct table *table, size_t cell)
{
	static const char *const colours[] = { [TABLE_GOOD] = "32", [TABLE_DOUBTFUL] = "33", [TABLE_BAD] = "1;31" };
	enum table_mark mark = table->marks[cell];
	bool coloured = mark != TABLE_UNMARKED && has_colours(file);
	char room[SHOWN_SIZE];
	const char *text = shown(room, table, cell);

	if (coloured)
		fprintf(file, "\033[%sm", colours[mark]);
	print_text(file, text, strlen(text), "");
	if (coloured)
		fputs("\033[m", file);
}

static void
print_blanks(FILE *file, int count)
{
	while (count-- > 0)
		putc(' ', file);
}

static int
heading_width(const struct column *column)
{
	char text[SHOWN_SIZE];

	return table_text_width(heading(text, column));
}

static int
cell_width(const struct table *table, size_t cell)
{
	char text[SHOWN_SIZE];

	return table_text_width(shown(text, table, cell));
}

static int
column_width(const struct table *table, size_t column)
{
	int width = heading_width(&table->columns[column]);

	for (size_t i = column; i < table->cell_count; i += table->column_count)
		if (cell_width(table, i) > width)
			width = cell_width(table, i);
	return width;
}

/* row: its first cell, or HEADINGS.  Figures stand to the right; no line ends with blanks. */
static void
print_line(FILE *file, const struct table *table, const int *widths, size_t row)
{
	for (size_t i = 0; i < table->column_count; i++) {
		const struct column *column = &table->columns[i];
		int padding = widths[i] - (row == HEADINGS ? heading_width(column) : cell_width(table, row + i));
		bool to_right = column->type == COLUMN_NUMBER || column->type == COLUMN_BYTES ||
		    column->type == COLUMN_SECONDS;
		char text[SHOWN_SIZE];

		print_blanks(file, (i > 0 ? GAP : 0) + (to_right ? padding : 0));
		if (row == HEADINGS)
			fputs(heading(text, column), file);
		else
			print_cell(file, table, row + i);
		print_blanks(file, !to_right && i + 1 < table->column_count ? padding : 0);
	}
	putc('\n', file);
}

static void
print_rows(FILE *file, const struct table *table)
{
	int *widths = memory_alloc(table->column_count * sizeof *widths);

	for (size_t i = 0; i < table->column_count; i++)
		widths[i] = column_width(table, i);
	print_line(file, table, widths, HEADINGS);
	for (size_t i = 0; i < table->cell_count; i += table->column_count)
		print_line(file, table, widths, i);
	memory_free(widths);
}

static void
print_record(FILE *file, const struct table *table)
{
	int width = 0;

	for (size_t i = 0; i < table->column_count; i++)
		if (heading_width(&table->columns[i]) > width)
			width = heading_width(&table->columns[i]);
	for (size_t i = 0; i < table->column_count; i++) {
		char text[SHOWN_SIZE];

		fprintf(file, "%-*s", width + GAP, heading(text, &table->columns[i]));
		print_cell(file, table, i);
		putc('\n', file);
	}
}

static void
print_blocks(FILE *file, const struct table *table)
{
	int width = column_width(table, 0);

	for (size_t i = 0; i < table->cell_count; i += table->column_count) {
		print_cell(file, table, i);
		print_blanks(file, width - cell_width(table, i) + GAP);
		print_cell(file, table, i + 1);
		putc('\n', file);
		for (size_t j = 2; j < table->column_count; j++) {
			char text[SHOWN_SIZE];

			if (table->cells[i + j] == NULL)
				continue;
			fprintf(file, "%*s%s: ", width + GAP, "", heading(text, &table->columns[j]));
			print_cell(file, table, i + j);
			putc('\n', file);
		}
	}
}

void
table_print_title(FILE *file, const char *name)
{
	for (; *name != '\0'; name++)
		putc(*name == '_' ? ' ' : *name, file);
}

void
table_print_plain(FILE *file, const struct table *table)
{
	switch (table->form) {
	case TABLE_ROWS:
		print_rows(file, table);
		break;
	case TABLE_RECORD:
		print_record(file, table);
		break;
	case TABLE_BLOCKS:
		print_blocks(file, table);
		break;
	}
}
