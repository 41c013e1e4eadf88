/* systemd: the socket it hands over, the states it is told, its watchdog.  The only user of libsystemd. */
#ifndef SYSTEMD_H
#define SYSTEMD_H

#include <stdint.h>

/* The first socket that it hands over, to be asked for once; -1: there is none. */
int systemd_socket(void);

/* state: as sd_notify(3) has it, such as "READY=1". */
void systemd_notify(const char *state);

/*
 * The watchdog restarts a service that does not ring (send WATCHDOG=1).  The threads that serve ring, but only while
 * the writers make progress.  Without the database the writers still make progress: they spool.
 *
 * To be called once, before the threads start.  busy_time: milliseconds that a push may hold a thread or a writer while
 * all is well.  A WatchdogSec of less than twice busy_time is raised to that.
 */
void systemd_watchdog_init(int64_t busy_time);

/* Milliseconds between two rings; 0 when nobody watches. */
int64_t systemd_watchdog_period(void);

/* A writer makes progress.  Safe in any thread. */
void systemd_watchdog_note_writer(void);

/* Rings, unless the writers are stuck, which is logged.  Safe in any thread. */
void systemd_watchdog_ring(void);

#endif
