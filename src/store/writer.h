/* A writer: a thread that takes the pushes that wait, stores or spools them, and settles them. */
#ifndef WRITER_H
#define WRITER_H

#include "db/pool.h"
#include "spool/spool.h"
#include "store/queue.h"

struct writer;

/* Starts a writer, which borrows connections from the pool.  Queue, pool and spool must outlive it. */
struct writer *writer_start(struct queue *queue, struct pool *pool, struct spool *spool);

/* Once the queue is closed: waits until the writer has settled what was left, and frees it. */
void writer_join(struct writer *writer);

#endif
