/* What doctor's checks share: the table of findings, and queries of the database. */
#include "ctl/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

enum { TEXT_SIZE = 512 };

static const struct {
	const char     *name;
	enum table_mark mark;
} severities[SEVERITIES] = {
	[FINDING_OK] = { "ok", TABLE_GOOD },
	[FINDING_UNKNOWN] = { "unknown", TABLE_DOUBTFUL },
	[FINDING_WARNING] = { "warning", TABLE_DOUBTFUL },
	[FINDING_FAULT] = { "FAULT", TABLE_BAD },
};

struct doctor
doctor_new(struct ctl *ctl)
{
	static const struct column columns[] = { { "severity", COLUMN_TEXT }, { "what", COLUMN_TEXT },
		{ "why", COLUMN_TEXT }, { "cure", COLUMN_TEXT } };

	return (struct doctor){ .ctl = ctl,
		.findings = table_new("findings", TABLE_BLOCKS, columns, ELEMENTS(columns)) };
}

void
doctor_add(struct doctor *doctor, enum severity severity, const char *why, const char *cure, const char *format, ...)
{
	char what[TEXT_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof what, format, arguments);
	va_end(arguments);
	table_add(doctor->findings, severities[severity].name);
	table_mark(doctor->findings, severities[severity].mark);
	table_add(doctor->findings, what);
	table_add(doctor->findings, why);
	table_add(doctor->findings, cure);
	doctor->counts[severity]++;
}

struct table *
doctor_summary(const struct doctor *doctor)
{
	static const struct column columns[] = { { "faults", COLUMN_NUMBER }, { "warnings", COLUMN_NUMBER },
		{ "unknown", COLUMN_NUMBER }, { "fine", COLUMN_NUMBER } };
	struct table *table = table_new("summary", TABLE_RECORD, columns, SEVERITIES);

	for (int i = SEVERITIES - 1; i >= 0; i--)
		table_add_number(table, doctor->counts[i]);
	return table;
}

struct db_rows *
doctor_ask(struct doctor *doctor, const char *about, const char *text)
{
	struct db_rows *rows = db_query(doctor->db, text, NULL, 0, clock_ms() + DOCTOR_QUERY_TIME);

	if (rows == NULL)
		doctor_add(doctor, FINDING_UNKNOWN, NULL, NULL, "%s: %s", about, db_problem(doctor->db));
	return rows;
}

const char *
doctor_cell(const struct db_rows *rows, int column)
{
	const char *text = db_rows_text(rows, 0, column);

	return text != NULL ? text : "";
}

bool
doctor_is(const struct db_rows *rows, int column, const char *value)
{
	return strcmp(doctor_cell(rows, column), value) == 0;
}
