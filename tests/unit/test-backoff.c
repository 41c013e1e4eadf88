/* Waiting before the next try, on a clock of the test's own: no test here takes time. */
#include "unit.h"

#include "base/backoff.h"
#include "base/clock.h"

enum { PAUSE_CAP = 1000 };    /* milliseconds: "service resumes in seconds" */

static int64_t now;

int64_t
clock_ms(void)
{
	return now;
}

static int
start(void **state)
{
	now = 1000000;
	return 0;
}

static void
the_first_try_is_made_at_once(void **state)
{
	struct backoff backoff;

	backoff_init(&backoff, PAUSE_CAP);
	assert_true(backoff_allows(&backoff));
}

static void
the_second_try_waits(void **state)
{
	struct backoff backoff;

	backoff_init(&backoff, PAUSE_CAP);
	assert_true(backoff_allows(&backoff));
	assert_false(backoff_allows(&backoff));
	now = backoff.next - 1;
	assert_false(backoff_allows(&backoff));
	now = backoff.next;
	assert_true(backoff_allows(&backoff));
}

static void
pauses_grow_up_to_a_cap(void **state)
{
	struct backoff backoff;
	int64_t first, last = 0;

	backoff_init(&backoff, PAUSE_CAP);
	assert_true(backoff_allows(&backoff));
	first = backoff.next - now;
	for (int i = 0; i < 1000; i++) {
		now = backoff.next;
		assert_true(backoff_allows(&backoff));
		last = backoff.next - now;
		assert_in_range(last, 1, PAUSE_CAP);
	}
	assert_in_range(first, 1, 100);
	assert_true(last >= PAUSE_CAP / 2);
}

static void
pauses_are_never_in_step(void **state)
{
	struct backoff backoff;
	bool differ = false;
	int64_t first = 0;

	for (int i = 0; i < 100; i++) {
		backoff_reset(&backoff);
		assert_true(backoff_allows(&backoff));
		if (i == 0)
			first = backoff.next - now;
		differ |= backoff.next - now != first;
	}
	assert_true(differ);
}

static void
after_a_reset_all_is_as_at_first(void **state)
{
	struct backoff backoff;

	backoff_init(&backoff, PAUSE_CAP);
	for (int i = 0; i < 20; i++, now = backoff.next)
		assert_true(backoff_allows(&backoff));
	backoff_reset(&backoff);
	assert_true(backoff_allows(&backoff));
	assert_in_range(backoff.next - now, 1, 100);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_first_try_is_made_at_once, start),
		cmocka_unit_test_setup(the_second_try_waits, start),
		cmocka_unit_test_setup(pauses_grow_up_to_a_cap, start),
		cmocka_unit_test_setup(pauses_are_never_in_step, start),
		cmocka_unit_test_setup(after_a_reset_all_is_as_at_first, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
