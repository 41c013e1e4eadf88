/* Copies a spool that was removed, moved or mounted over, and is still open. */
#include "spool/spool_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

static bool
has_pushes(const struct spool_file *file)
{
	return spool_file_number(file,
	    "SELECT EXISTS (SELECT 1 FROM push WHERE id NOT IN (SELECT id FROM temp.remembered))", 1) != 0;
}

/* Under another name first: a file with the right name is whole. */
bool
spool_copy_moved(struct spool_file *file)
{
	char path[PATH_MAX], partial[PATH_MAX + sizeof ".partial"];
	enum spool_result result;
	int descriptor;

	if (!has_pushes(file))
		return true;
	snprintf(path, sizeof path, "%s" SPOOL_COPY_MARK "%lld-%d", file->path, (long long)time(NULL), (int)getpid());
	snprintf(partial, sizeof partial, "%s.partial", path);
	descriptor = open(partial, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (descriptor == -1) {
		spool_file_note_problem(file, SPOOL_FAILED, strerror(errno));
		return false;
	}
	/* VACUUM reads the log too, which may be nowhere but in this process by now */
	result = spool_file_execute(file, "VACUUM INTO %Q", partial) ? SPOOL_DONE : spool_file_note(file);
	fsync(descriptor);
	close(descriptor);
	if (result == SPOOL_DONE && renameat2(AT_FDCWD, partial, AT_FDCWD, path, RENAME_NOREPLACE) != 0)
		result = spool_file_note_problem(file, SPOOL_FAILED, strerror(errno));
	if (result == SPOOL_DONE) {
		spool_aside_add(file, path, 0);    /* nothing of a copy can be missing */
		return true;
	}
	unlink(partial);
	if (result == SPOOL_DAMAGED)
		log_error("spool %s: cannot read the file that was removed or replaced; if it was moved, run"
		    " callresultctl spool rescue on it: %s", file->path, file->problem);
	return result == SPOOL_DAMAGED;
}
