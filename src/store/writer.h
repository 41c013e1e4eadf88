/* The writers: each takes what waits, stores it or spools it, and settles it. */
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
