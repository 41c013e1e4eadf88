/* What a command found: one description of its columns, for plain tables and for JSON. */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum table_form {
	TABLE_ROWS,     /* a line a row below the headings; in JSON a list of objects */
	TABLE_RECORD,   /* one row, a line a column; in JSON an object */
	TABLE_BLOCKS,   /* a row's first two columns on a line, the others on lines of their own; in JSON as rows */
};

/*
 * The last three are numbers, and times as table_add_time writes them, in JSON; people read 10 GiB, 12 s and their
 * local time.
 */
enum column_type { COLUMN_TEXT, COLUMN_NUMBER, COLUMN_FLAG, COLUMN_BYTES, COLUMN_SECONDS, COLUMN_TIME };

/* What a cell says, for its colour on a terminal; NO_COLOR turns them off. */
enum table_mark { TABLE_UNMARKED, TABLE_GOOD, TABLE_DOUBTFUL, TABLE_BAD };

struct column {
	const char      *name;      /* of the member in JSON; as the heading, with blanks for "_" */
	enum column_type type;
};

struct table;

/* name is that of the member when several tables are printed, and their title; name and columns must outlive it. */
struct table *table_new(const char *name, enum table_form form, const struct column *columns, int count);
void table_free(struct table *table);

/* The next cell, row by row; NULL: none.  Numbers and flags may come as text, too ("12"; "yes" or "no"). */
void table_add(struct table *table, const char *text);
void table_add_number(struct table *table, int64_t number);
void table_add_number_if(struct table *table, bool known, int64_t number);   /* else none */
void table_add_flag(struct table *table, bool flag);

/* Marks the last cell. */
void table_mark(struct table *table, enum table_mark mark);

/* Microseconds since 1970, as yyyy-mm-ddThh:mm:ssZ; 0: none. */
void table_add_time(struct table *table, int64_t microseconds);

/*
 * One table by itself, or several under their names.  Whatever is in the cells, plain text drives no terminal and
 * JSON is valid: control characters and bytes that are not UTF-8 are escaped.
 */
void table_print(FILE *file, bool json, struct table *const *tables, int count);

/* A name with blanks for "_". */
void table_print_title(FILE *file, const char *name);

/* Columns of a terminal that a text takes as table_print shows it. */
int table_text_width(const char *text);

/* A text as JSON has it, in quotes; length bytes. */
void table_print_json_text(FILE *file, const char *text, size_t length);

/* Text as it came, but for what could drive a terminal; line ends and tabs stay. */
void table_print_raw(FILE *file, const char *bytes, size_t length);

#endif
