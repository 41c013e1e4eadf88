/* The lock of the spool's file, and the answers that need no look at it. */

#include "base/clock.h"
#include "base/thread.h"
#include "metrics/metrics.h"
#include "spool/spool_internal.h"

enum {                              /* milliseconds */
	LOCK_TIME = 10 * 1000,      /* to wait for whoever works on the file */
	HANG_TIME = 5 * 1000,       /* of work, after which the disk is taken to hang */
};

bool
spool_lock(struct spool *spool)
{
	struct timespec end = thread_timespec(clock_ms() + LOCK_TIME);

	return pthread_mutex_clocklock(&spool->file_mutex, CLOCK_MONOTONIC, &end) == 0;
}

void
spool_observe(struct spool *spool)
{
	struct spool_depth depth = { 0 };
	sqlite3_stmt *head = spool->file.statements[STATEMENT_HEAD];

	spool->open = spool->file.usable;
	if (!spool_file_count(&spool->file, &depth))
		return;
	spool->pushes = depth.pushes > 0 ? depth.pushes : 0;
	spool->bytes = depth.bytes > 0 ? depth.bytes : 0;
	spool->oldest = depth.pushes > 0 && sqlite3_step(head) == SQLITE_ROW ? sqlite3_column_int64(head, 0) : 0;
	sqlite3_reset(head);
}

void
spool_unlock(struct spool *spool)
{
	spool_observe(spool);
	pthread_mutex_unlock(&spool->file_mutex);
}

bool
spool_replace_damaged(struct spool *spool)
{
	spool->checked = SPOOL_FIRST;
	return spool_file_replace_damaged(&spool->file);
}

/* --- queries ------------------------------------------------------------------------------------------------- */

bool
spool_is_well(const struct spool *spool)
{
	int64_t at_work = spool->at_work;

	return spool->open && !spool->failing && (at_work == 0 || clock_ms() - at_work < HANG_TIME);
}

struct spool_depth
spool_depth(const struct spool *spool)
{
	return (struct spool_depth){ spool->pushes, spool->bytes };
}

void
spool_collect(void *context)
{
	const struct spool *spool = context;
	int64_t oldest = spool->oldest, now = clock_timestamp();

	metrics_set(METRIC_SPOOL_UP, spool_is_well(spool));
	metrics_set(METRIC_SPOOL_PUSHES, spool->pushes);
	metrics_set(METRIC_SPOOL_BYTES, spool->bytes);
	metrics_set(METRIC_SPOOL_MAX_BYTES, spool->file.max_size);
	metrics_set(METRIC_SPOOL_OLDEST_AGE, oldest != 0 && now > oldest ? now - oldest : 0);
}

struct spool_depth
spool_count(struct spool *spool)
{
	if (spool_lock(spool))
		spool_unlock(spool);
	return spool_depth(spool);
}
