/* Pushes made ready for one statement: sorted, no identity twice, and no content lost that differs. */
#include "pushes.h"

#include "push/fold.h"

static struct fold fold;

static int
forget(void **state)
{
	drop_pushes();
	fold_free(&fold);
	return 0;
}

/* A record of the call at that second, with that status. */
#define CALL(second, status) \
	"{\"campaignId\":\"3\",\"called\":\"60584\",\"callTimeStr\":\"2020-08-30 20:00:" second "\"," \
	"\"callStatus\":" status "}"

static int
status_of(size_t row)
{
	assert_true(row < fold.count);
	return (int)fold.rows[row].record->value[RECORD_CALL_STATUS].number;
}

static void
records_of_different_calls_all_stay(void **state)
{
	arrives("[" CALL("03", "3") "," CALL("01", "1") "," CALL("02", "2") "]");
	assert_int_equal(fold_pushes(&fold, pushes, 1), 1);
	assert_int_equal(fold.count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_ptr_equal(fold.rows[i].push, pushes[0]);
}

static void
they_are_sorted_by_time(void **state)
{
	arrives("[" CALL("03", "3") "," CALL("01", "1") "]");
	arrives("[" CALL("02", "2") "]");
	assert_int_equal(fold_pushes(&fold, pushes, 2), 2);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(status_of(i), i + 1);
}

/* Each of these is another call. */
static const char *const calls[] = {
	"{\"campaignId\":\"3\",\"called\":\"1\",\"callStatus\":1}",
	"{\"campaignId\":\"4\",\"called\":\"1\",\"callStatus\":2}",
	"{\"campaignId\":\"3\",\"called\":\"11\",\"callStatus\":3}",
	"{\"campaignId\":\"3\",\"called\":\"2\",\"callStatus\":4}",
	"{\"campaignId\":\"3\",\"sessionId\":\"1\",\"callStatus\":5}",
	"{\"campaignId\":\"3\",\"callId\":\"1\",\"callStatus\":6}",
	"{\"campaignId\":\"3\",\"called\":\"1\",\"sessionId\":\"1\",\"callStatus\":7}",
	"{\"campaignId\":\"3\",\"called\":\"1\",\"callId\":\"1\",\"callStatus\":8}",
	"{\"campaignId\":\"3\",\"called\":\"1\",\"vdnId\":0,\"callStatus\":9}",
	"{\"campaignId\":\"3\",\"called\":\"1\",\"vdnId\":-1,\"callStatus\":10}",
	"{\"campaignId\":\"3\",\"called\":\"1\",\"callTimeStr\":\"1970-01-01 00:00:00\",\"callStatus\":11}",
	"{\"campaignId\":\"3\",\"called\":\"1\",\"callTimeStr\":\"2020-08-30 20:00:00\",\"callStatus\":12}",
};

static void
each_part_of_the_identity_tells_calls_apart(void **state)
{
	for (size_t a = 0; a < COUNT(calls); a++)
		for (size_t b = 0; b < COUNT(calls); b++) {
			char records[512];

			snprintf(records, sizeof records, "[%s,%s]", calls[a], calls[b]);
			arrives(records);
			assert_int_equal(fold_pushes(&fold, pushes, 1), 1);
			if (fold.count != (a == b ? 1 : 2))
				fail_msg("%zu rows: %s", fold.count, records);
			forget(NULL);
		}
}

static void
the_order_does_not_depend_on_arrival(void **state)
{
	char forward[2048] = "[", backward[2048] = "[";
	int order[COUNT(calls)];

	for (size_t i = 0; i < COUNT(calls); i++) {
		strcat(strcat(forward, i > 0 ? "," : ""), calls[i]);
		strcat(strcat(backward, i > 0 ? "," : ""), calls[COUNT(calls) - 1 - i]);
	}
	arrives(strcat(forward, "]"));
	assert_int_equal(fold_pushes(&fold, pushes, 1), 1);
	for (size_t i = 0; i < COUNT(calls); i++)
		order[i] = status_of(i);
	arrives(strcat(backward, "]"));
	assert_int_equal(fold_pushes(&fold, pushes + 1, 1), 1);
	for (size_t i = 0; i < COUNT(calls); i++)
		assert_int_equal(status_of(i), order[i]);
}

static void
in_one_push_the_last_of_a_call_stands(void **state)
{
	arrives("[" CALL("01", "1") "," CALL("02", "2") "," CALL("01", "3") "," CALL("01", "4") "]");
	assert_int_equal(fold_pushes(&fold, pushes, 1), 1);
	assert_int_equal(fold.count, 2);
	assert_int_equal(status_of(0), 4);
	assert_int_equal(status_of(1), 2);
}

static void
nulls_of_an_identity_are_equal(void **state)
{
	arrives("[{\"campaignId\":\"3\",\"called\":\"1\",\"callStatus\":5},"
	    "{\"campaignId\":\"3\",\"called\":\"1\",\"callStatus\":6,"
	    "\"sessionId\":\"\",\"callId\":null,\"vdnId\":null}]");
	assert_int_equal(fold_pushes(&fold, pushes, 1), 1);
	assert_int_equal(fold.count, 1);
	assert_int_equal(status_of(0), 6);
}

static void
two_pushes_that_say_the_same_are_folded(void **state)
{
	arrives("[" CALL("01", "1") "," CALL("02", "2") "]");
	arrives("[" CALL("02", "2") "," CALL("01", "1") "]");
	arrives("[" CALL("02", "2") "," CALL("03", "3") "]");
	assert_int_equal(fold_pushes(&fold, pushes, 3), 3);
	assert_int_equal(fold.count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(status_of(i), i + 1);
}

static void
the_push_received_last_has_the_row(void **state)
{
	for (int64_t second = -1; second <= 1; second += 2) {
		arrives("[" CALL("01", "1") "]");
		arrives("[" CALL("01", "1") "]");
		pushes[1]->received_at = pushes[0]->received_at + second;
		assert_int_equal(fold_pushes(&fold, pushes, 2), 2);
		assert_int_equal(fold.count, 1);
		assert_ptr_equal(fold.rows[0].push, pushes[second > 0]);
		forget(NULL);
	}
}

static void
a_push_that_differs_waits_for_the_next_statement(void **state)
{
	arrives("[" CALL("01", "5") "]");
	arrives("[" CALL("01", "6") "]");
	assert_int_equal(fold_pushes(&fold, pushes, 2), 1);
	assert_int_equal(fold.count, 1);
	assert_int_equal(status_of(0), 5);
	assert_int_equal(fold_pushes(&fold, pushes + 1, 1), 1);
	assert_int_equal(fold.count, 1);
	assert_int_equal(status_of(0), 6);
}

static void
any_column_of_the_content_may_differ(void **state)
{
	static const char *const contents[] = {
		"\"callStatus\":6", "\"callStatus\":5", "\"callStatus\":6,\"failCode\":\"0\"",
		"\"callStatus\":6,\"failCode\":\"00000\"",
		"\"callStatus\":6,\"customField\":\"0\"", "\"callStatus\":6,\"recordPath\":\"0\"",
		"\"callStatus\":6,\"recordPath\":\"00\"",
		"\"callStatus\":6,\"more\":0", "\"callStatus\":6,\"more\":1", "\"callStatus\":6,\"other\":0",
	};

	for (size_t a = 0; a < COUNT(contents); a++)
		for (size_t b = 0; b < COUNT(contents); b++) {
			char records[256];

			snprintf(records, sizeof records, "[{\"campaignId\":\"3\",\"called\":\"1\",%s}]", contents[a]);
			arrives(records);
			snprintf(records, sizeof records, "[{\"campaignId\":\"3\",\"called\":\"1\",%s}]", contents[b]);
			arrives(records);
			if (fold_pushes(&fold, pushes, 2) != (a == b ? 2 : 1))
				fail_msg("%s and %s", contents[a], contents[b]);
			assert_int_equal(fold.count, 1);
			assert_ptr_equal(fold.rows[0].push, pushes[a == b]);
			forget(NULL);
		}
}

static void
what_stands_in_the_earlier_push_is_what_counts(void **state)
{
	arrives("[" CALL("01", "1") "," CALL("01", "2") "]");
	arrives("[" CALL("01", "2") "]");
	assert_int_equal(fold_pushes(&fold, pushes, 2), 2);
	assert_int_equal(fold.count, 1);
	assert_int_equal(status_of(0), 2);
	forget(NULL);

	arrives("[" CALL("01", "1") "," CALL("01", "2") "]");
	arrives("[" CALL("01", "1") "]");
	assert_int_equal(fold_pushes(&fold, pushes, 2), 1);
	assert_int_equal(status_of(0), 2);
}

static void
a_later_push_s_last_word_is_not_folded_away(void **state)
{
	arrives("[" CALL("01", "1") "]");
	arrives("[" CALL("01", "1") "," CALL("01", "2") "]");
	assert_int_equal(fold_pushes(&fold, pushes, 2), 1);
	assert_int_equal(fold_pushes(&fold, pushes + 1, 1), 1);
	assert_int_equal(fold.count, 1);
	assert_int_equal(status_of(0), 2);
	forget(NULL);

	arrives("[" CALL("01", "1") "]");
	arrives("[" CALL("01", "1") "]");
	arrives("[" CALL("01", "1") "," CALL("01", "2") "]");
	assert_int_equal(fold_pushes(&fold, pushes, 3), 2);
}

static void
the_fold_ends_before_the_first_push_that_differs(void **state)
{
	arrives("[" CALL("01", "1") "]");
	arrives("[" CALL("02", "1") "]");
	arrives("[" CALL("03", "1") "," CALL("02", "2") "]");
	arrives("[" CALL("01", "2") "]");
	arrives("[" CALL("04", "1") "]");
	assert_int_equal(fold_pushes(&fold, pushes, 5), 2);
	assert_int_equal(fold.count, 2);
	assert_int_equal(fold_pushes(&fold, pushes + 2, 3), 3);
	assert_int_equal(fold.count, 4);
}

static void
content_that_comes_and_goes_takes_a_statement_each(void **state)
{
	int done = 0, statements = 0;

	for (int i = 0; i < 6; i++)
		arrives(i % 2 == 0 ? "[" CALL("01", "5") "]" : "[" CALL("01", "6") "]");
	for (; done < 6; statements++)
		done += fold_pushes(&fold, pushes + done, 6 - done);
	assert_int_equal(done, 6);
	assert_int_equal(statements, 6);
	assert_int_equal(status_of(0), 6);
}

static void
pushes_without_records_are_held_as_well(void **state)
{
	arrives("[]");
	assert_int_equal(fold_pushes(&fold, pushes, 1), 1);
	assert_int_equal(fold.count, 0);
	arrives("[1,2]");
	arrives("[" CALL("01", "1") "]");
	arrives("[]");
	arrives("[" CALL("01", "2") "]");
	assert_int_equal(fold_pushes(&fold, pushes, 5), 4);
	assert_int_equal(fold.count, 1);
	assert_ptr_equal(fold.rows[0].push, pushes[2]);
}

static void
nothing_is_left_of_the_fold_before(void **state)
{
	arrives("[" CALL("01", "1") "," CALL("02", "2") "," CALL("03", "3") "]");
	arrives("[" CALL("04", "4") "]");
	assert_int_equal(fold_pushes(&fold, pushes, 1), 1);
	assert_int_equal(fold_pushes(&fold, pushes + 1, 1), 1);
	assert_int_equal(fold.count, 1);
	assert_int_equal(status_of(0), 4);
	assert_int_equal(fold_pushes(&fold, pushes, 2), 2);
	assert_int_equal(fold.count, 4);
}

static bool
is_plain(const char *records)
{
	arrives(records);
	assert_int_equal(fold_pushes(&fold, pushes + push_count - 1, 1), 1);
	return fold_is_plain(&fold);
}

static void
records_are_plain_unless_one_could_be_taken_for_another(void **state)
{
	assert_true(is_plain("[]"));
	assert_true(is_plain("[" CALL("02", "5") "," CALL("01", "5") "," CALL("02", "6") "]"));
	assert_false(is_plain("[" CALL("02", "5") ",{\"campaignId\":\"3\",\"called\":\"60584\",\"callId\":\"b\","
	    "\"callTimeStr\":\"2020-08-30 20:00:02\",\"callStatus\":5}]"));
	assert_false(is_plain("[{\"campaignId\":\"3\",\"callId\":\"b\",\"callTimeStr\":\"2020-08-30 20:00:02\","
	    "\"callStatus\":5}]"));
	assert_false(is_plain("[{\"campaignId\":\"3\",\"called\":\"60584\",\"callStatus\":5}]"));
}

#define TEST(name) cmocka_unit_test_teardown(name, forget)

static void
a_huge_fold_gives_its_memory_back(void **state)
{
	enum { RECORDS = 40000 };
	char *records = malloc(RECORDS * 60), *at = records;

	for (int i = 0; i < RECORDS; i++)
		at += sprintf(at, "%c{\"campaignId\":3,\"called\":%d,\"callStatus\":6}", i == 0 ? '[' : ',', i);
	strcpy(at, "]");
	arrives(records);
	free(records);
	assert_int_equal(fold_pushes(&fold, pushes, 1), 1);
	assert_int_equal(fold.count, RECORDS);
	fold_trim(&fold);
	assert_null(fold.rows);
	arrives("[" CALL("01", "1") "]");
	assert_int_equal(fold_pushes(&fold, pushes + 1, 1), 1);
	fold_trim(&fold);
	assert_non_null(fold.rows);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(records_of_different_calls_all_stay),
		TEST(they_are_sorted_by_time),
		TEST(each_part_of_the_identity_tells_calls_apart),
		TEST(the_order_does_not_depend_on_arrival),
		TEST(in_one_push_the_last_of_a_call_stands),
		TEST(nulls_of_an_identity_are_equal),
		TEST(two_pushes_that_say_the_same_are_folded),
		TEST(the_push_received_last_has_the_row),
		TEST(a_push_that_differs_waits_for_the_next_statement),
		TEST(any_column_of_the_content_may_differ),
		TEST(what_stands_in_the_earlier_push_is_what_counts),
		TEST(a_later_push_s_last_word_is_not_folded_away),
		TEST(the_fold_ends_before_the_first_push_that_differs),
		TEST(content_that_comes_and_goes_takes_a_statement_each),
		TEST(pushes_without_records_are_held_as_well),
		TEST(nothing_is_left_of_the_fold_before),
		TEST(a_huge_fold_gives_its_memory_back),
		TEST(records_are_plain_unless_one_could_be_taken_for_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
