/* What doctor found, as a table. */
#include "ctl/findings.h"

#include <stdio.h>

enum { TEXT_SIZE = 512 };

static const char *const severity_names[SEVERITIES] = {
	[FINDING_OK] = "ok", [FINDING_UNKNOWN] = "unknown", [FINDING_WARNING] = "warning", [FINDING_FAULT] = "FAULT",
};

static const enum table_mark marks[SEVERITIES] = {
	[FINDING_OK] = TABLE_GOOD, [FINDING_UNKNOWN] = TABLE_DOUBTFUL, [FINDING_WARNING] = TABLE_DOUBTFUL,
	[FINDING_FAULT] = TABLE_BAD,
};

void
findings_init(struct findings *findings)
{
	static const struct column columns[] = { { "severity", COLUMN_TEXT }, { "what", COLUMN_TEXT },
		{ "why", COLUMN_TEXT }, { "cure", COLUMN_TEXT } };

	*findings = (struct findings){
		.table = table_new("findings", TABLE_BLOCKS, columns, sizeof columns / sizeof *columns)
	};
}

void
findings_add(struct findings *findings, enum severity severity, const char *why, const char *cure, const char *format,
    va_list arguments)
{
	char what[TEXT_SIZE];

	vsnprintf(what, sizeof what, format, arguments);
	table_add(findings->table, severity_names[severity]);
	table_mark(findings->table, marks[severity]);
	table_add(findings->table, what);
	table_add(findings->table, why);
	table_add(findings->table, cure);
	findings->counts[severity]++;
}

struct table *
findings_summary(const struct findings *findings)
{
	static const struct column columns[] = { { "faults", COLUMN_NUMBER }, { "warnings", COLUMN_NUMBER },
		{ "unknown", COLUMN_NUMBER }, { "fine", COLUMN_NUMBER } };
	struct table *table = table_new("summary", TABLE_RECORD, columns, sizeof columns / sizeof *columns);

	table_add_number(table, findings->counts[FINDING_FAULT]);
	table_add_number(table, findings->counts[FINDING_WARNING]);
	table_add_number(table, findings->counts[FINDING_UNKNOWN]);
	table_add_number(table, findings->counts[FINDING_OK]);
	return table;
}
