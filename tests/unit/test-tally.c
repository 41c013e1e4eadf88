/* The rows of a fold counted: which are counted together, and when they came. */
#include "pushes.h"

#include "push/tally.h"

enum { MANY = 300 };

#define HOUR INT64_C(3600000000)
#define NOW (INT64_C(1800000000) * 1000000)    /* an hour begins here */

static struct fold fold;
static struct tally tally;

static void
arrives_at(int64_t received_at, const char *records)
{
	arrives(records)->received_at = received_at;
}

static void
count(void)
{
	assert_int_equal(fold_pushes(&fold, pushes, push_count), push_count);
	tally_fold(&tally, &fold);
}

static int
forget(void **state)
{
	drop_pushes();
	fold_free(&fold);
	tally_free(&tally);
	assert_null(tally.counts);
	return 0;
}

/* A call of that number; what follows tells what it is counted by. */
#define CALL(called, rest) "{\"called\":\"" called "\"," rest "}"
#define USUAL "\"campaignId\":\"3\",\"vdnId\":1,\"callStatus\":5,\"failCode\":\"537\""

static void
what_is_alike_is_one_count(void **state)
{
	arrives_at(NOW, "[" CALL("1", USUAL ",\"callTimeStr\":\"2026-11-20 10:00:00\"") ","
	    CALL("2", USUAL ",\"callTimeStr\":\"2026-11-20 10:59:59\"") "]");
	arrives_at(NOW, "[" CALL("3", USUAL ",\"callTimeStr\":\"2026-11-20 10:30:00\"") "]");
	count();
	assert_int_equal(tally.count, 1);
	assert_int_equal(tally.counts[0].calls, 3);
}

/* Each of these is another count. */
static const char *const kinds[] = {
	CALL("1", USUAL),
	CALL("1", USUAL ",\"callTimeStr\":\"2026-11-20 10:00:00\""),
	CALL("1", USUAL ",\"callTimeStr\":\"2026-11-20 11:00:00\""),
	CALL("2", "\"campaignId\":\"33\",\"vdnId\":1,\"callStatus\":5,\"failCode\":\"537\""),
	CALL("2", "\"campaignId\":\"3\",\"vdnId\":2,\"callStatus\":5,\"failCode\":\"537\""),
	CALL("3", "\"campaignId\":\"3\",\"vdnId\":0,\"callStatus\":5,\"failCode\":\"537\""),
	CALL("4", "\"campaignId\":\"3\",\"callStatus\":5,\"failCode\":\"537\""),
	CALL("5", "\"campaignId\":\"3\",\"vdnId\":1,\"callStatus\":6,\"failCode\":\"537\""),
	CALL("6", "\"campaignId\":\"3\",\"vdnId\":1,\"callStatus\":5,\"failCode\":\"538\""),
	CALL("7", "\"campaignId\":\"3\",\"vdnId\":1,\"callStatus\":5"),
};

static void
each_thing_counted_by_parts_counts(void **state)
{
	for (size_t i = 0; i < COUNT(kinds); i++)
		for (size_t j = i + 1; j < COUNT(kinds); j++) {
			char records[1024];

			snprintf(records, sizeof records, "[%s,%s]", kinds[i], kinds[j]);
			arrives_at(NOW, records);
			count();
			if (tally.count != 2)
				fail_msg("%s counts as %s", kinds[i], kinds[j]);
			drop_pushes();
		}
}

/* Where there are too many to look at, one has several counts. */
static void
no_call_is_lost_among_many_causes(void **state)
{
	char records[2 * MANY * 100], *at = records;
	int calls = 0;

	for (int i = 0; i < 2 * MANY; i++)
		at += sprintf(at, "%c" CALL("%d", "\"campaignId\":\"3\",\"callStatus\":5,\"failCode\":\"c%d\""),
		    i == 0 ? '[' : ',', i, i % MANY);
	strcpy(at, "]");
	arrives_at(NOW, records);
	count();
	assert_in_range(tally.count, MANY, 2 * MANY);
	for (size_t i = 0; i < tally.count; i++)
		calls += tally.counts[i].calls;
	assert_int_equal(calls, 2 * MANY);
}

static void
the_lag_is_that_of_all_that_have_a_time(void **state)
{
	arrives_at(NOW, "[" CALL("1", USUAL) "," CALL("2", USUAL ",\"callTimeStr\":\"1970-01-01 00:00:10\"") ","
	    CALL("3", USUAL ",\"callTimeStr\":\"1970-01-01 00:00:01\"") "]");
	arrives_at(NOW + 1, "[" CALL("4", USUAL ",\"callTimeStr\":\"1970-01-01 00:00:05\"") "]");
	count();
	assert_int_equal(tally.timed, 3);
	assert_int_equal(tally.earliest, 1000000);
	assert_int_equal(tally.latest, 10000000);
	assert_true(tally.has_lag);
	assert_int_equal(tally.lag, 3 * NOW + 1 - 16000000);
}

static void
a_lag_beyond_counting_is_none(void **state)
{
	char records[MANY * 150], *at = records;

	for (int i = 0; i < MANY; i++)
		at += sprintf(at, "%c" CALL("%d", USUAL ",\"callTimeStr\":\"9999-12-31 00:00:00\""),
		    i == 0 ? '[' : ',', i);
	strcpy(at, "]");
	arrives_at(NOW, records);
	count();
	assert_int_equal(tally.timed, MANY);
	assert_false(tally.has_lag);
}

static void
the_hour_of_arrival_is_told_where_it_is_one(void **state)
{
	count();
	assert_false(tally.in_one_hour);
	arrives_at(NOW, "[" CALL("1", USUAL) "]");
	arrives_at(NOW + HOUR - 1, "[" CALL("2", USUAL) "]");
	count();
	assert_true(tally.in_one_hour);
	assert_int_equal(tally.arrived, NOW);
	arrives_at(NOW + HOUR, "[" CALL("3", USUAL) "]");
	count();
	assert_false(tally.in_one_hour);
}

static void
an_hour_begins_before_its_times(void **state)
{
	assert_int_equal(tally_hour(0), 0);
	assert_int_equal(tally_hour(HOUR - 1), 0);
	assert_int_equal(tally_hour(HOUR), HOUR);
	assert_int_equal(tally_hour(-1), -HOUR);
	assert_int_equal(tally_hour(-HOUR), -HOUR);
}

#define TEST(name) cmocka_unit_test_teardown(name, forget)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(what_is_alike_is_one_count),
		TEST(each_thing_counted_by_parts_counts),
		TEST(no_call_is_lost_among_many_causes),
		TEST(the_lag_is_that_of_all_that_have_a_time),
		TEST(a_lag_beyond_counting_is_none),
		TEST(the_hour_of_arrival_is_told_where_it_is_one),
		TEST(an_hour_begins_before_its_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
