/* Whose turn it is to write to a spool; two that are open in one process stand for two processes. */
#include "unit.h"

#include "base/clock.h"
#include "spool/spool_turn.h"

static const char spool_path[] = "turn-test.spool", lock_path[] = "turn-test.spool.lock";

static int
open_two(void **state)
{
	static struct spool_turn turns[2];

	unlink(lock_path);
	turns[0] = turns[1] = (struct spool_turn){ -1 };
	*state = turns;
	return spool_turn_open(&turns[0], spool_path) && spool_turn_open(&turns[1], spool_path) ? 0 : -1;
}

static int
close_two(void **state)
{
	struct spool_turn *turns = *state;

	spool_turn_close(&turns[0]);
	spool_turn_close(&turns[1]);
	return unlink(lock_path);
}

static void
one_has_it_at_a_time(void **state)
{
	struct spool_turn *turns = *state;

	assert_true(spool_turn_take(&turns[0], clock_ms()));
	assert_false(spool_turn_take(&turns[1], clock_ms() + 20));
	assert_true(spool_turn_take(&turns[0], clock_ms()));
	spool_turn_leave(&turns[0]);
	assert_true(spool_turn_take(&turns[1], clock_ms()));
	assert_false(spool_turn_take(&turns[0], clock_ms() + 20));
}

static void
it_is_given_up_when_it_is_closed(void **state)
{
	struct spool_turn *turns = *state;

	assert_true(spool_turn_take(&turns[0], clock_ms()));
	spool_turn_close(&turns[0]);
	assert_true(spool_turn_take(&turns[1], clock_ms()));
}

static void
a_file_that_was_removed_is_opened_anew(void **state)
{
	struct spool_turn *turns = *state;

	assert_int_equal(unlink(lock_path), 0);
	assert_true(spool_turn_open(&turns[0], spool_path));
	assert_true(spool_turn_take(&turns[0], clock_ms()));
	assert_true(spool_turn_open(&turns[1], spool_path));
	assert_false(spool_turn_take(&turns[1], clock_ms() + 20));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_has_it_at_a_time, open_two, close_two),
		cmocka_unit_test_setup_teardown(it_is_given_up_when_it_is_closed, open_two, close_two),
		cmocka_unit_test_setup_teardown(a_file_that_was_removed_is_opened_anew, open_two, close_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
