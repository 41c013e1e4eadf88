/* What the checks of doctor work with, and the checks, each in the file of its name. */
#ifndef DOCTOR_H
#define DOCTOR_H

#include "ctl/ctl.h"

enum { DOCTOR_QUERY_TIME = 10 * 1000 };     /* milliseconds for a query */

enum severity {
	FINDING_OK,
	FINDING_UNKNOWN,    /* could not be checked */
	FINDING_WARNING,    /* a risk, or a secret that others can read */
	FINDING_FAULT,      /* can lose data or refuse it */
	SEVERITIES
};

struct doctor {
	struct ctl     *ctl;
	struct db      *db;         /* connected as callresultd connects, by the configuration alone */
	bool            connected;
	bool            is_service; /* doctor runs as callresultd's user: what it may not do, callresultd may not */
	bool            was_root;   /* doctor was started by root, and can become root again */
	struct table   *findings;   /* to be freed by the caller */
	int             counts[SEVERITIES];
};

struct doctor doctor_new(struct ctl *ctl);

/* Adds a finding: why it matters, the command or key that cures it (NULL: nothing to say), and what was found. */
void doctor_add(struct doctor *doctor, enum severity severity, const char *why, const char *cure, const char *format,
    ...) __attribute__((format(printf, 5, 6)));
#define doctor_add_ok(doctor, ...) doctor_add(doctor, FINDING_OK, NULL, NULL, __VA_ARGS__)

/* Reasons and cures that several checks have. */
#define DOCTOR_NOT_STORED "callresultd cannot store anything: pushes go to the spool until it is full"
#define DOCTOR_NOT_SPOOLED "callresultd refuses pushes during an outage"
#define DOCTOR_NOT_STARTED "callresultd cannot start, and a reload fails"
#define DOCTOR_AS_ROOT "run doctor as root or as the user of callresultd"

/* How many findings there are of each severity; the caller frees the table. */
struct table *doctor_summary(const struct doctor *doctor);

/* Queries the database.  NULL, with a finding that names about, when that fails. */
struct db_rows *doctor_ask(struct doctor *doctor, const char *about, const char *text);

/* The text of a cell of the first row, "" for NULL; and whether it is value. */
const char *doctor_cell(const struct db_rows *rows, int column);
bool doctor_is(const struct db_rows *rows, int column, const char *value);

/* Connects doctor->db.  False, with a finding, when that fails: the next three need it. */
bool doctor_connection(struct doctor *doctor) __attribute__((warn_unused_result));

/* The settings of the server.  False when there is no schema, which the next two check. */
bool doctor_server(struct doctor *doctor) __attribute__((warn_unused_result));
void doctor_schema(struct doctor *doctor);
void doctor_role(struct doctor *doctor);

/* The files and the limits of this machine, and the callresultd that runs on it. */
void doctor_host(struct doctor *doctor);
void doctor_worker(struct doctor *doctor);

#endif
