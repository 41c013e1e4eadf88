/* The records of several pushes made ready for one statement: sort by identity, then settle each run of equals. */
#include "push/fold.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { CAPACITY_TO_KEEP = 1 << 15 };    /* rows */

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

int
fold_compare_value(const struct record *a, const struct record *b, enum record_field field)
{
	const struct record_value *x = &a->value[field], *y = &b->value[field];

	if (record_fields[field].kind == FIELD_TEXT)
		return compare_text((struct slice){ x->bytes, x->length }, (struct slice){ y->bytes, y->length });
	if (x->bytes == NULL || y->bytes == NULL)
		return compare_number(x->bytes != NULL, y->bytes != NULL);
	return compare_number(x->number, y->number);
}

static int
compare_part(const struct record *a, const struct record *b, enum field_part part)
{
	int order = 0;

	for (enum record_field field = 0; order == 0 && field < RECORD_FIELDS; field++)
		if (record_fields[field].part == part)
			order = fold_compare_value(a, b, field);
	return order;
}

static int
compare_identity(const struct record *a, const struct record *b)
{
	return compare_part(a, b, FIELD_IDENTITY);
}

static bool
same_content(const struct record *a, const struct record *b)
{
	return compare_part(a, b, FIELD_CONTENT) == 0 && record_same_extra(a, b);
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
	fold->rows = memory_grow(fold->rows, &fold->capacity, total, sizeof *fold->rows);
	fold->count = 0;
	for (int i = 0; i < count; i++)
		for (size_t j = 0; j < pushes[i]->list.record_count; j++) {
			fold->rows[fold->count] = (struct fold_row){ &pushes[i]->list.records[j], pushes[i],
			    fold->count, i, false };
			fold->count++;
		}
	if (fold->count > 0)
		qsort(fold->rows, fold->count, sizeof *fold->rows, compare_rows);
}

/* Keeps the row of the push that was received last. */
static void
share(struct fold_row *last, const struct fold_row *row)
{
	if (row->push->received_at >= last->push->received_at)
		*last = *row;
	last->shared = true;
}

/*
 * Folds each run of equal identities into one row.  Returns how many of the count pushes may be stored together: those
 * before the first push with a record whose content differs from that of another push's row of the same identity.
 */
static int
fold_runs(struct fold *fold, int count)
{
	size_t kept = 0;

	for (size_t i = 0; i < fold->count; i++) {
		struct fold_row *last = kept > 0 ? &fold->rows[kept - 1] : NULL;
		const struct fold_row *row = &fold->rows[i];

		if (last == NULL || compare_identity(last->record, row->record) != 0)
			fold->rows[kept++] = *row;
		else if (last->push == row->push && !last->shared)
			*last = *row;
		else if (same_content(last->record, row->record))
			share(last, row);
		else if (row->number < count)
			count = row->number;
	}
	fold->count = kept;
	return count;
}

int
fold_pushes(struct fold *fold, struct push **pushes, int count)
{
	int gathered;

	/* a push never conflicts with itself, so at least one is left */
	do {
		gathered = count;
		gather(fold, pushes, gathered);
		count = fold_runs(fold, gathered);
	} while (count < gathered);
	return count;
}

bool
fold_is_plain(const struct fold *fold)
{
	for (size_t i = 0; i < fold->count; i++) {
		const struct record *record = fold->rows[i].record, *last = i > 0 ? fold->rows[i - 1].record : NULL;

		if (record->value[RECORD_CALL_TIME].bytes == NULL || record->value[RECORD_CALLED].bytes == NULL)
			return false;
		/* they are in the order of their identities, which begin with these three */
		if (last != NULL && fold_compare_value(last, record, RECORD_CALLED) == 0 &&
		    fold_compare_value(last, record, RECORD_CALL_TIME) == 0 &&
		    fold_compare_value(last, record, RECORD_CAMPAIGN_ID) == 0)
			return false;
	}
	return true;
}

void
fold_trim(struct fold *fold)
{
	if (fold->capacity > CAPACITY_TO_KEEP)
		fold_free(fold);
}

void
fold_free(struct fold *fold)
{
	memory_free(fold->rows);
	*fold = (struct fold){ 0 };
}
