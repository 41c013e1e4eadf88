/* What doctor found, each with why it matters and what cures it. */
#ifndef FINDINGS_H
#define FINDINGS_H

#include <stdarg.h>

#include "ctl/table.h"

enum severity {
	FINDING_OK,
	FINDING_UNKNOWN,    /* could not be checked */
	FINDING_WARNING,    /* a risk, or a rule broken; nothing is lost by it */
	FINDING_FAULT,      /* can lose data or refuse it */
	SEVERITIES
};

struct findings {
	struct table *table;
	int           counts[SEVERITIES];
};

/* Makes the empty table, which is the caller's. */
void findings_init(struct findings *findings);

/* Adds one: what it is, why it matters, and the command or key that cures it; NULL: nothing to say. */
void findings_add(struct findings *findings, enum severity severity, const char *why, const char *cure,
    const char *format, va_list arguments) __attribute__((format(printf, 5, 0)));

/* How many there are of each severity, as a table of the caller's. */
struct table *findings_summary(const struct findings *findings);

#endif
