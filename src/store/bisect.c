/* Finds the records that the database refuses, by halving. */
#include "store/bisect.h"

#include <string.h>

#include "base/memory.h"

struct search {
	struct db         *db;
	struct push       *push;
	const struct fold *fold;
	int64_t            deadline;
	const char       **reasons;   /* one for each of the push's records, in their order; NULL: not refused */
	int                found;
};

/* Stops with false as soon as a dry run fails for another reason: a restart of the server must quarantine nothing. */
static bool
search(struct search *s, size_t first, size_t count)
{
	struct fold part = { .rows = s->fold->rows + first, .count = count };
	const char *refusal;

	switch (db_dry_run(s->db, s->push, &part, s->deadline)) {
	case DB_STORED:
		return true;
	case DB_BAD_RECORD:
		break;
	default:
		return false;
	}
	if (count > 1)
		return search(s, first, count / 2) && search(s, first + count / 2, count - count / 2);
	refusal = db_refusal(s->db);
	s->reasons[part.rows[0].order] = arena_copy(&s->push->list.arena, refusal, strlen(refusal) + 1);
	s->found++;
	return true;
}

bool
bisect_refused(struct db *db, struct fold *fold, struct push *push, int64_t deadline, int *found)
{
	struct search s = { .db = db, .push = push, .fold = fold, .deadline = deadline };
	bool finished;

	*found = 0;
	if (push->list.record_count == 0)
		return true;
	/* the fold holds this push alone, so the order of a row is the index of its record in the push */
	fold_pushes(fold, &push, 1);
	/* one without records first: if the database refuses even that, no record is at fault */
	switch (db_dry_run(db, push, &(struct fold){ 0 }, deadline)) {
	case DB_STORED:
		break;
	case DB_BAD_RECORD:
		return true;
	default:
		return false;
	}
	s.reasons = memory_zalloc(push->list.record_count * sizeof *s.reasons);
	finished = search(&s, 0, fold->count);
	record_list_reject_records(&push->list, s.reasons);
	memory_free(s.reasons);
	*found = s.found;
	return finished;
}
