/*
 * What the files of this room know of a spool.
 *
 * Locks, in the order in which they are taken: file_mutex, the turn among processes (spool_turn.h), SQLite's own.
 * Whoever has file_mutex may wait for other processes, and for a disk that hangs.  mutex is held for moments only, and
 * nobody takes another lock under it.
 */
#ifndef SPOOL_INTERNAL_H
#define SPOOL_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "spool/spool.h"
#include "spool/spool_file.h"
#include "spool/spool_rescue.h"

struct put;

enum {
	SPOOL_WELL_BYTES = 64 * 1024,   /* a spool without room for these is not well */
	SPOOL_ROW_OVERHEAD = 512,       /* bytes that a row takes beside its body */
};

struct spool {
	pthread_mutex_t   file_mutex;
	struct spool_file file;
	struct log_limit  full_limit;
	int64_t           checked;      /* seq up to which the keeper has looked for damage */
	struct spool_rescue *rescue;    /* of a damaged file, under way; NULL: none */
	bool              shrunk;       /* nothing was put since an empty file gave its room back to the disk */

	/* what queries are answered from */
	_Atomic int64_t   pushes;
	_Atomic int64_t   bytes;
	_Atomic int64_t   oldest;       /* clock_timestamp() of the arrival of the first push; 0: it is empty */
	atomic_bool       open;
	atomic_bool       failing;      /* the last pushes could not be put, or there is no room for the next */
	_Atomic int64_t   at_work;      /* clock_ms() since which the keeper is busy; 0: it is not */

	/* the keeper and those who wait for it, under mutex */
	pthread_mutex_t   mutex;
	pthread_cond_t    work;         /* there is a put, or it is to end */
	pthread_cond_t    done;         /* a put is done, or the keeper has looked at the file, or has ended */
	pthread_t         keeper;
	bool              has_keeper;
	bool              looked;       /* the keeper has tried to open the file */
	bool              ending;
	bool              ended;
	struct put       *first, **last;
};

/* Takes file_mutex; false when its holder does not return in time: the disk hangs. */
bool spool_lock(struct spool *spool) __attribute__((warn_unused_result));

/* Calls spool_observe(), and gives file_mutex up. */
void spool_unlock(struct spool *spool);

/* Updates the fields that queries are answered from.  The caller has file_mutex. */
void spool_observe(struct spool *spool);

/* As spool_file_replace_damaged; the look for damage begins anew. */
bool spool_replace_damaged(struct spool *spool);

/* Starts the keeper, and waits a moment for it to open the file. */
void spool_keeper_start(struct spool *spool);

/* Ends the keeper, if there is one.  False when it does not end, because its disk hangs. */
bool spool_keeper_stop(struct spool *spool) __attribute__((warn_unused_result));

/*
 * One look of the keeper: opens the file, removes what is remembered, goes on with a rescue, looks for damage, gives
 * room back to the disk, and finds out whether a spool that was failing is well again.  Returns whether there is more
 * to do at once.
 */
bool spool_look_after(struct spool *spool) __attribute__((warn_unused_result));

#endif
