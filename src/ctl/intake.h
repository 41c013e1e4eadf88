/* Stores bodies that come from elsewhere than the web server, as pushes are stored. */
#ifndef INTAKE_H
#define INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/db.h"
#include "push/push.h"

#define INTAKE_NO_LIST "it is neither a list nor an object with a callResultList or data"

/*
 * Reads all that descriptor gives.  The caller frees the bytes (memory_free).  False, with errno and body {NULL, 0},
 * when reading failed or there are more than max bytes (EFBIG).
 */
bool intake_read(int descriptor, size_t max, struct slice *body) __attribute__((warn_unused_result));

/* The same for a file; "-" is standard input.  False, with *problem in words and body {NULL, 0}. */
bool intake_read_file(const char *path, size_t max, struct slice *body, const char **problem)
    __attribute__((warn_unused_result));

/*
 * A push that owns body, not parsed yet, received at received_at (microseconds since 1970; 0: now).  The caller has its
 * one reference.
 */
struct push *intake_push(struct slice body, int64_t received_at);

/* A push of the first of these records, as many as go into one.  They point into the caller's text, which must last. */
struct push *intake_part(const struct record *records, size_t count, int64_t received_at);

/*
 * Stores a parsed push and adds what became of it to counts.  Connects again after a lost connection, a few times: a
 * push that is stored twice is there once.  False, with *problem, when it was not stored.
 */
bool intake_store(struct db *db, struct push *push, struct db_counts *counts, const char **problem)
    __attribute__((warn_unused_result));

/*
 * Keeps house for what was stored, as a worker does, up to half a minute: makes its months, folds the tally, numbers
 * the feed.  What is not done, logged, waits for a worker's housekeeper.
 */
void intake_keep_house(struct db *db);

/* Adds counts to total. */
void intake_add(struct db_counts *total, const struct db_counts *counts);

#endif
