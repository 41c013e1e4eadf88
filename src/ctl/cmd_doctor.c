/* callresultctl doctor: finds what could lose or refuse data, with the eyes of callresultd's user. */
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/path.h"
#include "ctl/commands.h"
#include "ctl/doctor.h"
#include "ctl/intake.h"

/* What the unit gives the service as its password file. */
#define PGPASS "/etc/callresultd/pgpass"

enum { PASSWORDS_MAX = 64 * 1024 };

/* --- whose eyes -------------------------------------------------------------------------------------------- */

/* The owner of the spool's folder; NULL when there is none that the system knows. */
static const struct passwd *
service_user(const char *spool)
{
	char folder[PATH_MAX];
	struct stat found;

	(void)!path_folder(folder, spool);
	return stat(folder, &found) == 0 ? getpwuid(found.st_uid) : NULL;
}

/* Gives libpq a copy in memory, which has a path too: only root can read the password file itself. */
static void
show_passwords(struct slice passwords)
{
	char path[64];
	int copy = memfd_create("pgpass", 0);

	if (copy < 0 || fchmod(copy, 0600) != 0 || write(copy, passwords.bytes,
	    passwords.length) != (ssize_t)passwords.length)
		return;
	snprintf(path, sizeof path, "/proc/self/fd/%d", copy);
	setenv("PGPASSFILE", path, 0);
}

/*
 * Becomes the user of callresultd until look_as_root(): root can read every file, and peer authentication would look
 * for a role named root.
 */
static void
look_as_service(struct doctor *doctor)
{
	const struct passwd *user = service_user(doctor->ctl->settings.spool_path);
	struct slice passwords = { NULL, 0 };
	const char *problem;

	doctor->is_service = user != NULL && geteuid() == user->pw_uid;
	if (geteuid() != 0 || user == NULL || user->pw_uid == 0)
		return;
	(void)!intake_read_file(PGPASS, PASSWORDS_MAX, &passwords, &problem);
	if (initgroups(user->pw_name, user->pw_gid) != 0 || setresgid(user->pw_gid, user->pw_gid, 0) != 0 ||
	    setresuid(user->pw_uid, user->pw_uid, 0) != 0)
		log_fatal("cannot switch to %s, the user of callresultd", user->pw_name);
	if (passwords.bytes != NULL)
		show_passwords(passwords);
	memory_free(passwords.bytes);
	doctor->is_service = doctor->was_root = true;
	doctor_add_ok(doctor, "doctor checks files and database as %s, the owner of the spool", user->pw_name);
}

static void
look_as_root(const struct doctor *doctor)
{
	if (doctor->was_root && (setresuid(0, 0, 0) != 0 || setresgid(0, 0, 0) != 0))
		log_fatal("cannot switch back to root");
}

/* --- the command ------------------------------------------------------------------------------------------- */

int
cmd_doctor(struct ctl *ctl)
{
	struct doctor doctor;
	struct table *tables[2];

	if (ctl->given_conninfo != NULL)
		return ctl_usage_error(ctl, "doctor checks the connection that callresultd uses, and does not accept"
		    " -d");
	doctor = doctor_new(ctl);
	look_as_service(&doctor);
	doctor.db = db_new(ctl->settings.conninfo, ctl->settings.call_timezone);
	doctor.connected = doctor_connection(&doctor);
	if (doctor.connected && doctor_server(&doctor)) {
		doctor_schema(&doctor);
		doctor_role(&doctor);
	}
	doctor_host(&doctor);
	look_as_root(&doctor);
	doctor_worker(&doctor);
	db_free(doctor.db);
	tables[0] = doctor.findings;
	tables[1] = doctor_summary(&doctor);
	ctl_print(ctl, tables, 2);
	return doctor.counts[FINDING_FAULT] > 0 ? CTL_WRONG : CTL_FINE;
}
