/* The records of several pushes made ready for one statement: sort by identity, then settle each run of equals. */
#include "push/fold.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static const enum record_text identity_texts[] = {
	RECORD_CAMPAIGN_ID, RECORD_SESSION_ID, RECORD_CALLED, RECORD_CALL_ID,
};

static const enum record_text content_texts[] = {
	RECORD_FAIL_CODE, RECORD_CUSTOM_FIELD, RECORD_PATH, RECORD_EXTRA,
};

static int
compare_number(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* NULL before everything else */
static int
compare_text(struct slice a, struct slice b)
{
	int order;

	if (a.bytes == NULL || b.bytes == NULL)
		return compare_number(a.bytes != NULL, b.bytes != NULL);
	order = memcmp(a.bytes, b.bytes, a.length < b.length ? a.length : b.length);
	return order != 0 ? order : compare_number((int64_t)a.length, (int64_t)b.length);
}

/* In the order of the identity's index: the time first, which settles most. */
static int
compare_identity(const struct record *a, const struct record *b)
{
	int order = compare_number(a->has_call_time, b->has_call_time);

	if (order == 0)
		order = compare_number(a->call_time_local, b->call_time_local);
	if (order == 0)
		order = compare_number(a->has_vdn_id, b->has_vdn_id);
	if (order == 0)
		order = compare_number(a->vdn_id, b->vdn_id);
	for (size_t i = 0; order == 0 && i < sizeof identity_texts / sizeof *identity_texts; i++)
		order = compare_text(a->text[identity_texts[i]], b->text[identity_texts[i]]);
	return order;
}

static bool
same_content(const struct record *a, const struct record *b)
{
	if (a->call_status != b->call_status)
		return false;
	for (size_t i = 0; i < sizeof content_texts / sizeof *content_texts; i++)
		if (compare_text(a->text[content_texts[i]], b->text[content_texts[i]]) != 0)
			return false;
	return true;
}

static int
compare_rows(const void *a, const void *b)
{
	const struct fold_row *row_a = a, *row_b = b;
	int order = compare_identity(row_a->record, row_b->record);

	return order != 0 ? order : (row_a->order > row_b->order) - (row_a->order < row_b->order);
}

static void
gather(struct fold *fold, struct push **pushes, int count)
{
	size_t total = 0;

	for (int i = 0; i < count; i++)
		total += pushes[i]->list.record_count;
	if (total > fold->room) {
		fold->rows = memory_resize(fold->rows, total, sizeof *fold->rows);
		fold->room = total;
	}
	fold->count = 0;
	for (int i = 0; i < count; i++)
		for (size_t j = 0; j < pushes[i]->list.record_count; j++) {
			fold->rows[fold->count] = (struct fold_row){ &pushes[i]->list.records[j], pushes[i], fold->count, false };
			fold->count++;
		}
	if (fold->count > 0)
		qsort(fold->rows, fold->count, sizeof *fold->rows, compare_rows);
}

/* Of two pushes that say the same, the row is of the one received last: that is when the content came last. */
static void
share(struct fold_row *last, const struct fold_row *row)
{
	if (row->push->received_at >= last->push->received_at)
		*last = *row;
	last->shared = true;
}

/*
 * Folds each run of equal identities into one row.  Gives the arrival order of the first record that must not be
 * stored with the others, or SIZE_MAX.
 */
static size_t
fold_runs(struct fold *fold)
{
	size_t kept = 0, conflict = SIZE_MAX;

	for (size_t i = 0; i < fold->count; i++) {
		struct fold_row *last = kept > 0 ? &fold->rows[kept - 1] : NULL;
		const struct fold_row *row = &fold->rows[i];

		if (last == NULL || compare_identity(last->record, row->record) != 0)
			fold->rows[kept++] = *row;
		else if (last->push == row->push && !last->shared)
			*last = *row;
		else if (same_content(last->record, row->record))
			share(last, row);
		else if (row->order < conflict)
			conflict = row->order;
	}
	fold->count = kept;
	return conflict;
}

/* The push that the record of that order belongs to. */
static int
push_of(struct push **pushes, size_t order)
{
	int i = 0;

	while (order >= pushes[i]->list.record_count)
		order -= pushes[i++]->list.record_count;
	return i;
}

int
fold_pushes(struct fold *fold, struct push **pushes, int count)
{
	for (;;) {
		size_t conflict;

		gather(fold, pushes, count);
		conflict = fold_runs(fold);
		if (conflict == SIZE_MAX)
			return count;
		/* a push never conflicts with itself, so at least one is left */
		count = push_of(pushes, conflict);
	}
}

void
fold_free(struct fold *fold)
{
	memory_free(fold->rows);
	*fold = (struct fold){ 0 };
}
