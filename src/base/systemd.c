/* systemd: the socket it hands over, the states it is told, its watchdog. */
#include "base/systemd.h"

#include <stdatomic.h>
#include <stdbool.h>

#include "base/clock.h"
#include "base/log.h"

#ifdef HAVE_LIBSYSTEMD
#include <systemd/sd-daemon.h>
#else
/* nobody hands over, listens or watches */
#define SD_LISTEN_FDS_START 3
#define sd_listen_fds(unset) 0
#define sd_notify(unset, state) ((void)(state))
#define sd_notifyf(unset, ...) ((void)0)
#define sd_watchdog_enabled(unset, allowed) (*(allowed) = 0, 0)
#endif

enum { RINGS = 4 };     /* in the time that the watchdog allows */

static int64_t time_allowed;             /* milliseconds without a ring; 0: nobody watches */
static _Atomic int64_t writer_seen;      /* clock_ms() */
static atomic_bool stuck_logged;

int
systemd_socket(void)
{
	int count = sd_listen_fds(1);

	if (count > 1)
		log_warning("systemd passed %d sockets; serving only the first", count);
	return count > 0 ? SD_LISTEN_FDS_START : -1;
}

void
systemd_notify(const char *state)
{
	sd_notify(0, state);
}

void
systemd_watchdog_init(int64_t busy_time)
{
	uint64_t allowed;

	if (sd_watchdog_enabled(0, &allowed) <= 0)
		return;
	time_allowed = (int64_t)(allowed / 1000);
	/* all threads may be busy at once, and the ring then waits until one is free */
	if (time_allowed < 2 * busy_time) {
		time_allowed = 2 * busy_time;
		sd_notifyf(0, "WATCHDOG_USEC=%lld", (long long)time_allowed * 1000);
	}
	systemd_watchdog_note_writer();
}

int64_t
systemd_watchdog_period(void)
{
	return time_allowed / RINGS;
}

void
systemd_watchdog_note_writer(void)
{
	atomic_store_explicit(&writer_seen, clock_ms(), memory_order_relaxed);
}

void
systemd_watchdog_ring(void)
{
	if (clock_ms() - writer_seen <= time_allowed / 2) {
		stuck_logged = false;
		systemd_notify("WATCHDOG=1");
	} else if (!atomic_exchange(&stuck_logged, true)) {
		log_error("no writer is making progress: withholding the watchdog notification, so "
		    "systemd will restart the service");
	}
}
