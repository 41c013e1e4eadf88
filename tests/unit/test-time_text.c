/* Points in time as an administrator writes them: with a zone, or not at all. */
#include "unit.h"

#include "ctl/time_text.h"

static void
a_time_has_a_zone(void **state)
{
	static const struct {
		const char *text;
		int64_t     seconds;
	} cases[] = {
		{ "1970-01-01T00:00:00Z", 0 }, { "2020-08-30 12:00:00Z", 1598788800 },
		{ "2020-08-30T20:00:00+08:00", 1598788800 },
		{ "2020-08-30T20:00:00+08", 1598788800 }, { "2020-08-30T06:30:00-05:30", 1598788800 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t microseconds;

		assert_true(time_text_parse(cases[i].text, &microseconds));
		assert_int_equal(microseconds, cases[i].seconds * 1000000);
	}
}

static void
what_is_no_time_is_refused(void **state)
{
	static const char *const cases[] = {
		"", "now", "2020-08-30", "2020-08-30T20:00:00", "2020-08-30T20:00:00z", "2020-08-30T20:00:00+8",
		"2020-08-30T20:00:00+0800", "2020-08-30T20:00:00+08:", "2020-08-30T20:00:00+08:00:00",
		"2020-08-30T20:00:00+16",
		"2020-08-30T20:00:00+08:60", "2020-02-30T20:00:00Z", "2020-08-30x20:00:00Z", "2020-08-30T24:00:00Z",
		"2020-08-30T20:00:00Z ", " 2020-08-30T20:00:00Z", "2020-08-30T20:00:00+", "2020-08-30T20:00:00CST",
	};
	int64_t microseconds;

	for (size_t i = 0; i < COUNT(cases); i++)
		if (time_text_parse(cases[i], &microseconds))
			fail_msg("%s", cases[i]);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_time_has_a_zone),
		cmocka_unit_test(what_is_no_time_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
