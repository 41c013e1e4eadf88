/* Counts the rows of a fold, which are sorted by campaign and time: what counts together is not far apart. */
#include "push/tally.h"

#include "base/memory.h"

enum {
	COUNTS_LOOKED_AT = 64,          /* the latest; a look at all would take quadratic time with many causes */
	CAPACITY_TO_KEEP = 1 << 15,     /* counts */
};

int64_t
tally_hour(int64_t time)
{
	const int64_t hour = INT64_C(3600000000);
	int64_t past = time % hour;

	return time - (past < 0 ? past + hour : past);
}

static bool
same_hour(const struct record_value *a, const struct record_value *b)
{
	return a->bytes == NULL || b->bytes == NULL ? a->bytes == b->bytes :
	    tally_hour(a->number) == tally_hour(b->number);
}

static bool
counts_together(const struct record *a, const struct record *b)
{
	static const enum record_field alike[] = { RECORD_CALL_STATUS, RECORD_FAIL_CODE, RECORD_VDN_ID,
		RECORD_CAMPAIGN_ID };
	bool same = same_hour(&a->value[RECORD_CALL_TIME], &b->value[RECORD_CALL_TIME]);

	for (size_t i = 0; same && i < sizeof alike / sizeof *alike; i++)
		same = fold_compare_value(a, b, alike[i]) == 0;
	return same;
}

static void
count_call(struct tally *tally, const struct record *record)
{
	size_t lowest = tally->count > COUNTS_LOOKED_AT ? tally->count - COUNTS_LOOKED_AT : 0;

	for (size_t i = tally->count; i > lowest; i--)
		if (counts_together(tally->counts[i - 1].record, record)) {
			tally->counts[i - 1].calls++;
			return;
		}
	tally->counts = memory_grow(tally->counts, &tally->capacity, tally->count + 1, sizeof *tally->counts);
	tally->counts[tally->count++] = (struct tally_count){ record, 1 };
}

static void
note_time(struct tally *tally, int64_t time, int64_t received_at)
{
	if (tally->timed++ == 0)
		tally->earliest = tally->latest = time;
	else if (time < tally->earliest)
		tally->earliest = time;
	else if (time > tally->latest)
		tally->latest = time;
	if (__builtin_add_overflow(tally->lag, received_at - time, &tally->lag))
		tally->has_lag = false;
}

static void
note_arrival(struct tally *tally, int64_t received_at)
{
	int64_t hour = tally_hour(received_at);

	if (tally->count == 0)
		tally->arrived = hour;
	else if (hour != tally->arrived)
		tally->in_one_hour = false;
}

void
tally_fold(struct tally *tally, const struct fold *fold)
{
	*tally = (struct tally){ .counts = tally->counts, .capacity = tally->capacity,
		.in_one_hour = fold->count > 0, .has_lag = true };
	for (size_t i = 0; i < fold->count; i++) {
		const struct fold_row *row = &fold->rows[i];
		const struct record_value *time = &row->record->value[RECORD_CALL_TIME];

		note_arrival(tally, row->push->received_at);
		if (time->bytes != NULL)
			note_time(tally, time->number, row->push->received_at);
		count_call(tally, row->record);
	}
}

void
tally_trim(struct tally *tally)
{
	if (tally->capacity > CAPACITY_TO_KEEP)
		tally_free(tally);
}

void
tally_free(struct tally *tally)
{
	memory_free(tally->counts);
	*tally = (struct tally){ 0 };
}
