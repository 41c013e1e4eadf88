/*
 * What keeps a push while the database cannot: one row a push in an SQLite file (WAL, synchronous FULL), in the order of
 * arrival.  Several threads and several processes may use one file.  spool.c, the queue, and spool_file.c behind it, the
 * file, are the only users of SQLite.
 */
#ifndef SPOOL_H
#define SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "push/push.h"

struct spool;

struct spool_depth {
	int64_t pushes;
	int64_t bytes;         /* of their bodies */
};

/*
 * Opens the file, made when it is not there; it grows to max_size bytes at most, and leaves a part of its disk free.  A
 * damaged one is put aside under another name.  NULL, said in the log, when there can be none.  What makes it less safe
 * than it should be is said as well.
 */
struct spool *spool_open(const char *path, int64_t max_size);
void spool_close(struct spool *spool);

/* True when all pushes are on the disk (fsynced).  False, said in the log, when none is. */
bool spool_put(struct spool *spool, struct push *const *pushes, int count);

/*
 * The pushes that have been there longest, room at most and until their bodies pass bytes; each is held for the caller.
 * Their bodies are not parsed yet.  Gives how many, or -1, said in the log, when the file cannot be read.
 */
int spool_oldest(struct spool *spool, struct push **pushes, int room, size_t bytes);

/* Takes pushes that are stored out of the spool; what is not there any more is fine.  False, said, when it cannot. */
bool spool_remove(struct spool *spool, struct push *const *pushes, int count);

/* Puts a push behind all others.  False, said, when it cannot. */
bool spool_postpone(struct spool *spool, const struct push *push);

/* Whether it took the last pushes, if there were any, and its disk has room for more. */
bool spool_is_well(struct spool *spool);

/* What is in it, as far as this process knows: what others have put there or taken since is left out. */
struct spool_depth spool_depth(struct spool *spool);

/* When the push at its head arrived (clock_stamp); 0 when it is empty. */
int64_t spool_oldest_stamp(struct spool *spool);

/* Sets the metrics of the spool; a metrics_collect. */
void spool_collect(void *spool);

/* What is in it, counted anew. */
struct spool_depth spool_count(struct spool *spool);

/* --- for an administrator's look ---------------------------------------------------------------------------- */

struct spool_summary {
	struct spool_depth depth;
	int64_t            oldest;   /* clock_stamp() of the push received first; 0: there is none */
};

/* Opens a file that is there; nothing is made and nothing is put aside.  NULL, said in the log, when it cannot. */
struct spool *spool_open_existing(const char *path, int64_t max_size);

/* False, said, when the file cannot be read. */
bool spool_summarize(struct spool *spool, struct spool_summary *summary);

/*
 * The push behind place, which is 0 at first and is moved on; held for the caller, its body NULL unless with_body.
 * NULL at the end, and, with *failed set and said, when the file cannot be read.
 */
struct push *spool_next(struct spool *spool, int64_t *place, bool with_body, bool *failed);

/* The push of that id, as from spool_next with its body; NULL when it is not there. */
struct push *spool_find(struct spool *spool, const struct push_id *id, bool *failed);

/* Why what lies on the file system of path is less safe than it should be; NULL when nothing is known against it. */
const char *spool_file_system_risk(const char *path);

#endif
