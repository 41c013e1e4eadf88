/*
 * Stores pushes in the database, wherever they come from: folded into as few transactions as their contents allow,
 * halved where the database refuses a record, so that a bad one costs no good one, and kept whole in quarantine where
 * nothing else helps.
 */
#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "db/db.h"
#include "push/fold.h"
#include "push/push.h"

/*
 * Called with each group of pushes as soon as it is known whether they are in the database, as records or in
 * quarantine.  counts: what became of them; NULL: they are not stored, as far as is known, and db_problem() says why.
 */
typedef void store_settled(void *context, struct push **pushes, int count, const struct db_counts *counts);

/*
 * Stores count pushes over db, which is connected, by the deadline (clock_ms, ms), and calls settled for all of
 * them, in order.  When the connection or the time ends, the rest is not stored.  Records that the database refuses are
 * made rejects of their push, which keeps them when the time ends: the next try goes on from there.  fold is memory to
 * work with.
 */
void store_pushes(struct db *db, struct fold *fold, struct push **pushes, int count, int64_t deadline,
    store_settled *settled, void *context);

/* Keeps a push whole in quarantine, for that reason.  False when the database does not take that either. */
bool store_whole(struct db *db, struct fold *fold, struct push *push, const char *reason, int64_t deadline)
    __attribute__((warn_unused_result));

#endif
