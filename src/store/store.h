/*
 * Stores pushes in the database, wherever they come from, in as few transactions as their contents allow.  If the
 * database refuses a record, the record goes to quarantine and the rest is stored; as the last resort, the whole push
 * goes to quarantine.
 */
#ifndef STORE_H
#define STORE_H

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
 * Stores pushes over db, which is connected, by the deadline (clock_ms, ms).  Calls settled for all of them, in order.
 * When the connection or the time ends, the rest is not stored.  A refused record becomes a reject of its push, and
 * stays one when the time ends, so that the next try continues from there.  fold is scratch memory.
 */
void store_pushes(struct db *db, struct fold *fold, struct push **pushes, int count, int64_t deadline,
    store_settled *settled, void *context);

#endif
