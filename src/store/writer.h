/* Writers: threads that take the pushes that wait, store or spool them, and settle them. */
#ifndef WRITER_H
#define WRITER_H

#include "db/pool.h"
#include "spool/spool.h"
#include "store/queue.h"

struct writer;

/* Starts a writer, which borrows connections from the pool.  Queue, pool and spool must outlive it. */
struct writer *writer_start(struct queue *queue, struct pool *pool, struct spool *spool);

/* Stores or spools in the calling thread, as a writer does, a push that queue_post() left to it, and settles it. */
void writer_store(struct queue *queue, struct pool *pool, struct spool *spool, struct push *push);

/* Once the queue is closed: waits until the writer has settled what was left, and frees it. */
void writer_join(struct writer *writer);

#endif
