/* What doctor checks on this machine: files, the spool's disk, limits, the clock. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/path.h"
#include "ctl/doctor.h"
#include "ctl/token_file.h"
#include "front/server.h"
#include "push/push.h"

enum { MEBIBYTE = 1024 * 1024, TOKEN_DIGITS = 22, LONG_WAIT = 600, BACKLOG = 1024 };

/* --- files with secrets ------------------------------------------------------------------------------------ */

/* Whether the modes of the file and of all folders above it let everybody read it. */
static bool
others_may_read(const char *path)
{
	char above[PATH_MAX];
	struct stat found;

	if (stat(path, &found) != 0 || (found.st_mode & S_IROTH) == 0 || realpath(path, above) == NULL)
		return false;
	while (above[1] != '\0') {
		char *slash = strrchr(above, '/');

		slash[slash == above ? 1 : 0] = '\0';
		if (stat(above, &found) == 0 && (found.st_mode & S_IXOTH) == 0)
			return false;
	}
	return true;
}

/* A fault only if doctor runs as callresultd's user: what another user may not do says nothing about callresultd. */
static void
add_no_access(struct doctor *doctor, const char *why, const char *cure, const char *path)
{
	if (doctor->is_service)
		doctor_add(doctor, FINDING_FAULT, why, cure, "callresultd has no access to %s", path);
	else
		doctor_add(doctor, FINDING_UNKNOWN, NULL, DOCTOR_AS_ROOT, "this user has no access to %s", path);
}

static void
check_configuration(struct doctor *doctor)
{
	const char *config = doctor->ctl->config;
	char cure[PATH_MAX + 64];

	snprintf(cure, sizeof cure, "chgrp callresultd %s; chmod 640 %s", config, config);
	if (access(config, R_OK) != 0)
		doctor_add(doctor, FINDING_FAULT, DOCTOR_NOT_STARTED, cure, "callresultd cannot read %s: %s", config,
		    strerror(errno));
	if (!db_conninfo_has_password(doctor->ctl->settings.conninfo))
		doctor_add_ok(doctor, "the configuration contains no password");
	else if (others_may_read(config))
		doctor_add(doctor, FINDING_WARNING, "every user of this machine can read the password", cure,
		    "%s contains a password and is world-readable", config);
	else
		doctor_add_ok(doctor, "%s contains a password and is not world-readable", config);
}

static void
judge_tokens(struct doctor *doctor, const struct token_file *file)
{
	const char *path = doctor->ctl->settings.tokens;
	size_t weak = 0;

	if (token_file_count(file) == 0)
		doctor_add(doctor, FINDING_FAULT, DOCTOR_NOT_STARTED, "callresultctl token new NAME",
		    "%s contains no token", path);
	for (size_t i = 0; i < token_file_count(file); i++)
		weak += strlen(token_file_token(file, i)) < TOKEN_DIGITS;
	if (weak > 0)
		doctor_add(doctor, FINDING_WARNING, "only the token distinguishes the platform's pushes from anyone"
		    " else's, and a short one can be guessed", "callresultctl token rotate NAME, give the platform the"
		    " new URL, then callresultctl token revoke NAME-old", "tokens shorter than %d characters: %zu",
		    TOKEN_DIGITS, weak);
}

static void
check_tokens(struct doctor *doctor)
{
	const char *path = doctor->ctl->settings.tokens;
	char cure[PATH_MAX + 64];
	struct token_file *file;

	if (doctor->ctl->settings.allow_anonymous) {
		doctor_add(doctor, FINDING_WARNING, "anyone who can reach the URL can store anything",
		    "set [auth] allow_anonymous = no", "callresultd accepts pushes without a token");
		return;
	}
	snprintf(cure, sizeof cure, "chgrp callresultd %s; chmod 640 %s", path, path);
	if (others_may_read(path))
		doctor_add(doctor, FINDING_WARNING, "every user of this machine can read the tokens and push with"
		    " them", cure, "%s is world-readable", path);
	if (access(path, R_OK) != 0 && errno == EACCES) {
		add_no_access(doctor, DOCTOR_NOT_STARTED, cure, path);
		return;
	}
	file = token_file_open(path, false);
	if (file == NULL) {
		doctor_add(doctor, FINDING_FAULT, "callresultd cannot start without it",
		    "callresultctl token new NAME", "callresultd cannot read %s: %s", path, strerror(errno));
		return;
	}
	judge_tokens(doctor, file);
	if (token_file_bad_line(file) > 0)
		doctor_add(doctor, FINDING_FAULT, DOCTOR_NOT_STARTED,
		    "correct the line (name:token, where the token consists of letters, digits and -._~) or delete it",
		    "%s, line %zu: callresultd rejects this line", path, token_file_bad_line(file));
	else if (token_file_count(file) > 0)
		doctor_add_ok(doctor, "%s contains tokens: %zu", path, token_file_count(file));
	token_file_close(file);
}

/* --- the spool --------------------------------------------------------------------------------------------- */

static void
check_spool_disk(struct doctor *doctor, const char *folder)
{
	const struct settings *settings = &doctor->ctl->settings;
	const char *risk = spool_disk_risk(folder);
	struct statvfs disk;
	struct stat file;
	int64_t room, used = stat(settings->spool_path, &file) == 0 ? (int64_t)file.st_size : 0;

	if (risk != NULL)
		doctor_add(doctor, FINDING_FAULT, "pushes that were answered 200 during an outage may be lost",
		    "set [spool] path to a local disk", "the spool %s", risk);
	else
		doctor_add_ok(doctor, "the spool is not on a file system known to be unsafe");
	if (statvfs(folder, &disk) != 0)
		return;
	room = (int64_t)(disk.f_bavail * disk.f_frsize);
	if (room < SPOOL_FREE_FLOOR)
		doctor_add(doctor, FINDING_FAULT, "with so little free space the spool accepts nothing: callresultd"
		    " refuses pushes during an outage", "free disk space, or move the spool ([spool] path)",
		    "the spool's disk has %" PRId64 " MiB left", room / MEBIBYTE);
	else if (room + used - SPOOL_FREE_FLOOR < settings->spool_max_size)
		doctor_add(doctor, FINDING_WARNING, "the disk fills before the spool reaches max_size: callresultd"
		    " bridges a shorter outage than configured", "free disk space, or lower [spool] max_size",
		    "the spool may grow to %" PRId64 " MiB, but its disk has only %" PRId64 " MiB for it",
		    settings->spool_max_size / MEBIBYTE, (room + used - SPOOL_FREE_FLOOR) / MEBIBYTE);
	else
		doctor_add_ok(doctor, "the spool's disk has room for a full spool");
}

/* The first file beside the spool with that mark in its name, which callresultd leaves until its next start. */
static void
check_leftover(struct doctor *doctor, struct spool *spool, const char *mark, const char *what)
{
	char ending[NAME_MAX], cure[PATH_MAX + 64];
	glob_t found;
	size_t i = 0;

	snprintf(ending, sizeof ending, "%s*", mark);
	if (!path_find_beside(doctor->ctl->settings.spool_path, ending, &found))
		return;
	while (spool != NULL && i < found.gl_pathc && spool_is_to_rescue(spool, found.gl_pathv[i]))
		i++;
	if (i < found.gl_pathc) {
		snprintf(cure, sizeof cure, "callresultctl spool rescue %s, then move that file away",
		    found.gl_pathv[i]);
		doctor_add(doctor, FINDING_FAULT, "the pushes in it were answered 200 but are not in the database",
		    cure, "callresultd %s: %s", what, found.gl_pathv[i]);
	}
	globfree(&found);
}

/* spool: NULL when it cannot be read. */
static void
check_leftovers(struct doctor *doctor, struct spool *spool)
{
	check_leftover(doctor, spool, SPOOL_DAMAGED_MARK, "set a damaged spool aside");
	check_leftover(doctor, spool, SPOOL_COPY_MARK, "copied a spool that was removed or replaced");
}

static void
judge_waiting(struct doctor *doctor, const struct spool_summary *summary)
{
	int64_t age = summary->oldest != 0 ? (clock_timestamp() - summary->oldest) / 1000000 : 0;

	if (summary->depth.pushes == 0)
		doctor_add_ok(doctor, "the spool is empty");
	else
		doctor_add(doctor, age > LONG_WAIT && doctor->connected ? FINDING_FAULT : FINDING_WARNING,
		    "they are not in the database yet; callresultd stores them by itself as soon as the database"
		    " accepts them", "callresultctl spool drain",
		    "pushes waiting in the spool: %" PRId64 ", the oldest for %" PRId64 " s", summary->depth.pushes,
		    age);
}

/* Returns the spool, for the caller to close; NULL when it cannot be read. */
static struct spool *
check_spool_file(struct doctor *doctor, const char *path)
{
	char problem[SPOOL_PROBLEM_SIZE];
	struct spool_summary summary;
	struct spool *spool;

	if (access(path, R_OK | W_OK) != 0 && errno == EACCES) {
		add_no_access(doctor, DOCTOR_NOT_SPOOLED, "chown callresultd the file, and its -wal and -shm files",
		    path);
		return NULL;
	}
	if (others_may_read(path))
		doctor_add(doctor, FINDING_WARNING, "the spool holds phone numbers, which every user of this machine"
		    " can read", "chmod 700 its folder and chmod 600 the file", "the spool %s is world-readable", path);
	spool = spool_open_existing(path, doctor->ctl->settings.spool_max_size, problem);
	if (spool != NULL && spool_summarize(spool, &summary, problem))
		judge_waiting(doctor, &summary);
	else
		doctor_add(doctor, FINDING_FAULT, DOCTOR_NOT_SPOOLED, "check its disk and its owner; callresultd sets a"
		    " damaged file aside when it starts", "the spool %s cannot be read: %s", path, problem);
	return spool;
}

static void
check_spool(struct doctor *doctor)
{
	const char *path = doctor->ctl->settings.spool_path;
	char folder[PATH_MAX], cure[PATH_MAX + 64];
	struct spool *spool = NULL;
	struct stat found;

	(void)!path_folder(folder, path);
	snprintf(cure, sizeof cure, "install -d -o callresultd -m 700 %s", folder);
	if (stat(folder, &found) != 0) {
		doctor_add(doctor, FINDING_FAULT, "without a spool callresultd refuses pushes during an outage", cure,
		    "the spool's folder %s: %s", folder, strerror(errno));
		return;
	}
	check_spool_disk(doctor, folder);
	if (stat(path, &found) == 0)
		spool = check_spool_file(doctor, path);
	else if (errno == ENOENT)
		doctor_add(doctor, FINDING_WARNING, "callresultd creates it at start, so it has not started yet or"
		    " uses another configuration", "start callresultd", "there is no spool %s yet", path);
	else
		doctor_add(doctor, FINDING_UNKNOWN, NULL, DOCTOR_AS_ROOT, "the spool %s: %s", path, strerror(errno));
	check_leftovers(doctor, spool);
	spool_close(spool);
}

/* --- limits ------------------------------------------------------------------------------------------------ */

static void
check_backlog(struct doctor *doctor)
{
	FILE *file = fopen("/proc/sys/net/core/somaxconn", "re");
	int limit = 0;

	if (file == NULL || fscanf(file, "%d", &limit) != 1)
		doctor_add(doctor, FINDING_UNKNOWN, NULL, NULL, "cannot read net.core.somaxconn");
	else if (limit < BACKLOG)
		doctor_add(doctor, FINDING_WARNING, "in a burst of pushes this queue fills, and the web server answers"
		    " 502", "sysctl -w net.core.somaxconn=4096, and the same line in /etc/sysctl.d",
		    "only %d connections can queue for callresultd (net.core.somaxconn)", limit);
	else
		doctor_add_ok(doctor, "%d connections can queue for callresultd (idle ones occupy no thread)", limit);
	if (file != NULL)
		fclose(file);
}

/* The bodies in flight are bounded together, and each push takes several times its body. */
static void
check_memory(struct doctor *doctor)
{
	const struct settings *settings = &doctor->ctl->settings;
	int64_t memory = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
	int64_t wanted = SERVER_BODIES * PUSH_TIMES * settings->max_body;

	if (memory > 0 && wanted > memory)
		doctor_add(doctor, FINDING_WARNING, "if memory runs out, callresultd ends, and the web server answers"
		    " 502 to the pushes in flight", "lower [server] max_body",
		    "the pushes in flight may take %" PRId64 " MiB, but this machine has %" PRId64 " MiB",
		    wanted / MEBIBYTE, memory / MEBIBYTE);
	else
		doctor_add_ok(doctor, "memory suffices for all pushes that may be in flight");
}

static void
check_ntp(struct doctor *doctor)
{
	struct timex state = { 0 };
	int code = adjtimex(&state);

	if (code < 0)
		doctor_add(doctor, FINDING_UNKNOWN, NULL, NULL, "cannot tell whether this machine's clock is"
		    " synchronised: %s", strerror(errno));
	else if (code == TIME_ERROR || (state.status & STA_UNSYNC) != 0)
		doctor_add(doctor, FINDING_WARNING, "this clock decides which content of a result is the newest",
		    "timedatectl set-ntp true", "this machine's clock is not synchronised");
	else
		doctor_add_ok(doctor, "this machine's clock is synchronised");
}

void
doctor_host(struct doctor *doctor)
{
	check_configuration(doctor);
	check_tokens(doctor);
	check_spool(doctor);
	check_backlog(doctor);
	check_memory(doctor);
	check_ntp(doctor);
}
