/* What a check of doctor works with, and the checks, each in the file of its name. */
#ifndef DOCTOR_H
#define DOCTOR_H

#include "ctl/ctl.h"

/* What the unit gives the service as its password file. */
#define DOCTOR_PGPASS "/etc/callresultd/pgpass"

enum { DOCTOR_QUERY_TIME = 10 * 1000 };     /* milliseconds for a question */

enum severity {
	FINDING_OK,
	FINDING_UNKNOWN,    /* could not be checked */
	FINDING_WARNING,    /* a risk, or a rule broken; nothing is lost by it */
	FINDING_FAULT,      /* can lose data or refuse it */
	SEVERITIES
};

struct doctor {
	struct ctl     *ctl;
	struct db      *db;         /* connected as callresultd connects, by the configuration alone */
	bool            connected;
	bool            is_service; /* this is callresultd's user: what it may not do, callresultd may not */
	bool            was_root;   /* and root can be had back */
	struct table   *findings;   /* the caller's */
	int             counts[SEVERITIES];
};

struct doctor doctor_new(struct ctl *ctl);

/* Adds a finding: what it is, why it matters, and the command or key that cures it; NULL: nothing to say. */
void doctor_add(struct doctor *doctor, enum severity severity, const char *why, const char *cure, const char *format,
    ...) __attribute__((format(printf, 5, 6)));

/* How many there are of each severity, as a table of the caller's. */
struct table *doctor_summary(const struct doctor *doctor);

/* Asks the database; NULL, with a finding, when it cannot be asked. */
struct db_rows *doctor_ask(struct doctor *doctor, const char *about, const char *text);

/* The text of the first row, "" for NULL; and whether it is that value. */
const char *doctor_cell(const struct db_rows *rows, int column);
bool doctor_is(const struct db_rows *rows, int column, const char *value);

/* Connects.  False, with a finding, when that fails: there is no database to ask then. */
bool doctor_connection(struct doctor *doctor);

/* Whether the schema is there, which the next two ask about. */
bool doctor_server(struct doctor *doctor);
void doctor_schema(struct doctor *doctor);
void doctor_role(struct doctor *doctor);

/* The files and the limits of this machine, and the callresultd that runs on it. */
void doctor_host(struct doctor *doctor);
void doctor_worker(struct doctor *doctor);

#endif
