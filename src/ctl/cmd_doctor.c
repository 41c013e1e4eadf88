/* callresultctl doctor: what in this set-up could lose or refuse data. */
#include "ctl/commands.h"
#include "ctl/doctor.h"

int
doctor_run(struct ctl *ctl, int argc, char **argv)
{
	struct doctor doctor = { .ctl = ctl };
	struct table *tables[2];

	(void)argc, (void)argv;
	if (ctl->given_conninfo != NULL)
		return ctl_usage_error(ctl, "doctor looks at the connection that callresultd has, and takes no -d");
	doctor.db = db_new(ctl->settings.conninfo, ctl->settings.call_timezone);
	findings_init(&doctor.findings);
	doctor.connected = doctor_connection(&doctor);
	if (doctor.connected && doctor_server(&doctor)) {
		doctor_schema(&doctor);
		doctor_role(&doctor);
	}
	doctor_host(&doctor);
	doctor_worker(&doctor);
	db_free(doctor.db);
	tables[0] = doctor.findings.table;
	tables[1] = findings_summary(&doctor.findings);
	ctl_print(ctl, tables, 2);
	return doctor.findings.counts[FINDING_FAULT] > 0 ? CTL_WRONG : CTL_FINE;
}
