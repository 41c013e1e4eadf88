/*
 * Pushes into the database, whoever brings them: folded into as few transactions as their contents allow, and taken
 * apart where the database refuses a record.
 */
#ifndef STORE_H
#define STORE_H

#include <stdint.h>

#include "db/db.h"
#include "push/fold.h"
#include "push/push.h"

/* Told of each group of pushes as soon as its fate is known: DB_STORED, or what stood in the way. */
typedef void store_settled(void *context, struct push **pushes, int count, enum db_result result);

/*
 * Stores count pushes over db, which is connected, by the deadline, and calls settled for all of them, in order.  What
 * is left when the connection or the time ends is settled as DB_UNAVAILABLE.  fold is memory to work with.
 */
void store_pushes(struct db *db, struct fold *fold, struct push **pushes, int count, int64_t deadline,
    store_settled *settled, void *context);

#endif
