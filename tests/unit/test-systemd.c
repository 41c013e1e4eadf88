/* systemd's watchdog: rings while a writer goes on, with the clock in the test's hand and a manager that listens. */
#include "unit.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "base/clock.h"
#include "base/systemd.h"

#ifdef HAVE_LIBSYSTEMD

enum { ALLOWED = 400, BUSY = 100 };     /* milliseconds */

static int64_t now = 1000 * 1000;
static int manager = -1;

int64_t
clock_ms(void)
{
	return now;
}

/* What the manager was told since the last look; "" for nothing. */
static const char *
told(void)
{
	static char text[256];
	ssize_t length = recv(manager, text, sizeof text - 1, MSG_DONTWAIT);

	text[length > 0 ? length : 0] = '\0';
	return text;
}

static int
watched(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "unit-test.notify" };
	char *path;

	unlink(address.sun_path);
	manager = socket(AF_UNIX, SOCK_DGRAM, 0);
	assert_int_equal(bind(manager, (const struct sockaddr *)&address, sizeof address), 0);
	path = realpath("unit-test.notify", NULL);
	setenv("NOTIFY_SOCKET", path, 1);
	free(path);
	setenv("WATCHDOG_USEC", "400000", 1);
	systemd_watchdog_init(BUSY);
	assert_string_equal(told(), "");
	return 0;
}

static int
unwatched(void **state)
{
	close(manager);
	unlink("unit-test.notify");
	return 0;
}

static void
it_rings_several_times_in_the_time_allowed(void **state)
{
	assert_in_range(systemd_watchdog_period(), 1, ALLOWED / 3);
	systemd_watchdog_ring();
	assert_string_equal(told(), "WATCHDOG=1");
}

static void
it_is_silent_while_no_writer_goes_on_and_says_so_once(void **state)
{
	struct capture capture;
	char *said;

	systemd_watchdog_note_writer();
	now += 2 * BUSY;
	systemd_watchdog_ring();
	assert_string_equal(told(), "WATCHDOG=1");      /* a writer may be busy for that long */
	now += 1;
	capture = capture_start();
	systemd_watchdog_ring();
	systemd_watchdog_ring();
	said = capture_end(capture);
	assert_string_equal(told(), "");
	assert_int_equal(lines_in(said), 1);
	free(said);
	systemd_watchdog_note_writer();
	systemd_watchdog_ring();
	assert_string_equal(told(), "WATCHDOG=1");
}

static void
a_time_too_short_for_a_push_is_lengthened(void **state)
{
	systemd_watchdog_init(ALLOWED);
	assert_string_equal(told(), "WATCHDOG_USEC=800000");
	assert_in_range(systemd_watchdog_period(), ALLOWED / 3, ALLOWED);
}

#endif

int
main(void)
{
#ifdef HAVE_LIBSYSTEMD
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_rings_several_times_in_the_time_allowed),
		cmocka_unit_test(it_is_silent_while_no_writer_goes_on_and_says_so_once),
		cmocka_unit_test(a_time_too_short_for_a_push_is_lengthened),
	};

	return cmocka_run_group_tests(tests, watched, unwatched);
#else
	puts("1..0 # SKIP built without systemd");
	return 0;
#endif
}
