/* What doctor checks of the running callresultd: whether it serves, and the figures that show trouble coming. */
#include <stddef.h>

#include "base/memory.h"
#include "ctl/doctor.h"
#include "ctl/probe.h"
#include "ctl/worker.h"

#define HOUSEKEEPER "look for \"housekeeper\" in callresultd's log, which says what stops it"

/* --- its figures ------------------------------------------------------------------------------------------- */

/* Gauges that may grow up to a limit. */
static const struct {
	const char *series;
	double      limit;
	const char *found;      /* in front of the figure */
	const char *why;
	const char *cure;
} limits[] = {
	{ "callresultd_unplaced_rows", 0, "rows in default partitions that wait for the partition of their month",
	  "retain() drops whole months and misses these rows, and queries about a month are slower", HOUSEKEEPER },
	{ "callresultd_journal_rows", 1e6, "rows of the tally's journal that wait to be folded",
	  "every report reads all of them and gets slower", HOUSEKEEPER },
	{ "callresultd_quarantine_entries", 1e4, "open quarantine entries",
	  "either the platform sends records that cannot be read, or a rule of the database refuses good ones",
	  "callresultctl quarantine list, then retry or resolve; callresult.retain() deletes old entries" },
	{ "callresultd_quarantine_bytes", 1e9, "bytes in open quarantine entries",
	  "they fill the database's disk; someone may be pushing with a leaked token",
	  "callresultctl quarantine list, then retry or resolve; callresult.retain() deletes old entries" },
};

static void
check_figures(struct doctor *doctor, const char *metrics)
{
	double value;
	int found = 0;

	for (int i = 0; i < ELEMENTS(limits); i++) {
		if (!worker_value(metrics, limits[i].series, &value) || value <= limits[i].limit)
			continue;
		found++;
		doctor_add(doctor, FINDING_WARNING, limits[i].why, limits[i].cure, "%s: %.0f", limits[i].found, value);
	}
	if (found == 0)
		doctor_add_ok(doctor, "default partitions, tally and quarantine are within bounds");
}

static void
check_state(struct doctor *doctor, const char *metrics)
{
	double database, spool;

	if (worker_value(metrics, "callresultd_database_up", &database) && database == 0 && doctor->connected)
		doctor_add(doctor, FINDING_FAULT, "callresultd puts pushes into the spool until it is full",
		    "its log gives the reason; perhaps its configuration was changed after it started",
		    "the database can be reached, but callresultd has no connection to it");
	if (worker_value(metrics, "callresultd_spool_up", &spool) && spool == 0)
		doctor_add(doctor, FINDING_FAULT, DOCTOR_NOT_SPOOLED, "its log gives the reason: the disk, the size of"
		    " the spool, or the owner of its folder",
		    "the running callresultd cannot put pushes into its spool");
}

/* --- whether it serves ------------------------------------------------------------------------------------- */

static void
ask_worker(struct doctor *doctor, const char *where)
{
	const char *problem;
	char *metrics = worker_metrics(where, &problem);

	if (metrics != NULL) {
		check_state(doctor, metrics);
		check_figures(doctor, metrics);
	} else {
		doctor_add(doctor, FINDING_UNKNOWN, NULL, DOCTOR_AS_ROOT, "cannot read callresultd's metrics: %s",
		    problem);
	}
	memory_free(metrics);
}

void
doctor_worker(struct doctor *doctor)
{
	const char *where = doctor->ctl->settings.listen;

	switch (probe_listens(where)) {
	case PROBE_SERVING:
		doctor_add_ok(doctor, "callresultd listens on %s", where);
		ask_worker(doctor, where);
		break;
	case PROBE_WAITING:
		doctor_add(doctor, FINDING_WARNING, "pushes wait at the socket until callresultd starts; where systemd"
		    " starts it on demand, a failing start shows only with the first push", "systemctl start"
		    " callresultd.service, then systemctl status callresultd.service", "another process listens on %s,"
		    " and callresultd does not run", where);
		break;
	case PROBE_UNKNOWN:
		doctor_add(doctor, FINDING_UNKNOWN, NULL, DOCTOR_AS_ROOT,
		    "a process listens on %s, but this user cannot see whether it is callresultd", where);
		break;
	case PROBE_NOBODY:
		doctor_add(doctor, FINDING_FAULT, "the web server answers 502, and the platform may not push again",
		    "systemctl start callresultd.socket callresultd; if it runs already, its socket is elsewhere"
		    " (handed over, or closed to this user)",
		    "nothing accepts connections on %s", where);
		break;
	}
}
