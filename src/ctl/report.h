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
	const char     *title;
	const char     *span;                      /* which results it is about, in words */
	bool            chinese;                   /* its words are Chinese, else English */
	struct db_rows *rows[REPORT_PARTS];        /* NULL: the part is left out */
	struct column   columns[REPORT_PARTS][REPORT_COLUMNS_MAX];
};

/* Sets the answer to a part's query, to be freed with the report. */
void report_set_answer(struct report *report, enum report_part part, struct db_rows *rows);

/* A word, or a format, in the language of the report; the English one where there is no other. */
const char *report_word(const struct report *report, const char *english) __attribute__((format_arg(2)));

/* Whether word is other, in small letters and with "_" for blanks: a name of a column is also the title of a figure. */
bool report_is_word(const char *word, const char *other);

/* Whether the values of a column are words of ours, and not what somebody sent. */
bool report_has_words(const char *column);

/* In what follows, column is the name of a column of the part, also as report_is_word finds it. */

/* A cell as a person reads it: 1,234 for a number, a percentage for a rate, "-" for none.  It may use text as room. */
enum { REPORT_CELL_SIZE = 32 };
const char *report_cell(const struct report *report, enum report_part part, int row, const char *column,
    char text[REPORT_CELL_SIZE]);

/* A cell as a number; 0 for none. */
double report_number(const struct report *report, enum report_part part, int row, const char *column);

/* The largest number of a column. */
double report_largest(const struct report *report, enum report_part part, const char *column);

/* A number as report_cell writes it. */
const char *report_count(double number, char text[REPORT_CELL_SIZE]);

/* Monday first, as ISO 8601 has it. */
enum { REPORT_WEEKDAYS = 7 };
extern const char *const report_weekdays[REPORT_WEEKDAYS];

/* Tables, and bars of characters, for a terminal that is width columns wide. */
void report_write_text(FILE *file, const struct report *report, int width);

/* A page that stands alone: its style is in it, its pictures are drawn in it, and nothing is loaded. */
void report_write_html(FILE *file, const struct report *report);

#endif
