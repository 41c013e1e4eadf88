/*
 * The records of several pushes made ready for one statement: sorted by identity, so that two writers with the same
 * identities do not deadlock, and each identity once, because the statement refuses one that comes twice.
 */
#ifndef FOLD_H
#define FOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "push/push.h"

struct fold_row {
	const struct record *record;
	const struct push   *push;
	size_t               order;   /* of its arrival, over all pushes of the fold */
	int                  number;  /* of the push among those of the fold, from 0 */
	bool                 shared;  /* several pushes hold the same record; push is the one received last */
};

struct fold {
	struct fold_row *rows;
	size_t           count;
	size_t           capacity;
};

/*
 * Fills fold from the first of the count pushes on.  Returns how many of them it holds, at least 1.  Of records with
 * one identity
 * - in one push, the last stands;
 * - in two pushes, with the same content, the one received last stands;
 * - in two pushes, with different content, the later push stays out, with all pushes behind it: the next statement
 *   stores it, and keeps the earlier content as a revision.
 * fold starts as {0} and may be filled again; records and pushes must outlive its use.
 */
int fold_pushes(struct fold *fold, struct push **pushes, int count);

/* Whether each row has a call time and a called number, and no two share campaign, call time and called number. */
bool fold_is_plain(const struct fold *fold);

/* Frees the memory of a huge fold, which must not be held for ever. */
void fold_trim(struct fold *fold);

void fold_free(struct fold *fold);

/* Compares two records by a field, as memcmp(3) does; one without it comes first. */
int fold_compare_value(const struct record *a, const struct record *b, enum record_field field);

#endif
