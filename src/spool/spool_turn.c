/*
 * Whose turn it is to write: locks on two bytes of a file beside the spool.  A write lock on the first is the turn.
 * Whoever waits for it has a read lock on the second, so that others see it.
 */
#include "spool/spool_turn.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/path.h"
#include "base/thread.h"

enum {
	TURN_BYTE,
	WAITING_BYTE,
	PAUSE = 1,              /* milliseconds between two tries */
	GIVE_WAY = 50,          /* milliseconds at most to let one that waits go first: it may be a stopped process */
};

/* --- the file ---------------------------------------------------------------------------------------------- */

/* Otherwise the worker could not use what root makes beside its spool. */
static void
give_to_owner(int descriptor, const char *spool_path)
{
	char folder[PATH_MAX];
	struct stat owner;

	if (geteuid() == 0 && path_folder(folder, spool_path) &&
	    (stat(spool_path, &owner) == 0 || stat(folder, &owner) == 0))
		(void)!fchown(descriptor, owner.st_uid, owner.st_gid);
}

static bool
is_still_there(int descriptor, const char *path)
{
	struct stat opened, found;

	return fstat(descriptor, &opened) == 0 && stat(path, &found) == 0 && opened.st_ino == found.st_ino &&
	    opened.st_dev == found.st_dev;
}

bool
spool_turn_open(struct spool_turn *turn, const char *spool_path)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof path, "%s.lock", spool_path) >= (int)sizeof path)
		return false;
	if (turn->descriptor != -1 && is_still_there(turn->descriptor, path))
		return true;
	spool_turn_close(turn);
	turn->descriptor = open(path, O_RDWR | O_CLOEXEC);
	if (turn->descriptor == -1) {
		turn->descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (turn->descriptor != -1)
			give_to_owner(turn->descriptor, spool_path);
	}
	return turn->descriptor != -1;
}

void
spool_turn_close(struct spool_turn *turn)
{
	if (turn->descriptor != -1)
		close(turn->descriptor);
	turn->descriptor = -1;
}

/* --- its locks --------------------------------------------------------------------------------------------- */

static bool
set_lock(const struct spool_turn *turn, short type, off_t byte)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

	return fcntl(turn->descriptor, F_OFD_SETLK, &lock) == 0;
}

/* Whether another process has a lock on the byte. */
static bool
is_locked(const struct spool_turn *turn, off_t byte)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

	return fcntl(turn->descriptor, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

static void
give_way(const struct spool_turn *turn, int64_t deadline)
{
	int64_t end = clock_ms() + GIVE_WAY;

	if (end > deadline)
		end = deadline;
	while (is_locked(turn, WAITING_BYTE) && !is_locked(turn, TURN_BYTE) && clock_ms() < end)
		thread_sleep(PAUSE);
}

bool
spool_turn_take(struct spool_turn *turn, int64_t deadline)
{
	bool taken;

	give_way(turn, deadline);
	if (set_lock(turn, F_WRLCK, TURN_BYTE))
		return true;
	set_lock(turn, F_RDLCK, WAITING_BYTE);
	while (!(taken = set_lock(turn, F_WRLCK, TURN_BYTE)) && clock_ms() < deadline)
		thread_sleep(PAUSE);
	set_lock(turn, F_UNLCK, WAITING_BYTE);
	return taken;
}

void
spool_turn_leave(struct spool_turn *turn)
{
	set_lock(turn, F_UNLCK, TURN_BYTE);
}
