/*
 * The keeper: the spool's thread, which puts pushes into its file and looks after the file in between.  Whoever brings
 * pushes waits for it until the deadline and no longer, whatever the disk does.  All pushes that wait are put in one
 * transaction.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/thread.h"
#include "spool/spool_disk.h"
#include "spool/spool_file.h"
#include "spool/spool_internal.h"
#include "spool/spool_row.h"

enum {                              /* milliseconds */
	LOOK_PAUSE = 1000,          /* between two looks at the file */
	OPEN_TIME = 2000,           /* that whoever opens a spool waits for the first look */
	STOP_TIME = 3000,           /* that whoever closes it waits for the keeper's end */
	TRY_PAUSE = 50,             /* between two tries to put */
};

/*
 * The pushes of one call of spool_put().  The caller frees it, or, if the caller has left at the deadline, the keeper.
 */
struct put {
	struct push **pushes;       /* with a reference each; once it is done, the kept ones first */
	int           count, kept;
	int64_t       deadline;     /* clock_ms(), ms */
	bool          done;
	bool          abandoned;    /* the caller has left */
	struct put   *next;
};

/* --- waiting --------------------------------------------------------------------------------------------------- */

static void
put_free(struct put *put)
{
	for (int i = 0; i < put->count; i++)
		push_unref(put->pushes[i]);
	memory_free(put->pushes);
	memory_free(put);
}

static struct put *
put_new(struct push **pushes, int count, int64_t deadline)
{
	struct put *put = memory_zalloc(sizeof *put);

	put->pushes = memory_resize(NULL, (size_t)count, sizeof *pushes);
	for (int i = 0; i < count; i++)
		put->pushes[i] = push_ref(pushes[i]);
	put->count = count;
	put->deadline = deadline;
	return put;
}

int
spool_put(struct spool *spool, struct push **pushes, int count, int64_t deadline)
{
	struct put *put = put_new(pushes, count, deadline);
	int kept = 0;

	pthread_mutex_lock(&spool->mutex);
	*spool->last = put;
	spool->last = &put->next;
	pthread_cond_signal(&spool->work);
	while (!put->done && thread_cond_wait(&spool->done, &spool->mutex, deadline))
		continue;
	put->abandoned = !put->done;
	pthread_mutex_unlock(&spool->mutex);
	if (put->abandoned)
		return 0;
	kept = put->kept;
	memcpy(pushes, put->pushes, (size_t)count * sizeof *pushes);
	put_free(put);
	return kept;
}

/* --- putting ------------------------------------------------------------------------------------------------- */

struct item {
	struct push *push;
	struct put  *put;
};

static int64_t
bytes_of(const struct item *items, int count)
{
	int64_t bytes = 0;

	for (int i = 0; i < count; i++)
		bytes += (int64_t)items[i].push->body.length + SPOOL_ROW_OVERHEAD;
	return bytes;
}

/* One transaction. */
static enum spool_result
put_together(struct spool *spool, const struct item *items, int count, int64_t deadline)
{
	struct spool_file *file = &spool->file;
	enum spool_result result;

	if (!spool_disk_has_room(file, bytes_of(items, count)))
		return SPOOL_NO_ROOM;
	result = spool_file_begin(file, deadline);
	if (result != SPOOL_DONE)
		return result;
	for (int i = 0; result == SPOOL_DONE && i < count; i++) {
		spool_row_bind(file->statements[STATEMENT_PUT], items[i].push);
		if (!spool_file_run(file->statements[STATEMENT_PUT]))
			result = spool_file_note(file);
	}
	return spool_file_end(file, result);
}

static int
smaller_first(const void *one, const void *other)
{
	size_t a = ((const struct item *)one)->push->body.length, b = ((const struct item *)other)->push->body.length;

	return a < b ? -1 : a > b;
}

/* Where there is no room for all, the smaller ones go in: a large push must not keep the others out. */
static enum spool_result
put_some(struct spool *spool, struct item *items, int count, int64_t deadline, int *kept)
{
	enum spool_result result = put_together(spool, items, count, deadline);

	*kept = result == SPOOL_DONE ? count : 0;
	if (result != SPOOL_NO_ROOM || count == 1)
		return result;
	qsort(items, (size_t)count, sizeof *items, smaller_first);
	for (int size = count / 2; size > 0 && *kept < count; size = result == SPOOL_DONE ? size : size / 2) {
		if (size > count - *kept)
			size = count - *kept;
		result = put_together(spool, items + *kept, size, deadline);
		if (result == SPOOL_DONE)
			*kept += size;
		else if (result != SPOOL_NO_ROOM)
			return result;
	}
	return *kept == count ? SPOOL_DONE : SPOOL_NO_ROOM;
}

static void
log_trouble(struct spool *spool, enum spool_result result)
{
	if (result != SPOOL_NO_ROOM)
		spool_file_log(&spool->file, spool->file.usable ? TROUBLE_WRITING : TROUBLE_OPENING);
	else if (log_limit_allows(&spool->full_limit, LOG_PAUSE))
		log_error("spool %s: it or its disk is full; pushes it has no room for are answered 503",
		    spool->file.path);
}

/* Handles a try that failed, and returns whether another one may help: not where there is no room, or no file. */
static bool
recover(struct spool *spool, enum spool_result result, int64_t deadline)
{
	bool in_time = clock_ms() < deadline;

	spool->failing = result != SPOOL_DONE &&
	    (result != SPOOL_NO_ROOM || !spool_disk_has_room(&spool->file, SPOOL_WELL_BYTES));
	if (result == SPOOL_DONE)
		return false;
	if ((result == SPOOL_BUSY && in_time) || (result == SPOOL_DAMAGED && spool_replace_damaged(spool)))
		return in_time;
	log_trouble(spool, result);
	if (result != SPOOL_FAILED || !spool->file.usable)
		return false;
	spool_file_drop_if_found(&spool->file);
	return in_time;
}

/* Puts the items, moves the *kept ones to the front, and returns whether to try again with the others. */
static bool
try_to_put(struct spool *spool, struct item *items, int count, int64_t deadline, int *kept)
{
	bool again;

	pthread_mutex_lock(&spool->file_mutex);
	again = recover(spool, put_some(spool, items, count, deadline, kept), deadline);
	spool_unlock(spool);
	return again;
}

static int
put_items(struct spool *spool, struct item *items, int count, int64_t deadline)
{
	int kept = 0, more;

	while (try_to_put(spool, items + kept, count - kept, deadline, &more)) {
		kept += more;
		thread_sleep(TRY_PAUSE);
	}
	return kept + more;
}

static struct item *
items_of(struct put *puts, int *count)
{
	struct item *items;

	*count = 0;
	for (const struct put *put = puts; put != NULL; put = put->next)
		*count += put->count;
	items = memory_resize(NULL, (size_t)*count, sizeof *items);
	*count = 0;
	for (struct put *put = puts; put != NULL; put = put->next)
		for (int i = 0; i < put->count; i++)
			items[(*count)++] = (struct item){ put->pushes[i], put };
	return items;
}

/* Hands the pushes back to their puts, the kept ones first. */
static void
sort_out(const struct item *items, int count, int kept, struct put *puts)
{
	for (struct put *put = puts; put != NULL; put = put->next)
		put->count = 0;
	for (int i = 0; i < count; i++) {
		struct put *put = items[i].put;

		put->pushes[put->count++] = items[i].push;
		put->kept += i < kept;
	}
}

static void
put_all(struct spool *spool, struct put *puts)
{
	int64_t deadline = puts->deadline;
	int count, kept;
	struct item *items = items_of(puts, &count);

	for (const struct put *put = puts; put != NULL; put = put->next)
		if (put->deadline > deadline)
			deadline = put->deadline;
	kept = count > 0 ? put_items(spool, items, count, deadline) : 0;
	spool->shrunk = false;
	sort_out(items, count, kept, puts);
	memory_free(items);
}

/* --- the thread ---------------------------------------------------------------------------------------------- */

/*
 * Takes the puts that somebody still waits for, all of them: writers whose database hangs give up in the same moment,
 * and one fsync must do for them.  The caller has mutex.
 */
static struct put *
take_puts(struct spool *spool)
{
	struct put *puts = spool->first, **at = &puts;

	while (*at != NULL) {
		struct put *put = *at;

		if (put->abandoned) {
			*at = put->next;
			put_free(put);
		} else {
			at = &put->next;
		}
	}
	spool->first = NULL;
	spool->last = &spool->first;
	return puts;
}

/* With mutex. */
static void
give_back(struct spool *spool, struct put *puts)
{
	struct put *next;

	for (; puts != NULL; puts = next) {
		next = puts->next;
		puts->done = true;
		if (puts->abandoned)
			put_free(puts);
	}
	pthread_cond_broadcast(&spool->done);
}

/* The caller has mutex; it is released meanwhile. */
static void
put_waiting(struct spool *spool)
{
	struct put *puts = take_puts(spool);

	if (puts == NULL)
		return;
	pthread_mutex_unlock(&spool->mutex);
	put_all(spool, puts);
	pthread_mutex_lock(&spool->mutex);
	give_back(spool, puts);
}

/* The caller has mutex; it is released meanwhile. */
static void
look(struct spool *spool, int64_t *next_look)
{
	bool more;

	if (clock_ms() < *next_look)
		return;
	pthread_mutex_unlock(&spool->mutex);
	more = spool_look_after(spool);
	pthread_mutex_lock(&spool->mutex);
	*next_look = clock_ms() + (more ? 0 : LOOK_PAUSE);
	spool->looked = true;
	pthread_cond_broadcast(&spool->done);
}

static void *
run(void *argument)
{
	struct spool *spool = argument;
	int64_t next_look = 0;

	pthread_mutex_lock(&spool->mutex);
	while (!spool->ending || spool->first != NULL) {
		spool->at_work = clock_ms();
		put_waiting(spool);
		look(spool, &next_look);
		spool->at_work = 0;
		while (!spool->ending && spool->first == NULL &&
		    thread_cond_wait(&spool->work, &spool->mutex, next_look))
			continue;
	}
	spool->ended = true;
	pthread_cond_broadcast(&spool->done);
	pthread_mutex_unlock(&spool->mutex);
	return NULL;
}

void
spool_keeper_start(struct spool *spool)
{
	int64_t end = clock_ms() + OPEN_TIME;

	spool->has_keeper = true;
	spool->keeper = thread_start(run, spool, "the keeper of the spool");
	pthread_mutex_lock(&spool->mutex);
	while (!spool->looked && thread_cond_wait(&spool->done, &spool->mutex, end))
		continue;
	pthread_mutex_unlock(&spool->mutex);
}

bool
spool_keeper_stop(struct spool *spool)
{
	int64_t end = clock_ms() + STOP_TIME;
	bool ended;

	if (!spool->has_keeper)
		return true;
	pthread_mutex_lock(&spool->mutex);
	spool->ending = true;
	pthread_cond_signal(&spool->work);
	while (!spool->ended && thread_cond_wait(&spool->done, &spool->mutex, end))
		continue;
	ended = spool->ended;
	pthread_mutex_unlock(&spool->mutex);
	if (ended)
		pthread_join(spool->keeper, NULL);
	else
		log_warning("spool %s: its disk does not respond; exiting without closing the file", spool->file.path);
	return ended;
}
