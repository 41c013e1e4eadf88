/*
 * What keeps a push while the database cannot: one row a push in an SQLite file (WAL, synchronous FULL), in the order
 * of arrival.  Several threads and several processes may use one file.
 *
 * spool_keeper.c puts pushes into it, in a thread of the spool's own that a disk may hang alone, and looks after it
 * (spool_upkeep.c); spool.c takes them out; spool_state.c is what they share.  spool_file.c is the file, spool_sqlite.c
 * what SQLite is asked of it, spool_schema.c its tables, spool_row.c a row of it, spool_turn.c the order among
 * processes, spool_disk.c the room there is, spool_rescue.c what becomes of a damaged file, read by spool_pages.c and
 * spool_wal.c.
 */
#ifndef SPOOL_H
#define SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "push/push.h"

struct spool;

enum { SPOOL_FREE_FLOOR = 64 * 1024 * 1024 };   /* bytes of its disk that are left to others */

struct spool_depth {
	int64_t pushes;
	int64_t bytes;         /* of their bodies as sent */
};

/*
 * Opens the file, or creates it, now or as soon as that is possible; it grows to at most max_size bytes, and leaves a
 * part of its disk free.  A damaged one is set aside under another name, and what can be read of it is copied into a
 * new one.  Logs what makes it less safe than it should be.
 */
struct spool *spool_open(const char *path, int64_t max_size) __attribute__((returns_nonnull));
void spool_close(struct spool *spool);

/*
 * Puts pushes by the deadline (clock_ms(), ms).  Returns how many are on the disk (fsynced), and puts these first in
 * the array; logs when there is no room for the others or the file cannot be written.
 */
int spool_put(struct spool *spool, struct push **pushes, int count, int64_t deadline)
    __attribute__((warn_unused_result));

/*
 * The oldest pushes, at most capacity and until their bodies exceed bytes, each with a reference for the caller.
 * Their bodies are not parsed yet.  Returns how many, or -1, logged, when the file cannot be read.
 */
int spool_oldest(struct spool *spool, struct push **pushes, int capacity, size_t bytes);

/*
 * Removes stored pushes from the spool; one that is already gone is fine.  One that cannot be removed now is
 * remembered: spool_oldest skips it, and it is removed as soon as possible.  False, logged, when it cannot even be
 * remembered.
 */
bool spool_remove(struct spool *spool, struct push *const *pushes, int count);

/* Puts a push behind all others.  False, logged, when it cannot. */
bool spool_postpone(struct spool *spool, struct push *push);

/* These never wait: they answer with what was known when the file was last worked on, at most a second ago. */

/* Whether it is open, accepted the last pushes, has room for more, and its disk does not hang. */
bool spool_is_well(const struct spool *spool);

/* What is in it. */
struct spool_depth spool_depth(const struct spool *spool);

/* Sets the metrics of the spool; a metrics_collect. */
void spool_collect(void *spool);

/* What is in it now, whoever put it there. */
struct spool_depth spool_count(struct spool *spool);

/* --- for an administrator's look ---------------------------------------------------------------------------- */

struct spool_summary {
	struct spool_depth depth;
	int64_t            oldest;   /* clock_timestamp() of the push received first; 0: there is none */
};

/* Opens an existing file; nothing is created and nothing is set aside.  NULL, logged, when it cannot. */
struct spool *spool_open_existing(const char *path, int64_t max_size);

/* False, logged, when the file cannot be read. */
bool spool_summarize(struct spool *spool, struct spool_summary *summary);

#define SPOOL_FIRST INT64_MIN

/*
 * The push behind the cursor, which is SPOOL_FIRST at first and is moved on; with a reference for the caller, its
 * body NULL unless with_body.  NULL at the end, and, with *failed set and logged, when the file cannot be read.
 */
struct push *spool_next(struct spool *spool, int64_t *cursor, bool with_body, bool *failed);

/* The push of that id, as from spool_next with its body; NULL when it is not there. */
struct push *spool_find(struct spool *spool, const struct push_id *id, bool *failed);

struct spool_rescued {
	bool    is_due;         /* there is more to be read */
	int64_t page, pages;    /* the last one read, of so many */
	int64_t found;          /* pushes */
	int64_t taken;          /* of them those that the spool did not have */
};

/*
 * Copies pushes, as far as they can still be read, from a damaged spool that was set aside, or from a copy of it:
 * with each call a part, as long as there is more.  False, logged, when it cannot.
 */
bool spool_rescue(struct spool *spool, const char *path, struct spool_rescued *rescued);

/* Why a file on the file system of path is less safe than it should be; NULL when no reason is known. */
const char *spool_file_system_risk(const char *path);

#endif
