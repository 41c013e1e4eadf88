/* What a command found, as people or programs read it. */
#include "ctl/table.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistr.h>
#include <uniwidth.h>

#include "base/memory.h"

enum { GAP = 2 };       /* blanks between two columns */

struct table {
	const char          *name;
	enum table_form      form;
	const struct column *columns;
	size_t               column_count;
	char               **cells;
	size_t               cell_count;
};

/* --- filling ----------------------------------------------------------------------------------------------- */

struct table *
table_new(const char *name, enum table_form form, const struct column *columns, int count)
{
	struct table *table = memory_zalloc(sizeof *table);

	table->name = name;
	table->form = form;
	table->columns = columns;
	table->column_count = (size_t)count;
	return table;
}

void
table_free(struct table *table)
{
	for (size_t i = 0; i < table->cell_count; i++)
		memory_free(table->cells[i]);
	memory_free(table->cells);
	memory_free(table);
}

void
table_add(struct table *table, const char *text)
{
	/* room grows by doubling at every power of two */
	if ((table->cell_count & (table->cell_count - 1)) == 0)
		table->cells = memory_resize(table->cells, 2 * table->cell_count + 1, sizeof *table->cells);
	table->cells[table->cell_count++] = text != NULL ? memory_strdup(text) : NULL;
}

void
table_add_number(struct table *table, int64_t number)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRId64, number);
	table_add(table, text);
}

void
table_add_number_if(struct table *table, bool known, int64_t number)
{
	if (known)
		table_add_number(table, number);
	else
		table_add(table, NULL);
}

void
table_add_flag(struct table *table, bool flag)
{
	table_add(table, flag ? "yes" : "no");
}

const char *
table_time(char text[TABLE_TIME_SIZE], int64_t microseconds)
{
	time_t seconds = (time_t)(microseconds / 1000000);
	struct tm parts;

	if (gmtime_r(&seconds, &parts) == NULL || strftime(text, TABLE_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
		snprintf(text, TABLE_TIME_SIZE, "%" PRId64, microseconds);
	return text;
}

void
table_add_time(struct table *table, int64_t microseconds)
{
	char text[TABLE_TIME_SIZE];

	table_add(table, table_time(text, microseconds));
}

/* --- characters -------------------------------------------------------------------------------------------- */

/* Marks that turn the direction of writing can make a line read as another one. */
static bool
turns_direction(ucs4_t character)
{
	return (character >= 0x200e && character <= 0x200f) || (character >= 0x202a && character <= 0x202e) ||
	    (character >= 0x2066 && character <= 0x2069);
}

/*
 * How many bytes stand for the character at p, and in *width how wide a terminal shows it; -1: it is shown escaped, byte
 * by byte.
 */
static int
next_character(const uint8_t *p, size_t left, int *width)
{
	ucs4_t character;
	int length = u8_mbtoucr(&character, p, left);

	if (length <= 0) {
		*width = -1;
		return 1;
	}
	*width = character == 0 || turns_direction(character) ? -1 : uc_width(character, "UTF-8");
	return length;
}

static int
text_width(const char *text)
{
	const uint8_t *p = (const uint8_t *)text;
	size_t left = strlen(text);
	int total = 0;

	while (left > 0) {
		int width, length = next_character(p, left, &width);

		total += width >= 0 ? width : 4 * length;
		p += length;
		left -= (size_t)length;
	}
	return total;
}

/* kept: characters that are not escaped though they drive the terminal. */
static void
print_text(FILE *file, const char *text, size_t left, const char *kept)
{
	const uint8_t *p = (const uint8_t *)text;

	while (left > 0) {
		int width, length = next_character(p, left, &width);

		if (width >= 0 || (*p != '\0' && strchr(kept, *p) != NULL))
			fwrite(p, 1, (size_t)length, file);
		else
			for (int i = 0; i < length; i++)
				fprintf(file, "\\x%02x", p[i]);
		p += length;
		left -= (size_t)length;
	}
}

void
table_print_raw(FILE *file, const char *bytes, size_t length)
{
	print_text(file, bytes, length, "\r\n\t");
}

void
table_print_json_text(FILE *file, const char *text, size_t left)
{
	const uint8_t *p = (const uint8_t *)text;

	putc('"', file);
	while (left > 0) {
		ucs4_t character;
		int length = u8_mbtoucr(&character, p, left);

		if (length <= 0)
			fputs("\\ufffd", file);
		else if (character == '"' || character == '\\')
			fprintf(file, "\\%c", (int)character);
		else if (character < 0x20 || (character >= 0x7f && character < 0xa0))
			fprintf(file, "\\u%04x", (unsigned)character);
		else
			fwrite(p, 1, (size_t)length, file);
		if (length <= 0)
			length = 1;
		p += length;
		left -= (size_t)length;
	}
	putc('"', file);
}

static void
print_json_text(FILE *file, const char *text)
{
	table_print_json_text(file, text, strlen(text));
}

/* --- JSON -------------------------------------------------------------------------------------------------- */

static void
print_json_cell(FILE *file, const struct column *column, const char *cell)
{
	if (cell == NULL)
		fputs("null", file);
	else if (column->type == COLUMN_NUMBER)
		fputs(cell, file);
	else if (column->type == COLUMN_FLAG)
		fputs(strcmp(cell, "yes") == 0 ? "true" : "false", file);
	else
		print_json_text(file, cell);
}

static void
print_json_row(FILE *file, const struct table *table, char *const *row)
{
	for (size_t i = 0; i < table->column_count; i++) {
		fputs(i > 0 ? ", " : "{", file);
		print_json_text(file, table->columns[i].name);
		fputs(": ", file);
		print_json_cell(file, &table->columns[i], row[i]);
	}
	putc('}', file);
}

static void
print_json(FILE *file, const struct table *table)
{
	size_t step = table->column_count;

	if (table->form == TABLE_RECORD) {
		print_json_row(file, table, table->cells);
		return;
	}
	putc('[', file);
	for (size_t i = 0; i + step <= table->cell_count; i += step) {
		fputs(i > 0 ? ",\n  " : "\n  ", file);
		print_json_row(file, table, table->cells + i);
	}
	fputs(table->cell_count > 0 ? "\n]" : "]", file);
}

static void
print_all_json(FILE *file, struct table *const *tables, int count)
{
	for (int i = 0; count > 1 && i < count; i++) {
		fputs(i > 0 ? ",\n" : "{", file);
		print_json_text(file, tables[i]->name);
		fputs(": ", file);
		print_json(file, tables[i]);
	}
	if (count > 1)
		putc('}', file);
	else
		print_json(file, tables[0]);
	putc('\n', file);
}

/* --- plain ------------------------------------------------------------------------------------------------- */

static const char *
shown(const char *cell)
{
	return cell != NULL ? cell : "-";
}

static void
print_blanks(FILE *file, int count)
{
	while (count-- > 0)
		putc(' ', file);
}

static void
print_heading(FILE *file, const char *name)
{
	for (; *name != '\0'; name++)
		putc(*name == '_' ? ' ' : *name, file);
}

static int
column_width(const struct table *table, size_t column)
{
	int width = (int)strlen(table->columns[column].name);

	for (size_t i = column; i < table->cell_count; i += table->column_count)
		if (text_width(shown(table->cells[i])) > width)
			width = text_width(shown(table->cells[i]));
	return width;
}

/* row NULL: the headings.  Numbers stand to the right; no line ends with blanks. */
static void
print_line(FILE *file, const struct table *table, const int *widths, char *const *row)
{
	for (size_t i = 0; i < table->column_count; i++) {
		const char *text = row != NULL ? shown(row[i]) : table->columns[i].name;
		int padding = widths[i] - text_width(text);
		bool to_right = table->columns[i].type == COLUMN_NUMBER;

		print_blanks(file, (i > 0 ? GAP : 0) + (to_right ? padding : 0));
		if (row != NULL)
			print_text(file, text, strlen(text), "");
		else
			print_heading(file, text);
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
	print_line(file, table, widths, NULL);
	for (size_t i = 0; i < table->cell_count; i += table->column_count)
		print_line(file, table, widths, table->cells + i);
	memory_free(widths);
}

static void
print_record(FILE *file, const struct table *table)
{
	int width = 0;

	for (size_t i = 0; i < table->column_count; i++)
		if ((int)strlen(table->columns[i].name) > width)
			width = (int)strlen(table->columns[i].name);
	for (size_t i = 0; i < table->column_count; i++) {
		const char *text = shown(table->cells[i]);

		print_heading(file, table->columns[i].name);
		print_blanks(file, width - (int)strlen(table->columns[i].name) + GAP);
		print_text(file, text, strlen(text), "");
		putc('\n', file);
	}
}

static void
print_blocks(FILE *file, const struct table *table)
{
	int width = column_width(table, 0);

	for (size_t i = 0; i < table->cell_count; i += table->column_count) {
		char *const *row = table->cells + i;

		print_text(file, shown(row[0]), strlen(shown(row[0])), "");
		print_blanks(file, width - text_width(shown(row[0])) + GAP);
		print_text(file, shown(row[1]), strlen(shown(row[1])), "");
		putc('\n', file);
		for (size_t j = 2; j < table->column_count; j++) {
			if (row[j] == NULL)
				continue;
			print_blanks(file, width + GAP);
			print_heading(file, table->columns[j].name);
			fputs(": ", file);
			print_text(file, row[j], strlen(row[j]), "");
			putc('\n', file);
		}
	}
}

static void
print_plain(FILE *file, const struct table *table)
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

void
table_print(FILE *file, bool json, struct table *const *tables, int count)
{
	if (json) {
		print_all_json(file, tables, count);
		return;
	}
	for (int i = 0; i < count; i++) {
		if (i > 0)
			putc('\n', file);
		if (count > 1) {
			print_heading(file, tables[i]->name);
			putc('\n', file);
		}
		print_plain(file, tables[i]);
	}
}
