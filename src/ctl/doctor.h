/* What a check of doctor works with: the set-up, and what it found. */
#ifndef DOCTOR_H
#define DOCTOR_H

#include "ctl/ctl.h"
#include "ctl/findings.h"

struct doctor {
	struct ctl     *ctl;
	struct db      *db;         /* connected as callresultd connects, by the configuration alone */
	bool            connected;
	struct findings findings;
};

/* The checks of the database, and those of this machine. */
void doctor_database(struct doctor *doctor);
void doctor_host(struct doctor *doctor);

#endif
