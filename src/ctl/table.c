/* What a command found, as people or programs read it. */
#include "ctl/table_internal.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "base/utf8.h"

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
	memory_free(table->marks);
	memory_free(table);
}

void
table_add(struct table *table, const char *text)
{
	/* room grows by doubling at every power of two */
	if ((table->cell_count & (table->cell_count - 1)) == 0) {
		table->cells = memory_resize(table->cells, 2 * table->cell_count + 1, sizeof *table->cells);
		table->marks = memory_resize(table->marks, 2 * table->cell_count + 1, sizeof *table->marks);
	}
	table->marks[table->cell_count] = TABLE_UNMARKED;
	table->cells[table->cell_count++] = text != NULL ? memory_strdup(text) : NULL;
}

void
table_mark(struct table *table, enum table_mark mark)
{
	table->marks[table->cell_count - 1] = mark;
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

void
table_add_time(struct table *table, int64_t microseconds)
{
	time_t seconds = (time_t)(microseconds / 1000000);
	char text[32];
	struct tm parts;

	if (gmtime_r(&seconds, &parts) == NULL || strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
		snprintf(text, sizeof text, "%" PRId64, microseconds);
	table_add(table, microseconds != 0 ? text : NULL);
}

/* --- JSON -------------------------------------------------------------------------------------------------- */

void
table_print_json_text(FILE *file, const char *text, size_t left)
{
	putc('"', file);
	while (left > 0) {
		uint32_t character;
		size_t length = utf8_read(text, left, &character);

		if (length == 0)
			fputs("\\ufffd", file);
		else if (character == '"' || character == '\\')
			fprintf(file, "\\%c", (int)character);
		else if (character < 0x20 || (character >= 0x7f && character < 0xa0))
			fprintf(file, "\\u%04x", (unsigned)character);
		else
			fwrite(text, 1, length, file);
		length += length == 0;
		text += length;
		left -= length;
	}
	putc('"', file);
}

static void
print_json_text(FILE *file, const char *text)
{
	table_print_json_text(file, text, strlen(text));
}

static void
print_json_cell(FILE *file, const struct column *column, const char *cell)
{
	if (cell == NULL)
		fputs("null", file);
	else if (column->type == COLUMN_NUMBER || column->type == COLUMN_BYTES || column->type == COLUMN_SECONDS)
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
			table_print_title(file, tables[i]->name);
			putc('\n', file);
		}
		table_print_plain(file, tables[i]);
	}
}
