/* The disk that the spool's file lies on. */
#include "spool/spool_disk.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	RESERVE = 4 * 1024 * 1024,      /* bytes: what it needs to take out the last pushes */
	SPARE_PAGES = 1024,             /* free pages that an empty file may keep */
	SPARE_BYTES = 16 * 1024 * 1024, /* that pushes are to have on the disk, or the file keeps what it has */
	TURN_TIME = 100,                /* milliseconds to wait for the turn to shrink it */
};

const char *
spool_disk_risk(const char *path)
{
	struct statfs found;

	if (statfs(path, &found) != 0)
		return NULL;
	if (found.f_type == TMPFS_MAGIC || found.f_type == RAMFS_MAGIC)
		return "is on tmpfs: what is in it does not survive a restart of the machine";
	if (found.f_type == NFS_SUPER_MAGIC || found.f_type == SMB_SUPER_MAGIC ||
	    found.f_type == (long)SMB2_SUPER_MAGIC)
		return "is on a network file system, which SQLite's locks cannot be trusted on";
	return NULL;
}

/* A disk that does not say how much room it has is taken to have enough. */
static int64_t
free_bytes(const struct spool_file *file)
{
	struct statvfs disk;

	return statvfs(file->path, &disk) == 0 ? (int64_t)(disk.f_bavail * disk.f_frsize) : INT64_MAX;
}

/* Bytes that the file can take: on its free pages, and in all until it has its largest size. */
static void
measure_file(const struct spool_file *file, int64_t *free_pages, int64_t *in_all)
{
	*free_pages = spool_file_number(file, "PRAGMA freelist_count", 0) * SPOOL_PAGE_SIZE;
	*in_all = *free_pages + (spool_file_number(file, "PRAGMA max_page_count", 0) -
	    spool_file_number(file, "PRAGMA page_count", 0)) * SPOOL_PAGE_SIZE;
}

/* Until the next checkpoint, what is put is on the disk twice: in the file and in its log. */
bool
spool_disk_has_room(const struct spool_file *file, int64_t bytes)
{
	int64_t free_pages = 0, in_all = INT64_MAX;

	if (file->usable)
		measure_file(file, &free_pages, &in_all);
	return bytes <= in_all && (bytes <= free_pages || free_bytes(file) - 2 * bytes >= SPOOL_FREE_FLOOR);
}

/* --- the reserve --------------------------------------------------------------------------------------------- */

static bool
name_reserve(char path[PATH_MAX], const struct spool_file *file)
{
	return snprintf(path, PATH_MAX, "%s.reserve", file->path) < PATH_MAX;
}

void
spool_disk_keep_reserve(const struct spool_file *file)
{
	char path[PATH_MAX];
	struct stat found;
	int descriptor;

	if (!name_reserve(path, file) || (stat(path, &found) == 0 && found.st_size >= RESERVE) ||
	    free_bytes(file) < SPOOL_FREE_FLOOR + 2 * RESERVE)
		return;
	descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (descriptor == -1)
		return;
	if (posix_fallocate(descriptor, 0, RESERVE) != 0)
		(void)!ftruncate(descriptor, 0);
	close(descriptor);
}

bool
spool_disk_give_up_reserve(const struct spool_file *file)
{
	char path[PATH_MAX];

	return name_reserve(path, file) && unlink(path) == 0;
}

/* --- an empty file ------------------------------------------------------------------------------------------- */

/*
 * VACUUM copies the little that is left, and the checkpoint truncates the file.  Not on a disk that others have filled:
 * they would take the room, and pushes would have lost it.
 */
bool
spool_disk_shrink(struct spool_file *file)
{
	int64_t pages = spool_file_number(file, "PRAGMA freelist_count", 0);
	bool done;

	if (pages <= SPARE_PAGES || free_bytes(file) + pages * SPOOL_PAGE_SIZE < SPOOL_FREE_FLOOR + SPARE_BYTES)
		return true;
	if (!spool_turn_take(&file->turn, clock_ms() + TURN_TIME))
		return false;
	done = spool_file_number(file, "SELECT count(*) FROM (SELECT 1 FROM push LIMIT 1)", 1) == 0 &&
	    spool_file_execute(file, "VACUUM") && spool_file_execute(file, "PRAGMA wal_checkpoint(TRUNCATE)");
	spool_turn_leave(&file->turn);
	return done;
}
