/* What a command found: one description of its columns, for plain tables and for JSON. */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum table_form {
	TABLE_ROWS,     /* a line a row below the headings; in JSON a list of objects */
	TABLE_RECORD,   /* one row, a line a column; in JSON an object */
	TABLE_BLOCKS,   /* a row's first two columns on a line, the others on lines of their own; in JSON as rows */
};

/* Bytes, seconds and times (as table_add_time writes them) are exact in JSON; people read 10 GiB, 12 s, local time. */
enum column_type { COLUMN_TEXT, COLUMN_NUMBER, COLUMN_FLAG, COLUMN_BYTES, COLUMN_SECONDS, COLUMN_TIME };

/* The colour of a cell on a terminal; NO_COLOR turns colours off. */
enum table_mark { TABLE_UNMARKED, TABLE_GOOD, TABLE_DOUBTFUL, TABLE_BAD };

struct column {
	const char      *name;      /* the member in JSON; the heading, with blanks for "_" */
	enum column_type type;
};

/* The number of elements of an array, such as the columns of a table. */
#define ELEMENTS(array) ((int)(sizeof (array) / sizeof *(array)))

struct table;

/* Where several tables are printed, name is the table's title, and its member in JSON.  Keeps name and columns. */
struct table *table_new(const char *name, enum table_form form, const struct column *columns, int count);
void table_free(struct table *table);

/* Adds the next cell, row by row; NULL: none.  Numbers and flags may come as text too ("12"; "yes" or "no"). */
void table_add(struct table *table, const char *text);
void table_add_number(struct table *table, int64_t number);
void table_add_number_if(struct table *table, bool known, int64_t number);   /* else none */
void table_add_flag(struct table *table, bool flag);

/* Marks the last cell. */
void table_mark(struct table *table, enum table_mark mark);

/* Microseconds since 1970, as yyyy-mm-ddThh:mm:ssZ; 0: none. */
void table_add_time(struct table *table, int64_t microseconds);

/*
 * Prints one table, or several under their names.  Whatever is in the cells, plain text drives no terminal and JSON is
 * valid: control characters and bytes that are not UTF-8 are escaped.
 */
void table_print(FILE *file, bool json, struct table *const *tables, int count);

/* Prints a name with blanks for "_". */
void table_print_title(FILE *file, const char *name);

/* The columns of a terminal that a text takes as table_print shows it. */
int table_text_width(const char *text);

/* How many bytes of text, whole characters, take at most width columns. */
size_t table_text_fit(const char *text, int width);

/* Prints a text of length bytes as JSON, in quotes. */
void table_print_json_text(FILE *file, const char *text, size_t length);

/* Prints text as it came, with what could drive a terminal escaped; line ends and tabs stay. */
void table_print_raw(FILE *file, const char *bytes, size_t length);

#endif
