/* callresultctl spool: lists, stores, copies and rescues the pushes that wait for the database. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "ctl/commands.h"
#include "ctl/progress.h"
#include "db/pool.h"
#include "spool/spool.h"
#include "store/replay.h"

enum {
	NAME_SIZE = 64,
	PAUSE = 50,                 /* milliseconds between two looks at a drain */
	COUNT_TIME = 5000,          /* milliseconds between two counts of the whole spool */
	GIVE_UP = 30,               /* seconds without a push stored, unless given */
};

static void
print_pair(const struct ctl *ctl, const char *name, const struct column columns[2], int64_t first, int64_t second)
{
	struct table *table = table_new(name, TABLE_RECORD, columns, 2);

	table_add_number(table, first);
	table_add_number(table, second);
	ctl_print(ctl, &table, 1);
}

/* --- list, show -------------------------------------------------------------------------------------------- */

static void
add_push(struct table *table, const struct push *push, int64_t now)
{
	char id[PUSH_ID_TEXT_SIZE];

	table_add(table, push_id_write(id, &push->id));
	table_add_time(table, push->received_at);
	table_add_number(table, (int64_t)push->bytes);
	table_add_number(table, (now - push->received_at) / 1000000);
	table_add(table, push->fault);
}

int
cmd_spool_list(struct ctl *ctl)
{
	static const struct column columns[] = { { "id", COLUMN_TEXT }, { "received_at", COLUMN_TIME },
		{ "bytes", COLUMN_BYTES }, { "age_seconds", COLUMN_SECONDS }, { "fault", COLUMN_TEXT } };
	struct table *table = table_new("spool", TABLE_ROWS, columns, ELEMENTS(columns));
	struct push *push;
	int64_t cursor = SPOOL_FIRST;
	bool failed;

	while ((push = spool_next(ctl->spool, &cursor, false, &failed)) != NULL) {
		add_push(table, push, clock_timestamp());
		push_unref(push);
	}
	ctl_print(ctl, &table, 1);
	return failed ? CTL_WRONG : CTL_FINE;
}

int
cmd_spool_show(struct ctl *ctl)
{
	struct push_id id;
	struct push *push;
	bool failed;

	if (!push_id_read(ctl->argv[0], &id))
		return ctl_usage_error(ctl, "ID must be one that spool list shows");
	push = spool_find(ctl->spool, &id, &failed);
	if (push == NULL) {
		if (!failed)
			log_error("there is no such push in the spool; it may have been stored by now");
		return CTL_WRONG;
	}
	if (isatty(STDOUT_FILENO) == 1)
		table_print_raw(stdout, push->body.bytes, push->body.length);
	else
		fwrite(push->body.bytes, 1, push->body.length, stdout);
	push_unref(push);
	return CTL_FINE;
}

/* --- export ------------------------------------------------------------------------------------------------ */

/* The file was last changed when the push was received, for import --as-of file. */
static bool
write_body(int descriptor, const struct push *push)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = push->received_at / 1000000, .tv_nsec = push->received_at % 1000000 * 1000 } };
	size_t written = 0;

	while (written < push->body.length) {
		ssize_t count = write(descriptor, push->body.bytes + written, push->body.length - written);

		if (count < 0 && errno != EINTR)
			return false;
		written += count > 0 ? (size_t)count : 0;
	}
	return futimens(descriptor, times) == 0 && fsync(descriptor) == 0;
}

/* Under another name first: a file with the right name is whole. */
static bool
export_push(int folder, const char *path, const struct push *push)
{
	char id[PUSH_ID_TEXT_SIZE], name[NAME_SIZE], partial[NAME_SIZE];
	int descriptor;
	bool written;

	snprintf(name, sizeof name, "%s.json", push_id_write(id, &push->id));
	snprintf(partial, sizeof partial, ".%s.partial", id);
	descriptor = openat(folder, partial, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	written = descriptor >= 0 && write_body(descriptor, push);
	if (descriptor >= 0 && close(descriptor) != 0)
		written = false;
	if (written && renameat(folder, partial, folder, name) == 0)
		return true;
	log_error("%s/%s: %s", path, name, strerror(errno));
	if (descriptor >= 0)
		unlinkat(folder, partial, 0);
	return false;
}

static int
open_folder(const char *path)
{
	int folder;

	if (mkdir(path, 0700) != 0 && errno != EEXIST) {
		log_error("%s: %s", path, strerror(errno));
		return -1;
	}
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		log_error("%s: %s", path, strerror(errno));
	return folder;
}

/* False when not all is written.  Pushes whose body was not kept are counted in *empty. */
static bool
export_all(struct ctl *ctl, int folder, const char *path, int64_t *exported, int64_t *empty)
{
	struct progress *progress = progress_start("export", "pushes", spool_depth(ctl->spool).pushes);
	struct push *push;
	int64_t cursor = SPOOL_FIRST;
	bool failed, written = true;

	*exported = *empty = 0;
	while (written && (push = spool_next(ctl->spool, &cursor, true, &failed)) != NULL) {
		if (push->body.bytes == NULL)
			++*empty;
		else if ((written = export_push(folder, path, push)))
			++*exported;
		push_unref(push);
		progress_set(progress, *exported + *empty);
	}
	progress_end(progress);
	return written && !failed;
}

int
cmd_spool_export(struct ctl *ctl)
{
	static const struct column columns[] = { { "exported", COLUMN_NUMBER }, { "without_body", COLUMN_NUMBER } };
	int64_t exported, empty;
	int folder = open_folder(ctl->argv[0]);
	bool done;

	if (folder < 0)
		return CTL_WRONG;
	done = export_all(ctl, folder, ctl->argv[0], &exported, &empty);
	if (fsync(folder) != 0) {
		log_error("%s: %s", ctl->argv[0], strerror(errno));
		done = false;
	}
	close(folder);
	print_pair(ctl, "export", columns, exported, empty);
	return done ? CTL_FINE : CTL_WRONG;
}

/* --- rescue ------------------------------------------------------------------------------------------------ */

static bool
rescue_all(struct ctl *ctl, const char *path, struct spool_rescued *rescued)
{
	bool done = spool_rescue(ctl->spool, path, rescued);
	struct progress *progress = progress_start("rescue", "pages", rescued->pages);

	while (done && rescued->is_due) {
		progress_set(progress, rescued->page);
		done = spool_rescue(ctl->spool, path, rescued);
	}
	progress_end(progress);
	return done;
}

int
cmd_spool_rescue(struct ctl *ctl)
{
	static const struct column columns[] = { { "rescued", COLUMN_NUMBER }, { "there_before", COLUMN_NUMBER } };
	struct spool_rescued rescued = { 0 };
	bool done = rescue_all(ctl, ctl->argv[0], &rescued);

	print_pair(ctl, "rescue", columns, rescued.taken, rescued.found - rescued.taken);
	if (done && rescued.found == 0)
		log_error("%s: no push could be read from it", ctl->argv[0]);
	return done && rescued.found > 0 ? CTL_FINE : CTL_WRONG;
}

/* --- drain ------------------------------------------------------------------------------------------------- */

/*
 * Waits until the spool is empty, or no push was stored for patience milliseconds.  The worker's own pool and replay do
 * the work: they try an unavailable database again and again and log why, and a push leaves the spool after its
 * COMMIT.  If two processes store the same push at once, it is one row.
 */
static void
wait_until_empty(struct ctl *ctl, int64_t total, int64_t patience)
{
	struct progress *progress = progress_start("drain", "pushes", total);
	int64_t left = total, fewest = total, since = clock_ms(), counted = since;

	while (left > 0 && clock_ms() - since < patience) {
		thread_sleep(PAUSE);
		left = spool_depth(ctl->spool).pushes;
		/* a worker may drain it too, which spool_depth does not see */
		if (clock_ms() - counted > COUNT_TIME) {
			left = spool_count(ctl->spool).pushes;
			counted = clock_ms();
		}
		if (left < fewest) {
			fewest = left;
			since = clock_ms();
		}
		progress_set(progress, total - left);
	}
	progress_end(progress);
}

static int64_t
drain(struct ctl *ctl, int64_t total, int64_t patience)
{
	struct pool *pool = pool_start(ctl_conninfo(ctl), ctl->settings.call_timezone, 0);
	struct replay *replay = replay_start(pool, ctl->spool);

	wait_until_empty(ctl, total, patience);
	pool_end_background(pool, clock_ms());
	if (!replay_stop(replay, clock_ms()))
		exit(CTL_WRONG);
	pool_stop(pool);
	return spool_count(ctl->spool).pushes;
}

int
cmd_spool_drain(struct ctl *ctl)
{
	static const struct column columns[] = { { "drained", COLUMN_NUMBER }, { "left", COLUMN_NUMBER } };
	int64_t patience, left, total = spool_count(ctl->spool).pushes;

	if (!ctl_number_option(ctl, "give-up", GIVE_UP, 1, 86400, &patience))
		return CTL_USAGE;
	left = total > 0 ? drain(ctl, total, patience * 1000) : 0;
	print_pair(ctl, "drain", columns, total > left ? total - left : 0, left);
	if (left > 0)
		log_error("some pushes are still in the spool; spool list shows them");
	return left > 0 ? CTL_WRONG : CTL_FINE;
}
