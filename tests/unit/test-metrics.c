/* Who is asked for figures when the metrics are written. */
#include "unit.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "metrics/metrics.h"

enum { MOST = 8 };

static int asked[MOST + 1];

static void
count(void *context)
{
	++*(int *)context;
}

static void
write_once(void)
{
	FILE *file = fopen("/dev/null", "w");

	assert_non_null(file);
	memset(asked, 0, sizeof asked);
	metrics_write(file);
	fclose(file);
}

static void
whoever_is_registered_is_asked_once(void **state)
{
	for (int i = 0; i < MOST; i++)
		metrics_register(count, &asked[i]);
	write_once();
	for (int i = 0; i < MOST; i++)
		assert_int_equal(asked[i], 1);
	metrics_unregister(&asked[3]);
	metrics_register(count, &asked[MOST]);
	write_once();
	for (int i = 0; i <= MOST; i++)
		assert_int_equal(asked[i], i != 3);
}

static void
nobody_is_dropped_silently(void **state)
{
	const struct rlimit no_core = { 0, 0 };
	pid_t child = fork();
	int status;

	if (child == 0) {
		setrlimit(RLIMIT_CORE, &no_core);
		signal(SIGABRT, SIG_DFL);
		metrics_register(count, &asked[0]);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_is_registered_is_asked_once),
		cmocka_unit_test(nobody_is_dropped_silently),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
