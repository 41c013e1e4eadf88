/* Pushes into the database, whoever brings them. */
#include "store/store.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "metrics/metrics.h"
#include "store/bisect.h"

static void
count_stored(struct push **pushes, int count, const struct db_counts *counts, int64_t start)
{
	struct metrics_stored stored = { .pushes = count, .inserted = counts->inserted, .updated = counts->updated,
		.duplicates = counts->duplicates, .duration = clock_microseconds() - start };

	for (int i = 0; i < count; i++) {
		const struct push *push = pushes[i];

		stored.replayed += push->spooled;
		stored.bad_bodies += push->fault != NULL && push->body.bytes != NULL;
		if (push->fault == NULL) {
			stored.records += (int64_t)(push->list.record_count + push->list.bad_count);
			stored.quarantined += (int64_t)push->list.bad_count;
		}
	}
	metrics_count_stored(&stored);
}

/* One transaction for the pushes the fold holds. */
static enum db_result
store_fold(struct db *db, const struct fold *fold, struct push **pushes, int count, int64_t deadline)
{
	struct db_counts counts = { 0 };
	enum db_result result = DB_UNAVAILABLE;
	int64_t start = clock_microseconds();

	if (db_is_connected(db))
		result = db_store(db, pushes, count, fold, deadline, &counts);
	if (result == DB_STORED)
		count_stored(pushes, count, &counts, start);
	return result;
}

/* A push by itself; records that the database refuses go to quarantine, and the rest is stored. */
static enum db_result
store_alone(struct db *db, struct fold *fold, struct push *push, int64_t deadline)
{
	enum db_result result;

	do {
		fold_pushes(fold, &push, 1);
		result = store_fold(db, fold, &push, 1, deadline);
	} while (result == DB_BAD_RECORD && bisect_refused(db, fold, push, deadline) > 0);
	return result;
}

void
store_pushes(struct db *db, struct fold *fold, struct push **pushes, int count, int64_t deadline,
    store_settled *settled, void *context)
{
	int folded;

	/* a push that says otherwise than one before it is stored after it */
	for (; count > 0; pushes += folded, count -= folded) {
		enum db_result result;

		folded = fold_pushes(fold, pushes, count);
		result = store_fold(db, fold, pushes, folded, deadline);
		if (result != DB_BAD_RECORD) {
			settled(context, pushes, folded, result);
			continue;
		}
		/* the data of some push is refused: none of the others is to suffer for it */
		for (int i = 0; i < folded; i++)
			settled(context, &pushes[i], 1, store_alone(db, fold, pushes[i], deadline));
	}
	fold_trim(fold);
}
