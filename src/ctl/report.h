/* A report of results: its parts, each the answer to one query, and the forms it is written in. */
#ifndef REPORT_H
#define REPORT_H

#include <stdio.h>

#include "ctl/table.h"
#include "db/db.h"

enum report_part {
	REPORT_FIGURES,      /* one row */
	REPORT_DAYS,
	REPORT_HOURS,        /* a row for each hour of each weekday that has calls */
	REPORT_CAUSES,
	REPORT_CAMPAIGNS,
	REPORT_DELIVERY,     /* of all campaigns: a push may contain results of several */
	REPORT_SOURCES,      /* the same pushes, by the token they came with */
	REPORT_NUMBERS,      /* only when asked for: they are people's */
	REPORT_PARTS
};

enum { REPORT_COLUMNS_MAX = 9 };

struct report_question {
	const char *name;       /* of the member in JSON */
	const char *title;
	const char *query;      /* gives the columns their names; report.c explains the parameters */
};

extern const struct report_question report_questions[REPORT_PARTS];

struct report {
	bool            chinese;                   /* its words are Chinese, else English */
	const char     *span;                      /* which results it is about, in words; the caller's */
	struct db_rows *rows[REPORT_PARTS];        /* NULL: the part is left out */
	struct column   columns[REPORT_PARTS][REPORT_COLUMNS_MAX];
};

/* Sets the answer to a part's query.  The caller frees it, after the report's last use. */
void report_set_answer(struct report *report, enum report_part part, struct db_rows *rows);

/*
 * A word, or a printf format, in the language of the report; english itself where there is no other.  A report's words
 * are those of its titles, of the names of its columns, and of the values of some columns.
 */
const char *report_word(const struct report *report, const char *english) __attribute__((format_arg(2)));

/* Whether the values of a column are words of a report, and not what somebody sent. */
bool report_has_words(const char *column);

/*
 * Whether two words are the same, whatever their case, or word is the name of a column ("answer_rate") that other
 * writes with blanks ("Answer rate").
 */
bool report_is_word(const char *word, const char *other);

/*
 * What follows looks at a cell of the answer to a part, which must be there.  row: from 0.  column: one that the part
 * has, as report_is_word() finds it.
 */

/*
 * The cell as a person reads it: 1,234 for a number, a percentage for a rate, "-" for NULL.  The result lies in text,
 * or in the report.
 */
enum { REPORT_CELL_SIZE = 32 };
const char *report_cell(const struct report *report, enum report_part part, int row, const char *column,
    char text[REPORT_CELL_SIZE]);

/* The cell as a number; 0 for NULL. */
double report_number(const struct report *report, enum report_part part, int row, const char *column);

/* The largest number of the column; 0 when the answer has no row. */
double report_largest(const struct report *report, enum report_part part, const char *column);

/* A number as report_cell() writes it, in text. */
const char *report_count(double number, char text[REPORT_CELL_SIZE]);

/* Monday first, as ISO 8601 has it. */
enum { REPORT_WEEKDAYS = 7 };
extern const char *const report_weekdays[REPORT_WEEKDAYS];

/* Tables, and bars of characters, for a terminal that is width columns wide. */
void report_write_text(FILE *file, const struct report *report, int width);

/* A page that stands alone: its style is in it, its pictures are drawn in it, and nothing is loaded. */
void report_write_html(FILE *file, const struct report *report);

#endif
