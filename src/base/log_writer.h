/*
 * A thread that writes the log, so that no other waits for its reader: write(2) to a full pipe and syslog(3) to a
 * stopped daemon block without limit.  Lines that find its queue full are dropped and counted.
 */
#ifndef LOG_WRITER_H
#define LOG_WRITER_H

#include <stdint.h>

/*
 * From here on the thread writes what is logged, and what libraries print to stderr.  When the process exits, it has
 * one second to write the lines still queued; the rest is lost.
 */
void log_writer_start(void);

/* How many lines were dropped so far.  Safe in any thread. */
int64_t log_writer_dropped(void);

#endif
