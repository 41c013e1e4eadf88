/*
 * The spool keeps pushes while the database cannot: an SQLite file (WAL, synchronous FULL) with one row a push, in the
 * order of arrival.  Several threads and several processes may use one file.
 *
 *   spool.c         opens the spool, and takes pushes out
 *   spool_keeper.c  the spool's own thread, which puts pushes into it, so that no writer hangs with the disk
 *   spool_upkeep.c  what that thread does for the file in between
 *   spool_state.c   the lock of the file, and the answers that need no look at it
 *   spool_look.c    what callresultctl reads, and rescues by hand
 *   spool_file.c    the file; spool_sqlite.c what SQLite is asked, spool_schema.c its tables, spool_copy.c a copy of it
 *   spool_aside.c   the files set aside, whose pushes are still to be taken over
 *   spool_row.c     a push as a row
 *   spool_turn.c    whose turn it is, among processes
 *   spool_disk.c    the room that the disk has
 *   spool_rescue.c  what is saved of a damaged file, which spool_pages.c and spool_wal.c read
 */
#ifndef SPOOL_H
#define SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "push/push.h"

struct spool;

/* In the names of files beside the spool, behind its own: damaged ones, and copies of what was removed. */
#define SPOOL_DAMAGED_MARK ".damaged-"
#define SPOOL_COPY_MARK ".removed-"

enum { SPOOL_FREE_FLOOR = 64 * 1024 * 1024 };   /* bytes of its disk that are left to others */

struct spool_depth {
	int64_t pushes;
	int64_t bytes;         /* of their bodies as sent */
};

/*
 * Opens the file or creates it: at once, or as soon as that is possible.  It grows to at most max_size bytes.  A
 * damaged file is set aside under another name, and what can be read of it is copied into a new one.  Logs what makes
 * the file less safe than it should be.
 */
struct spool *spool_open(const char *path, int64_t max_size) __attribute__((returns_nonnull));
void spool_close(struct spool *spool);

/*
 * Puts pushes by the deadline (clock_ms(), ms).  Returns how many are on the disk (fsynced), and moves these to the
 * front of the array.  Logs when there is no room for the others, or the file cannot be written.
 */
int spool_put(struct spool *spool, struct push **pushes, int count, int64_t deadline)
    __attribute__((warn_unused_result));

/*
 * Reads the oldest pushes, each with a reference for the caller: at most capacity of them, and none after their bodies
 * have exceeded bytes in all.  The bodies are not parsed yet.  Returns how many, or -1, logged, when the file cannot be
 * read.
 */
int spool_oldest(struct spool *spool, struct push **pushes, int capacity, size_t bytes)
    __attribute__((warn_unused_result));

/*
 * Removes stored pushes that spool_oldest gave; one that is already gone is fine.  One that cannot be removed now is
 * remembered: spool_oldest skips it, and it is removed as soon as possible.  False, logged, when it cannot even be
 * remembered.
 */
bool spool_remove(struct spool *spool, struct push *const *pushes, int count) __attribute__((warn_unused_result));

/* Puts a push behind all others.  False, logged, when it cannot. */
bool spool_postpone(struct spool *spool, struct push *push);

/* Counts the pushes in the file, whichever process put them there; the last known figures if it cannot be read. */
struct spool_depth spool_count(struct spool *spool);

/* The next three never wait: they answer from when the file was last worked on, about a second ago. */

/* Whether it is open, took the last pushes, has room for more, and its disk does not hang. */
bool spool_is_well(const struct spool *spool);

/* What is in it. */
struct spool_depth spool_depth(const struct spool *spool);

/* Sets the metrics of the spool; a metrics_collect. */
void spool_collect(void *spool);

/* --- for an administrator's look ---------------------------------------------------------------------------- */

struct spool_summary {
	struct spool_depth depth;
	int64_t            oldest;   /* clock_timestamp() of the push received first; 0: there is none */
};

enum { SPOOL_PROBLEM_SIZE = 256 };

/* Opens an existing file; creates nothing and sets nothing aside.  NULL, with the reason in problem, when it cannot. */
struct spool *spool_open_existing(const char *path, int64_t max_size, char problem[SPOOL_PROBLEM_SIZE])
    __attribute__((warn_unused_result));

/* False, with the reason in problem, when the file cannot be read. */
bool spool_summarize(struct spool *spool, struct spool_summary *summary, char problem[SPOOL_PROBLEM_SIZE])
    __attribute__((warn_unused_result));

#define SPOOL_FIRST INT64_MIN       /* a cursor before all pushes */

/*
 * Reads the push behind the cursor, and moves the cursor to it.  The push comes with a reference for the caller, and
 * without its body unless with_body.  NULL at the end, and when the file cannot be read: *failed, logged, says which.
 */
struct push *spool_next(struct spool *spool, int64_t *cursor, bool with_body, bool *failed)
    __attribute__((warn_unused_result));

/* Reads the push of that id, with its body.  NULL when it is not there, and as with spool_next. */
struct push *spool_find(struct spool *spool, const struct push_id *id, bool *failed)
    __attribute__((warn_unused_result));

struct spool_rescued {
	bool    is_due;         /* there is more to be read */
	int64_t page, pages;    /* the page that was read last, of so many */
	int64_t found;          /* pushes that could be read */
	int64_t taken;          /* of them, those that the spool did not have */
};

/*
 * Takes over the pushes that can still be read of a damaged spool that was set aside, or of a copy of one: a part with
 * each call, while is_due.  False, logged, when it cannot.
 */
bool spool_rescue(struct spool *spool, const char *path, struct spool_rescued *rescued)
    __attribute__((warn_unused_result));

/* Whether callresultd takes over the pushes of the file at path by itself: its rescue is ordered and not done yet. */
bool spool_is_to_rescue(struct spool *spool, const char *path);

/* Why a file on the file system of path is less safe than it should be; NULL when no reason is known. */
const char *spool_disk_risk(const char *path);

#endif
