/* The writers: each takes what waits, stores it and settles it, over a connection of its own. */
#ifndef WRITER_H
#define WRITER_H

#include "batch.h"

struct writer;

/* A thread with a connection of its own, made at once and again whenever it is lost.  Texts must outlive it. */
struct writer *writer_start(struct batch *batch, const char *conninfo, const char *call_timezone);

/* Waits until it has tried for the first time to connect: before that nobody knows whether the database is there. */
void writer_await_first_look(struct writer *writer);

/* To be called when the batch is closed: waits until the writer has settled what was left. */
void writer_join(struct writer *writer);

#endif
