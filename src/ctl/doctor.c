/* What doctor's checks share: a finding, and questions to the database. */
#include "ctl/doctor.h"

#include <stdarg.h>
#include <string.h>

#include "base/clock.h"

void
doctor_add(struct doctor *doctor, enum severity severity, const char *why, const char *cure, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	findings_add(&doctor->findings, severity, why, cure, format, arguments);
	va_end(arguments);
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
