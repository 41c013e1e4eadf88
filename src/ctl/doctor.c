/* callresultctl doctor: what in this set-up could lose or refuse data. */
#include "ctl/doctor.h"

#include <stdarg.h>
#include <stdio.h>

#include "ctl/commands.h"

enum { TEXT_SIZE = 512 };

static const char *const severity_names[SEVERITIES] = {
	[FINDING_OK] = "ok", [FINDING_UNKNOWN] = "unknown", [FINDING_WARNING] = "warning", [FINDING_FAULT] = "FAULT",
};

void
doctor_say(struct doctor *doctor, enum severity severity, const char *why, const char *cure, const char *format, ...)
{
	char what[TEXT_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof what, format, arguments);
	va_end(arguments);
	table_add(doctor->findings, severity_names[severity]);
	table_add(doctor->findings, what);
	table_add(doctor->findings, why);
	table_add(doctor->findings, cure);
	doctor->counts[severity]++;
}

static struct table *
summary(const struct doctor *doctor)
{
	static const struct column columns[] = { { "faults", COLUMN_NUMBER }, { "warnings", COLUMN_NUMBER },
		{ "unknown", COLUMN_NUMBER }, { "fine", COLUMN_NUMBER } };
	struct table *table = table_new("summary", TABLE_RECORD, columns, sizeof columns / sizeof *columns);

	table_add_number(table, doctor->counts[FINDING_FAULT]);
	table_add_number(table, doctor->counts[FINDING_WARNING]);
	table_add_number(table, doctor->counts[FINDING_UNKNOWN]);
	table_add_number(table, doctor->counts[FINDING_OK]);
	return table;
}

int
doctor_run(struct ctl *ctl, int argc, char **argv)
{
	static const struct column columns[] = { { "severity", COLUMN_TEXT }, { "what", COLUMN_TEXT },
		{ "why", COLUMN_TEXT }, { "cure", COLUMN_TEXT } };
	struct doctor doctor = { .ctl = ctl };
	struct table *tables[2];

	(void)argc, (void)argv;
	if (ctl->given_conninfo != NULL)
		return ctl_usage_error(ctl, "doctor looks at the connection that callresultd has, and takes no -d");
	doctor.db = db_new(ctl->settings.conninfo, ctl->settings.call_timezone);
	doctor.findings = table_new("findings", TABLE_BLOCKS, columns, sizeof columns / sizeof *columns);
	doctor_database(&doctor);
	doctor_host(&doctor);
	db_free(doctor.db);
	tables[0] = doctor.findings;
	tables[1] = summary(&doctor);
	ctl_print(ctl, tables, 2);
	return doctor.counts[FINDING_FAULT] > 0 ? CTL_WRONG : CTL_FINE;
}
