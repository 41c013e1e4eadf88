/*
 * Where connections change hands: the prober makes them, off the pushes' time, and a writer or the replay that has lost
 * its own takes one.  All functions are safe in any thread.
 */
#ifndef DESK_H
#define DESK_H

#include <stdbool.h>

#include "db/db.h"

struct desk;

struct desk *desk_new(void);
void desk_free(struct desk *desk);

/* Somebody wants a connection; it is said once for each. */
void desk_want(struct desk *desk);

/* The connection that lies there, which is the taker's now; NULL when there is none yet. */
struct db *desk_take(struct desk *desk);

/* Whether somebody wants a connection and none lies there. */
bool desk_is_wanted(struct desk *desk);

/* Lays a connected db there; it is no longer the giver's. */
void desk_give(struct desk *desk, struct db *db);

/* Whether it has been tried at all to connect: before that nobody knows whether the database is there. */
void desk_set_tried(struct desk *desk);
bool desk_is_tried(struct desk *desk);

/* A writer has gained or lost its connection; whether some writer has one. */
void desk_count_connection(int difference);
bool desk_has_connection(void);

/* A writer has lost its connection, and nothing has been committed since: new ones are made more slowly. */
void desk_set_failing(struct desk *desk, bool failing);
bool desk_is_failing(struct desk *desk);

#endif
