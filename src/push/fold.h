/*
 * The records of several pushes made ready for one statement: in the order of their identity, so that two writers with
 * the same keys never wait for each other in a circle, and no identity twice, which the statement would refuse.
 */
#ifndef FOLD_H
#define FOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "push/push.h"

struct fold_row {
	const struct record *record;
	const struct push   *push;
	size_t               order;   /* in which it arrived, over all pushes of the fold */
	int                  number;  /* of the push among those of the fold, from 0 */
	bool                 shared;  /* several pushes say the same; push is the one received last */
};

struct fold {
	struct fold_row *rows;
	size_t           count;
	size_t           room;
};

/*
 * Fills fold from the first of the count pushes on and gives how many pushes it holds, 1 at least.  Of one identity in
 * one push the last record stands.  An identity in two pushes is folded when both say the same, and the row is that of
 * the one received last; where the later one differs, the fold ends before that push, so that the statement after it
 * keeps the earlier content as a revision.
 * fold starts as {0} and is used again and again; records and pushes must outlive its use.
 */
int fold_pushes(struct fold *fold, struct push **pushes, int count);

/* Whether each row has a time and a number, and no two have campaign, time and number in common. */
bool fold_is_plain(const struct fold *fold);

/* Gives back what a huge fold took: it must not be held for ever. */
void fold_trim(struct fold *fold);

void fold_free(struct fold *fold);

/* The order of two records by a field; one without it comes first. */
int fold_compare_value(const struct record *a, const struct record *b, enum record_field field);

#endif
