/* What a report of results is made of: its parts, each the answer to one question, and the forms it is written in. */
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
	REPORT_DELIVERY,     /* of all campaigns: a push may hold results of several */
	REPORT_SOURCES,      /* the same pushes, by the token they came by */
	REPORT_NUMBERS,      /* NULL unless they were asked for: they are people's */
	REPORT_PARTS
};

enum { REPORT_COLUMNS_MAX = 9 };

struct report_question {
	const char *name;       /* of the member in JSON */
	const char *title;
	const char *query;      /* the names of its columns are the report's; report.c explains its parameters */
};

extern const struct report_question report_questions[REPORT_PARTS];

/* Columns by their place, where a form draws them. */
enum { FIGURE_CALLS, FIGURE_ANSWERED, FIGURE_FAILED, FIGURE_RATE, FIGURE_ABANDONED, FIGURE_ABANDON_RATE,
	FIGURE_FIRST, FIGURE_LAST };
enum { DAY_DAY, DAY_CALLS, DAY_ANSWERED, DAY_FAILED, DAY_RATE };
enum { HOUR_WEEKDAY, HOUR_HOUR, HOUR_CALLS, HOUR_ANSWERED, HOUR_RATE };
enum { CAUSE_CATEGORY, CAUSE_CODE, CAUSE_CAUSE, CAUSE_CALLS, CAUSE_SHARE };

struct report {
	const char     *title;
	const char     *span;                      /* which results it is about, in words */
	bool            chinese;                   /* its words are Chinese, else English */
	struct db_rows *rows[REPORT_PARTS];
	struct column   columns[REPORT_PARTS][REPORT_COLUMNS_MAX];
};

/* The answer to a part's question, which is the report's. */
void report_set_answer(struct report *report, enum report_part part, struct db_rows *rows);

/* A word, or a format, in the language of the report: the English one where there is no other. */
const char *report_word(const struct report *report, const char *english) __attribute__((format_arg(2)));

/* The values of these columns are words of ours, and not what somebody sent. */
bool report_has_words(const struct report *report, enum report_part part, int column);

/* A cell as a person reads it: a rate as a percentage, "-" for none.  text is room for it. */
enum { REPORT_CELL_SIZE = 32 };
const char *report_cell(const struct report *report, enum report_part part, int row, int column,
    char text[REPORT_CELL_SIZE]);

/* A cell as a number; 0 for none. */
double report_number(const struct report *report, enum report_part part, int row, int column);

/* The largest number of a column. */
double report_largest(const struct report *report, enum report_part part, int column);

/* Monday first, as ISO 8601 has it. */
enum { REPORT_WEEKDAYS = 7 };
extern const char *const report_weekdays[REPORT_WEEKDAYS];

/* Tables, and bars of characters, for a terminal that is width columns wide. */
void report_write_text(FILE *file, const struct report *report, int width);

/* A page that stands alone: its style is in it, its pictures are drawn in it, and nothing is loaded. */
void report_write_html(FILE *file, const struct report *report);

#endif
