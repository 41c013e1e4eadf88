/* The writers: each takes the pushes that wait, stores or spools them, and settles them. */
#ifndef WRITER_H
#define WRITER_H

#include "db/pool.h"
#include "spool/spool.h"
#include "store/queue.h"

struct writer;

/* A thread that borrows its connections from the pool.  Everything must outlive the writer. */
struct writer *writer_start(struct queue *queue, struct pool *pool, struct spool *spool);

/* To be called when the queue is closed: waits until the writer has settled what was left. */
void writer_join(struct writer *writer);

#endif
