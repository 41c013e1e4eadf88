/* Stores pushes: folds them, halves a batch that the database refuses, and counts what is stored. */
#include "store/store.h"

#include <stdatomic.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "store/bisect.h"

struct store {
	struct db     *db;
	struct fold   *fold;
	int64_t        deadline;    /* clock_ms() */
	store_settled *settled;
	void          *context;
};

static void
count_stored(struct push **pushes, int count, const struct db_counts *counts, int64_t start)
{
	struct metrics_stored stored = { .pushes = counts->pushes, .inserted = counts->inserted,
		.updated = counts->updated, .duplicates = counts->duplicates, .quarantined = counts->quarantined,
		.records = counts->inserted + counts->updated + counts->duplicates + counts->quarantined,
		.replayed = pushes[0]->spooled ? counts->pushes : 0, .duration = clock_us() - start };

	for (int i = 0; i < count && counts->pushes == count; i++)
		stored.bad_bodies += pushes[i]->fault != NULL && pushes[i]->body.bytes != NULL;
	metrics_count_stored(&stored);
}

/* In one transaction. */
static enum db_result
store_fold(const struct store *s, struct push **pushes, int count, struct db_counts *counts)
{
	enum db_result result = DB_UNAVAILABLE;
	int64_t start = clock_us();

	if (db_is_connected(s->db))
		result = db_store(s->db, pushes, count, s->fold, s->deadline, counts);
	if (result == DB_STORED)
		count_stored(pushes, count, counts, start);
	return result;
}

static enum db_result
store_one(const struct store *s, struct push *push, struct db_counts *counts)
{
	fold_pushes(s->fold, &push, 1);
	return store_fold(s, &push, 1, counts);
}

/* --- what the database refuses ------------------------------------------------------------------------------- */

/* Without this line, an owner's constraint that every record breaks would fill the quarantine silently. */
static void
log_refused(int count, const char *reason)
{
	static struct log_limit limit;
	static _Atomic int64_t refused;

	refused += count;
	if (log_limit_allows(&limit, LOG_PAUSE))
		log_warning("database: refused records, which went to quarantine records=%lld: %s",
		    (long long)atomic_exchange(&refused, 0), reason);
}

static void
log_whole(const char *reason)
{
	static struct log_limit limit;

	if (log_limit_allows(&limit, LOG_PAUSE))
		log_error("database: a push could not be stored and went to quarantine whole: %s", reason);
}

/*
 * Stores the push whole in quarantine.  Unless that succeeds, the push stays as it is: the spool, which keeps it until
 * then, must not keep the fault with it.
 */
static enum db_result
keep_whole(const struct store *s, struct push *push, const char *reason, struct db_counts *counts)
{
	enum db_result result = DB_BAD_RECORD;
	struct push whole = push_arrived_as(push);

	push_refuse(&whole, push->fault != NULL ? push->fault : reason);
	if (push->fault == NULL)
		result = store_one(s, &whole, counts);
	if (result == DB_BAD_RECORD) {
		/* its time and address may be the fault, read from a damaged row of the spool: replace them */
		whole.received_at = clock_timestamp();
		whole.remote_addr[0] = '\0';
		result = store_one(s, &whole, counts);
	}
	if (result != DB_STORED) {
		record_list_free(&whole.list);
		return result;
	}
	log_whole(whole.fault);
	record_list_free(&push->list);
	push->list = whole.list;
	push->fault = whole.fault;
	return result;
}

/* Isolates the records that the database refuses, and stores the rest; again, if that shows more of them. */
static enum db_result
store_refused(const struct store *s, struct push *push, struct db_counts *counts)
{
	bool refused_without_fault = false;
	enum db_result result;

	do {
		int found;
		bool finished = bisect_refused(s->db, s->fold, push, s->deadline, &found);

		if (found > 0)
			log_refused(found, db_refusal(s->db));
		if (!finished)
			return DB_UNAVAILABLE;
		if (found == 0 && refused_without_fault)
			return keep_whole(s, push, db_refusal(s->db), counts);
		/* the rule may be gone by now */
		refused_without_fault = found == 0;
		result = store_one(s, push, counts);
	} while (result == DB_BAD_RECORD);
	return result;
}

/* --- pushes -------------------------------------------------------------------------------------------------- */

static void
store_range(const struct store *s, struct push **pushes, int count)
{
	int folded;

	/* fold stops before a push that contradicts an earlier one: it is stored after that one */
	for (; count > 0; pushes += folded, count -= folded) {
		struct db_counts counts = { 0 };
		enum db_result result;

		folded = fold_pushes(s->fold, pushes, count);
		result = store_fold(s, pushes, folded, &counts);
		if (result == DB_BAD_RECORD && folded > 1) {
			store_range(s, pushes, folded / 2);
			store_range(s, pushes + folded / 2, folded - folded / 2);
			continue;
		}
		if (result == DB_BAD_RECORD)
			result = store_refused(s, pushes[0], &counts);
		s->settled(s->context, pushes, folded, result == DB_STORED ? &counts : NULL);
	}
}

void
store_pushes(struct db *db, struct fold *fold, struct push **pushes, int count, int64_t deadline,
    store_settled *settled, void *context)
{
	const struct store s = { db, fold, deadline, settled, context };

	store_range(&s, pushes, count);
	fold_trim(fold);
}
