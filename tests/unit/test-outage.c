/* What is logged of outages, on a clock of the test's own: begun and ended once each, and never a flood. */
#include "unit.h"

#include "db/outage.h"

static int64_t now = 1000000;
static struct outage outage;
static struct capture capture;
static char *told;

static int
start(void **state)
{
	now += 3600 * 1000;
	capture = capture_start();
	return 0;
}

static int
end(void **state)
{
	outage_end(&outage, now);
	free(told);
	told = NULL;
	return 0;
}

/* What was logged so far. */
static const char *
log_text(void)
{
	told = capture_end(capture);
	return told;
}

static void
beginning_and_end_are_told_once(void **state)
{
	for (int i = 0; i < 100; i++, now += 50)
		outage_note(&outage, "it is away", now);
	outage_count_spooled(&outage, 7);
	outage_end(&outage, now);
	outage_end(&outage, now);
	assert_int_equal(lines_in(log_text()), 2);
	assert_non_null(strstr(told, "it is away"));
	assert_non_null(strstr(told, "after_ms=5000 spooled=7"));
}

static void
a_new_reason_is_told_but_no_stream_of_them(void **state)
{
	for (int i = 0; i < 100; i++)
		outage_note(&outage, i % 2 == 0 ? "this" : "that", now);
	assert_int_equal(lines_in(log_text()), 5);
}

static void
a_database_that_fails_and_goes_on_is_told_of_now_and_then(void **state)
{
	for (int i = 0; i < 200; i++, now += 50) {
		outage_note(&outage, "one push does not go through", now);
		outage_end(&outage, now);
	}
	assert_int_equal(lines_in(log_text()), 2);
}

static void
an_outage_soon_after_one_like_it_is_told_when_it_lasts(void **state)
{
	outage_note(&outage, "it is away once more", now);
	outage_end(&outage, now);
	for (int i = 0; i < 100; i++, now += 50)
		outage_note(&outage, "it is away once more", now);
	outage_end(&outage, now);
	assert_int_equal(lines_in(log_text()), 4);
}

static void
another_outage_is_told_at_once(void **state)
{
	outage_note(&outage, "it is away", now);
	outage_end(&outage, now);
	outage_note(&outage, "it is locked", now);
	outage_end(&outage, now);
	assert_int_equal(lines_in(log_text()), 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(beginning_and_end_are_told_once, start, end),
		cmocka_unit_test_setup_teardown(a_new_reason_is_told_but_no_stream_of_them, start, end),
		cmocka_unit_test_setup_teardown(a_database_that_fails_and_goes_on_is_told_of_now_and_then, start, end),
		cmocka_unit_test_setup_teardown(an_outage_soon_after_one_like_it_is_told_when_it_lasts, start, end),
		cmocka_unit_test_setup_teardown(another_outage_is_told_at_once, start, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
