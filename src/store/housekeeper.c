/* The housekeeper's thread: when it calls the database, and what it does with the answer. */
#include "store/housekeeper.h"

#include <pthread.h>
#include <stdbool.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/sleeper.h"
#include "base/thread.h"
#include "db/db.h"
#include "metrics/metrics.h"

enum {                          /* milliseconds */
	CALL_TIME = 60 * 1000,  /* for one call */
	PERIOD = 1000,          /* between two looks whether a call is due */
	RARELY = 30 * 1000,     /* between two calls while nothing is stored */
};

struct housekeeper {
	pthread_t        thread;
	struct pool     *pool;
	struct sleeper   sleeper;
	int64_t          next_call;      /* clock_ms() by which it is due, whatever was stored */
	int64_t          stored_count;   /* pool_stored_count() at the last call */
	struct log_limit limit;
	_Atomic int64_t  end;            /* clock_ms() after which it ends; INT64_MAX while it is to go on */
};

static void
note_problem(struct housekeeper *housekeeper, const char *problem)
{
	metrics_add(METRIC_HOUSEKEEPER_FAILURES, 1);
	if (log_limit_allows(&housekeeper->limit, LOG_PAUSE))
		log_error("housekeeper: failed and will try again; pushes are not affected: %s", problem);
}

/* Of several workers one keeps house; the others learn no figures and leave their gauges alone. */
static void
set_gauge(enum metric metric, int64_t value)
{
	if (value != DB_HOUSE_UNKNOWN)
		metrics_set(metric, value);
}

/* Whether there is more to do at once. */
static bool
keep_house(struct housekeeper *housekeeper, struct db *db)
{
	struct db_house house;

	if (!db_keep_house(db, &house, clock_ms() + CALL_TIME)) {
		note_problem(housekeeper, db_problem(db));
		return false;
	}
	if (house.journal_rows == DB_HOUSE_UNKNOWN)
		housekeeper->next_call = clock_ms();    /* another is at it, and may not see what this worker stored */
	set_gauge(METRIC_JOURNAL_ROWS, house.journal_rows);
	set_gauge(METRIC_UNPLACED_ROWS, house.unplaced_rows);
	set_gauge(METRIC_QUARANTINE_ENTRIES, house.quarantine_entries);
	set_gauge(METRIC_QUARANTINE_BYTES, house.quarantine_bytes);
	if (house.problem[0] != '\0')
		note_problem(housekeeper, house.problem);
	return house.more;
}

static bool
is_due(const struct housekeeper *housekeeper)
{
	return clock_ms() >= housekeeper->next_call ||
	    pool_stored_count(housekeeper->pool) != housekeeper->stored_count;
}

/* Whether there is more to do at once. */
static bool
work(struct housekeeper *housekeeper)
{
	struct db *db = pool_borrow(housekeeper->pool, POOL_BACKGROUND, INT64_MAX);
	bool more;

	if (db == NULL)
		return false;
	housekeeper->stored_count = pool_stored_count(housekeeper->pool);
	housekeeper->next_call = clock_ms() + RARELY;
	more = keep_house(housekeeper, db);
	pool_return(housekeeper->pool, POOL_BACKGROUND, db, false);
	return more;
}

/* Runs until housekeeper->end.  Once that is set, stops earlier if there is nothing more to do. */
static void *
run(void *argument)
{
	struct housekeeper *housekeeper = argument;
	bool more = false;

	while (clock_ms() < housekeeper->end) {
		if (more || is_due(housekeeper))
			more = work(housekeeper);
		if (more)
			continue;
		if (housekeeper->end != INT64_MAX)
			break;
		sleeper_sleep(&housekeeper->sleeper, PERIOD);
	}
	return NULL;
}

struct housekeeper *
housekeeper_start(struct pool *pool)
{
	struct housekeeper *housekeeper = memory_zalloc(sizeof *housekeeper);

	housekeeper->pool = pool;
	housekeeper->end = INT64_MAX;
	sleeper_init(&housekeeper->sleeper);
	housekeeper->thread = thread_start(run, housekeeper, "the housekeeper");
	return housekeeper;
}

void
housekeeper_stop(struct housekeeper *housekeeper, int64_t at)
{
	housekeeper->end = at;
	sleeper_wake(&housekeeper->sleeper);
	pthread_join(housekeeper->thread, NULL);
	sleeper_destroy(&housekeeper->sleeper);
	memory_free(housekeeper);
}
