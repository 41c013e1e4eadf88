/*
 * A thread that writes the log, so that nobody else waits for whoever reads it: write(2) to a full pipe, and syslog(3)
 * to a stopped daemon, block for as long as they like.  Lines that find the queue full are dropped and counted.
 */
#ifndef LOG_WRITER_H
#define LOG_WRITER_H

#include <stdint.h>

/*
 * Takes over until the process exits, what libraries print to stderr too; lines queued then are written within a
 * second, or lost.
 */
void log_writer_start(void);

/* How many lines were dropped so far. */
int64_t log_writer_dropped(void);

#endif
