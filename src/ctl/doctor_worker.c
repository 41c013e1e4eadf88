/* What doctor asks the callresultd that runs: whether it serves, and the figures that tell of trouble to come. */
#include <stddef.h>

#include "base/memory.h"
#include "ctl/doctor.h"
#include "ctl/probe.h"
#include "ctl/worker.h"

#define HOUSEKEEPER "look for \"housekeeper\" in the log of callresultd, which says what keeps it from its work"

/* --- its figures ------------------------------------------------------------------------------------------- */

/* Gauges that may grow to a limit. */
static const struct {
	const char *series;
	double      limit;
	const char *found;      /* behind the figure */
	const char *why;
	const char *cure;
} limits[] = {
	{ "callresultd_unplaced_rows", 0, "rows wait in default partitions for their month",
	  "retain() drops whole months and leaves them, and questions about a month are slower", HOUSEKEEPER },
	{ "callresultd_journal_rows", 1e6, "rows of the tally's journal wait to be folded",
	  "reports read all of them and get slower", HOUSEKEEPER },
	{ "callresultd_quarantine_entries", 1e4, "entries are open in quarantine",
	  "either the platform sends what nobody can read, or a rule of the database refuses what is good",
	  "callresultctl quarantine list, then retry or resolve; callresult.retain() deletes old ones" },
	{ "callresultd_quarantine_bytes", 1e9, "bytes are in open entries of the quarantine",
	  "they take the database's disk; a leaked token may be behind it, too",
	  "callresultctl quarantine list, then retry or resolve; callresult.retain() deletes old ones" },
};

static void
check_figures(struct doctor *doctor, const char *metrics)
{
	double value;
	int found = 0;

	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		if (!worker_value(metrics, limits[i].series, &value) || value <= limits[i].limit)
			continue;
		found++;
		doctor_add(doctor, FINDING_WARNING, limits[i].why, limits[i].cure, "%.0f %s", value, limits[i].found);
	}
	if (found == 0)
		doctor_add(doctor, FINDING_OK, NULL, NULL, "months, tally and quarantine are within bounds");
}

static void
check_state(struct doctor *doctor, const char *metrics)
{
	double database, spool;

	if (worker_value(metrics, "callresultd_database_up", &database) && database == 0 && doctor->connected)
		doctor_add(doctor, FINDING_FAULT, "pushes go to the spool until it is full",
		    "look into its log for why; was its configuration changed since it was started?",
		    "the database can be reached, and callresultd has no connection to it");
	if (worker_value(metrics, "callresultd_spool_up", &spool) && spool == 0)
		doctor_add(doctor, FINDING_FAULT, "pushes are refused in an outage",
		    "look into its log for why: the disk, the size of the spool, who owns its folder",
		    "the spool of the callresultd that runs takes nothing");
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
		doctor_add(doctor, FINDING_UNKNOWN, NULL, "run this as root or as the user that callresultd runs as",
		    "the figures of callresultd: %s", problem);
	}
	memory_free(metrics);
}

void
doctor_worker(struct doctor *doctor)
{
	const char *where = doctor->ctl->settings.listen;

	switch (probe_listens(where)) {
	case PROBE_SERVING:
		doctor_add(doctor, FINDING_OK, NULL, NULL, "callresultd listens on %s", where);
		ask_worker(doctor, where);
		break;
	case PROBE_WAITING:
		doctor_add(doctor, FINDING_WARNING, "pushes wait there until it runs; a service that systemd"
		    " starts for them is not seen to fail before", "systemctl start callresultd.service; then"
		    " look at its status", "somebody listens on %s, and callresultd does not run", where);
		break;
	case PROBE_UNKNOWN:
		doctor_add(doctor, FINDING_UNKNOWN, NULL, "run this as root or as the user that callresultd runs as",
		    "somebody listens on %s; whether callresultd does is hidden", where);
		break;
	case PROBE_NOBODY:
		doctor_add(doctor, FINDING_FAULT, "the web server answers 502, and the platform may not push again",
		    "systemctl start callresultd.socket callresultd; or is this another user's socket, or one handed"
		    " over?",
		    "nobody can be reached on %s", where);
		break;
	}
}
