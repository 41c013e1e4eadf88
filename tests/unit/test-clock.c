/* The clock that dates what is stored: it rises whatever the system's does, and gives no time twice. */
#include "unit.h"

#include <pthread.h>
#include <time.h>

#include "base/clock.h"

enum { SECOND = 1000000 };      /* microseconds */

static int64_t system_time = INT64_C(1600000000) * SECOND;

/* In place of the system's: it stands until a test sets it. */
int
clock_gettime(clockid_t clock, struct timespec *now)
{
	*now = (struct timespec){ system_time / SECOND, system_time % SECOND * 1000 };
	return 0;
}

static void
it_follows_a_clock_that_goes_on(void **state)
{
	for (int i = 0; i < 3; i++) {
		system_time += SECOND;
		assert_int_equal(clock_timestamp(), system_time);
	}
}

static void
it_rises_while_the_clock_stands_or_is_set_back(void **state)
{
	int64_t first = clock_timestamp(), second = clock_timestamp();

	assert_true(second > first);
	system_time -= 3600 * (int64_t)SECOND;
	assert_true(clock_timestamp() > second);
	system_time += 2 * 3600 * (int64_t)SECOND;
	assert_int_equal(clock_timestamp(), system_time);
}

enum { THREADS = 4, STAMPS = 20000 };

static void *
take_stamps(void *stamps)
{
	for (int64_t *stamp = stamps; stamp < (int64_t *)stamps + STAMPS; stamp++)
		*stamp = clock_timestamp();
	return NULL;
}

static int
earlier_first(const void *one, const void *other)
{
	int64_t a = *(const int64_t *)one, b = *(const int64_t *)other;

	return a < b ? -1 : a > b;
}

static void
threads_share_no_time(void **state)
{
	static int64_t stamps[THREADS][STAMPS];
	int64_t *all = stamps[0];
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_stamps, stamps[i]), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	qsort(all, (size_t)THREADS * STAMPS, sizeof *all, earlier_first);
	for (int i = 1; i < THREADS * STAMPS; i++)
		assert_true(all[i] > all[i - 1]);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_follows_a_clock_that_goes_on),
		cmocka_unit_test(it_rises_while_the_clock_stands_or_is_set_back),
		cmocka_unit_test(threads_share_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
