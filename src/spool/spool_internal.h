/*
 * What the files of this room know of a spool.
 *
 * Locks, in the order in which they are taken: file_mutex, then the turn among processes (spool_turn.h), then
 * SQLite's.  Whoever has file_mutex may wait for a disk that hangs, and for other processes.  mutex is held for
 * moments only, and never while waiting for anything else.
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
	SPOOL_WELL_BYTES = 64 * 1024,   /* a spool that has no room for these is not well */
	SPOOL_ROW_BYTES = 512,          /* what a row takes beside its body */
};

struct spool {
	pthread_mutex_t   file_mutex;
	struct spool_file file;
	struct log_limit  full_limit;
	int64_t           checked;      /* seq up to which the keeper has looked for damage */
	struct spool_rescue *rescue;    /* of a damaged file, under way; NULL: none */
	bool              shrunk;       /* there is nothing to be given back to the disk, or not yet */

	/* what queries are answered from: set by whoever has worked on the file */
	_Atomic int64_t   pushes;
	_Atomic int64_t   bytes;
	_Atomic int64_t   oldest;       /* clock_timestamp(); 0: it is empty */
	atomic_bool       open;
	atomic_bool       failing;      /* the last pushes could not be put there, or the next could not */
	_Atomic int64_t   at_work;      /* clock_ms() since which the keeper is busy; 0: it is not */

	/* the keeper and those who wait for it, under mutex */
	pthread_mutex_t   mutex;
	pthread_cond_t    work;         /* there is a put, or it is to end */
	pthread_cond_t    done;         /* a put is done, or the keeper has looked at the file, or has ended */
	pthread_t         keeper;
	bool              has_keeper;
	bool              looked;       /* it has tried to open the file */
	bool              ending;
	bool              ended;
	struct put       *first, **last;
};

/* Takes file_mutex; false when its holder does not return in time: the disk hangs. */
bool spool_lock(struct spool *spool) __attribute__((warn_unused_result));

/* Gives file_mutex up, after a spool_observe. */
void spool_unlock(struct spool *spool);

/* Sets what queries are answered from; with file_mutex. */
void spool_observe(struct spool *spool);

/* When the last call of SQLite found the file damaged: begins a new one, and has the old one's pushes taken over. */
bool spool_replace_damaged(struct spool *spool);

/* The keeper (spool_keeper.c): the thread that puts, and looks after the file in between. */
void spool_keeper_start(struct spool *spool);

/* False when it does not end: its disk hangs. */
bool spool_keeper_stop(struct spool *spool);

/*
 * One look of the keeper: opens the file, removes what is remembered, looks for damage and goes on with a rescue, gives
 * room back, and finds out whether a spool that was failing is well again.
 */
void spool_look_after(struct spool *spool);

#endif
