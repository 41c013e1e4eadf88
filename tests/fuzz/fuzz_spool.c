/* A spool's file of any bytes, opened, read, changed and stored from; and any bytes as a page of a damaged one. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "db/store_call.h"
#include "reference.h"
#include "spool/spool.h"

enum { CAPACITY = 16, PAGE = 4096, MAX_SIZE = 1 << 24 };

/* PostgreSQL has no time beyond these, and none may leave the spool. */
static const int64_t year_10000 = INT64_C(253402300800) * 1000000;

static char folder[] = "/tmp/fuzz-spool-XXXXXX";
static char used[64], damaged[64];

static void
drop(int priority, const char *line, size_t length)
{
	(void)priority, (void)line, (void)length;
}

static void
remove_files(void)
{
	static const char *const names[] = { "used", "used-wal", "used-shm", "used-journal", "used.lock", "damaged" };
	char path[64];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		unlink(path);
	}
}

static void
remove_folder(void)
{
	remove_files();
	rmdir(folder);
}

static void
start(void)
{
	if (used[0] != '\0')
		return;
	log_set_sink(drop);
	if (mkdtemp(folder) == NULL)
		abort();
	atexit(remove_folder);
	snprintf(used, sizeof used, "%s/used", folder);
	snprintf(damaged, sizeof damaged, "%s/damaged", folder);
}

/* A file of so many bytes, with these at that place. */
static void
write_file(const char *path, off_t at, const uint8_t *bytes, size_t size, off_t length)
{
	int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (descriptor < 0 || ftruncate(descriptor, length) != 0 ||
	    pwrite(descriptor, bytes, size, at) != (ssize_t)size || close(descriptor) != 0)
		abort();
}

/* As the replay does it. */
static void
store(struct push **pushes, int count)
{
	static struct fold fold;
	static struct store_call call;
	int folded;

	for (int i = 0; i < count; i++) {
		int64_t arrived = pushes[i]->received_at - pushes[i]->clock_ahead;

		if (pushes[i]->received_at < 0 || pushes[i]->received_at >= year_10000 || arrived < 0 ||
		    arrived > year_10000)
			ref_fail("a time that cannot be stored");
		if (pushes[i]->fault == NULL && record_list_parse(&pushes[i]->list, pushes[i]->body) != OUTCOME_OK)
			push_refuse(pushes[i], "x");
	}
	for (int i = 0; i < count; i += folded) {
		folded = fold_pushes(&fold, pushes + i, count - i);
		store_call_fill(&call, pushes + i, folded, &fold, "UTC", true);
	}
}

/* What is taken out does not come again, and the spool is empty in the end or says that it cannot be read. */
static void
drain(struct spool *spool)
{
	struct push *pushes[CAPACITY];
	int count;

	for (int round = 0; (count = spool_oldest(spool, pushes, CAPACITY, 1 << 20)) > 0; round++) {
		bool removed = true;

		store(pushes, count);
		if (round == 0)
			spool_postpone(spool, pushes[0]);
		else
			removed = spool_remove(spool, pushes, count);
		for (int i = 0; i < count; i++)
			push_unref(pushes[i]);
		if (!removed)
			return;
		if (round > 1000)
			ref_fail("pushes that come again and again");
	}
}

static void
look(struct spool *spool)
{
	char problem[SPOOL_PROBLEM_SIZE];
	struct spool_summary summary;
	int64_t cursor = SPOOL_FIRST;
	struct push *push;
	bool failed;

	(void)!spool_summarize(spool, &summary, problem);
	for (int i = 0; i < 5 && (push = spool_next(spool, &cursor, i % 2, &failed)) != NULL; i++) {
		struct push *again = spool_find(spool, &push->id, &failed);

		push_unref(again);
		push_unref(push);
	}
}

/* As the second page of a damaged file, since the first has a header, and those behind it for what it leads to. */
static void
rescue(const uint8_t *bytes, size_t size)
{
	struct spool_rescued rescued = { .is_due = true };
	char problem[SPOOL_PROBLEM_SIZE];
	struct spool *spool;

	write_file(used, 0, bytes, 0, 0);
	write_file(damaged, PAGE, bytes, size, (off_t)(size / PAGE + 4) * PAGE);
	spool = spool_open_existing(used, MAX_SIZE, problem);
	if (spool == NULL)
		abort();
	while (rescued.is_due)
		if (!spool_rescue(spool, damaged, &rescued))
			ref_fail("a damaged file that cannot be read");
	drain(spool);
	spool_close(spool);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char problem[SPOOL_PROBLEM_SIZE];
	struct spool *spool;

	start();
	write_file(used, 0, bytes, size, (off_t)size);
	spool = spool_open_existing(used, MAX_SIZE, problem);
	if (spool != NULL) {
		look(spool);
		drain(spool);
		spool_close(spool);
	} else {
		remove_files();
		rescue(bytes, size);
	}
	remove_files();
	return 0;
}
