/* What a check of doctor works with: the set-up, and where it says what it found. */
#ifndef DOCTOR_H
#define DOCTOR_H

#include "ctl/ctl.h"

enum severity {
	FINDING_OK,
	FINDING_UNKNOWN,    /* could not be checked */
	FINDING_WARNING,    /* a risk, or a rule broken; nothing is lost by it */
	FINDING_FAULT,      /* can lose data or refuse it */
	SEVERITIES
};

struct doctor {
	struct ctl   *ctl;
	struct db    *db;           /* connected as callresultd connects, by the configuration alone */
	bool          connected;
	struct table *findings;
	int           counts[SEVERITIES];
};

/* Says a finding: what it is, why it matters, and the command or key that cures it; NULL: nothing to say. */
void doctor_say(struct doctor *doctor, enum severity severity, const char *why, const char *cure,
    const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The checks of the database, and those of this machine. */
void doctor_database(struct doctor *doctor);
void doctor_host(struct doctor *doctor);

#endif
