/* callTimeStr: what is a date and time, and what only looks like one. */
#include "unit.h"

#include "push/call_time.h"

static void
real_times_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t     seconds;
	} cases[] = {
		{ "1970-01-01 00:00:00", 0 },
		{ "1970-01-01 00:00:01", 1 },
		{ "1999-12-31 23:59:59", 946684799 },
		{ "2000-01-01 00:00:00", 946684800 },
		{ "2000-02-29 12:00:00", 951825600 },
		{ "2020-08-30 20:00:00", 1598817600 },
		{ "2024-02-29 23:59:59", 1709251199 },
		{ "2038-01-19 03:14:08", INT64_C(2147483648) },
		{ "2400-02-29 00:00:00", INT64_C(13574563200) },
		{ "9999-12-31 23:59:59", INT64_C(253402300799) },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t microseconds = -1;

		if (!call_time_parse(slice_of(cases[i].text), &microseconds))
			fail_msg("refused: %s", cases[i].text);
		if (microseconds != cases[i].seconds * 1000000)
			fail_msg("%s gives %lld", cases[i].text, (long long)microseconds);
	}
}

static void
everything_else_is_refused(void **state)
{
	static const char *const cases[] = {
		/* no such day */
		"2020-02-30 00:00:00", "2021-02-29 00:00:00", "2100-02-29 00:00:00", "2020-04-31 00:00:00",
		"2020-01-32 00:00:00", "2020-01-00 00:00:00", "2020-13-01 00:00:00", "2020-00-01 00:00:00",
		/* no such time of day */
		"2020-08-30 24:00:00", "2020-08-30 25:00:00", "2020-08-30 23:60:00", "2016-12-31 23:59:60",
		"2020-08-30 99:99:99",
		/* out of range */
		"1969-12-31 23:59:59", "0000-01-01 00:00:00", "0001-01-01 00:00:00", "10000-01-01 00:00:00",
		"-2020-01-01 00:00:00",
		/* another form */
		"", " ", "2020-08-30", "20:00:00", "2020-08-30 20:00", "2020-8-30 20:00:00", "20-08-30 20:00:00",
		"2020-08-30T20:00:00", "2020-08-30t20:00:00", "2020-08-30  20:00:00", "2020-08-30\t20:00:00",
		"2020-08-30 20:00:00 ", " 2020-08-30 20:00:00", "2020-08-30 20:00:00Z", "2020-08-30 20:00:00+08",
		"2020-08-30 20:00:00.000", "2020/08/30 20:00:00", "30-08-2020 20:00:00", "01/02/2020 20:00:00",
		"20200830 200000", "20200830200000", "2020-08-30 20.00.00", "2020-08-30 8:00:00 PM",
		"+020-08-30 20:00:00", "2020- 8-30 20:00:00", "2020-08-30 -1:00:00", "2o20-08-30 20:00:00",
		"now", "today", "infinity", "-infinity", "epoch", "1598817600", "yyyy-mm-dd hh:mm:ss",
		"\xd9\xa2\xd9\xa0\xd9\xa2\xd9\xa0-08-30 20:00", "2020-08-30 20:00:00\n",
	};
	int64_t microseconds;

	for (size_t i = 0; i < COUNT(cases); i++)
		if (call_time_parse(slice_of(cases[i]), &microseconds))
			fail_msg("taken: \"%s\"", cases[i]);
}

static void
a_nul_and_whatever_follows_it_is_seen(void **state)
{
	static const char longer[] = "2020-08-30 20:00:00\0";
	static const char inside[] = "2020-08-30 20:00:0\0";
	int64_t microseconds;

	assert_false(call_time_parse((struct slice){ longer, 20 }, &microseconds));
	assert_false(call_time_parse((struct slice){ inside, 19 }, &microseconds));
}

static void
no_byte_behind_the_slice_is_read(void **state)
{
	static const char text[] = "2020-08-30 20:00:00";
	int64_t microseconds;

	for (size_t length = 0; length < sizeof text - 1; length++) {
		char *exact = malloc(length > 0 ? length : 1);

		memcpy(exact, text, length);
		assert_false(call_time_parse((struct slice){ exact, length }, &microseconds));
		free(exact);
	}
}

static void
each_day_of_four_centuries_is_the_one_after_the_day_before(void **state)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int64_t expected = 0, microseconds;

	for (int year = 1970; year < 2370; year++) {
		bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

		for (int month = 1; month <= 12; month++)
			for (int day = 1; day <= 31; day++) {
				bool real = day <= days[month - 1] + (month == 2 && leap);
				char text[64];

				snprintf(text, sizeof text, "%04d-%02d-%02d 00:00:00", year, month, day);
				assert_int_equal(call_time_parse(slice_of(text), &microseconds), real);
				if (real) {
					assert_int_equal(microseconds, expected);
					expected += INT64_C(86400000000);
				}
			}
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_times_are_read),
		cmocka_unit_test(everything_else_is_refused),
		cmocka_unit_test(a_nul_and_whatever_follows_it_is_seen),
		cmocka_unit_test(no_byte_behind_the_slice_is_read),
		cmocka_unit_test(each_day_of_four_centuries_is_the_one_after_the_day_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
