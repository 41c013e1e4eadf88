/* The watchdog of systemd, notified by the loops that serve. */
#include "base/watchdog.h"

#include <stdatomic.h>
#include <stdbool.h>

#ifdef HAVE_LIBSYSTEMD
#include <systemd/sd-daemon.h>
#endif

#include "base/clock.h"
#include "base/log.h"

enum { RINGS = 4 };     /* in the time that the manager allows */

static int64_t time_allowed;             /* milliseconds without a ring; 0: nobody watches */
static _Atomic int64_t writer_seen;      /* clock_ms() */
static atomic_bool stuck_said;

void
watchdog_init(int64_t busy_time)
{
#ifdef HAVE_LIBSYSTEMD
	uint64_t allowed;

	if (sd_watchdog_enabled(0, &allowed) <= 0)
		return;
	time_allowed = (int64_t)(allowed / 1000);
	/* all threads may be busy at once, and the ring then waits until one is free */
	if (time_allowed < 2 * busy_time) {
		time_allowed = 2 * busy_time;
		sd_notifyf(0, "WATCHDOG_USEC=%lld", (long long)time_allowed * 1000);
	}
	watchdog_note_writer();
#else
	(void)busy_time;
#endif
}

int64_t
watchdog_period(void)
{
	return time_allowed / RINGS;
}

void
watchdog_note_writer(void)
{
	atomic_store_explicit(&writer_seen, clock_ms(), memory_order_relaxed);
}

static bool
writers_are_stuck(void)
{
	return clock_ms() - writer_seen > time_allowed / 2;
}

void
watchdog_ring(void)
{
	if (writers_are_stuck()) {
		if (!atomic_exchange(&stuck_said, true))
			log_error("no writer is making progress: withholding the watchdog notification, so "
			    "systemd will restart the service");
		return;
	}
	stuck_said = false;
#ifdef HAVE_LIBSYSTEMD
	sd_notify(0, "WATCHDOG=1");
#endif
}
