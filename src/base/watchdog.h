/*
 * The watchdog of systemd, notified by the loops that serve and by nothing else: a thread that takes requests rings,
 * and only while a writer makes progress too.  An unavailable database is no reason to be killed.
 */
#ifndef WATCHDOG_H
#define WATCHDOG_H

#include <stdint.h>

/*
 * Once, before the threads start.  busy_time: milliseconds that a push in good order may hold a thread or a writer.  A
 * WatchdogSec too short for that is lengthened.
 */
void watchdog_init(int64_t busy_time);

/* Milliseconds between two rings; 0 when nobody watches. */
int64_t watchdog_period(void);

/* The loop of a writer goes round.  Safe in any thread. */
void watchdog_note_writer(void);

/* To be called by the serving threads, every watchdog_period(): tells the manager, unless all writers are stuck. */
void watchdog_ring(void);

#endif
