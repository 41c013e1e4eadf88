/*
 * Bodies that come from elsewhere than the web server, on the way of a push: record.c, fold.c, store.c, and the
 * evidence.
 */
#ifndef INTAKE_H
#define INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/db.h"
#include "push/push.h"

#define INTAKE_NO_LIST "it is neither a list nor an object with a callResultList or data"

/*
 * Reads to the end, and a byte beyond max, so that it shows when there is more.  The bytes are the caller's, to be
 * freed, also when it cannot: false then, with errno.
 */
bool intake_read(int descriptor, size_t max, struct slice *body) __attribute__((warn_unused_result));

/*
 * Reads a whole file, max bytes at most.  The bytes are the caller's, to be freed.  False, with *problem, when it
 * cannot.
 */
bool intake_read_file(const char *path, size_t max, struct slice *body, const char **problem);

/*
 * A push of that body, which becomes its own, received then (microseconds since 1970; 0: now).  Not parsed yet, held
 * for the caller.
 */
struct push *intake_push(struct slice body, int64_t received_at);

/*
 * A push of the first of these records, as many as go into one; where their texts lie is the caller's, and must
 * outlive it.
 */
struct push *intake_part(const struct record *records, size_t count, int64_t received_at);

/*
 * Stores a parsed push and adds to counts what became of it.  A connection that is lost is made anew, a few
 * times: stored twice, a push is there once.  False, with *problem, when it is not stored.
 */
bool intake_store(struct db *db, struct push *push, struct db_counts *counts, const char **problem);

void intake_add(struct db_counts *total, const struct db_counts *counts);

#endif
