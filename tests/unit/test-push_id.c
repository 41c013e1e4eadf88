/* The name of a push: a UUID of version 7 that sorts by the time of arrival. */
#include "unit.h"

#include "push/push_id.h"

static const int64_t arrival = INT64_C(1645557742000000);    /* of the example in RFC 9562, A.6 */

static void
it_begins_with_the_milliseconds_of_arrival(void **state)
{
	static const unsigned char expected[] = { 0x01, 0x7f, 0x22, 0xe2, 0x79, 0xb0 };
	struct push_id id = push_id_new(arrival), later = push_id_new(arrival + 999);

	(void)state;
	assert_memory_equal(id.bytes, expected, sizeof expected);
	assert_memory_equal(later.bytes, expected, sizeof expected);
}

static void
it_is_of_version_7_and_the_rfc_s_variant(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++) {
		struct push_id id = push_id_new(arrival + i);

		assert_int_equal(id.bytes[6] >> 4, 7);
		assert_int_equal(id.bytes[8] >> 6, 2);
	}
}

static void
no_two_of_one_moment_are_the_same(void **state)
{
	enum { IDS = 200 };
	struct push_id ids[IDS];

	(void)state;
	for (size_t i = 0; i < IDS; i++) {
		ids[i] = push_id_new(arrival);
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(ids[i].bytes, ids[j].bytes, PUSH_ID_SIZE);
	}
}

static void
a_later_millisecond_sorts_behind(void **state)
{
	struct push_id before = push_id_new(arrival), next;

	(void)state;
	for (int i = 1; i < 1000; i++, before = next) {
		next = push_id_new(arrival + INT64_C(1000) * i);
		assert_true(memcmp(before.bytes, next.bytes, PUSH_ID_SIZE) < 0);
	}
}

static void
all_other_bits_are_left_to_chance(void **state)
{
	unsigned char ever_set[PUSH_ID_SIZE] = { 0 }, ever_clear[PUSH_ID_SIZE] = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++) {
		struct push_id id = push_id_new(arrival);

		for (int j = 0; j < PUSH_ID_SIZE; j++) {
			ever_set[j] |= id.bytes[j];
			ever_clear[j] |= (unsigned char)~id.bytes[j];
		}
	}
	assert_int_equal(ever_set[6] & ever_clear[6], 0x0f);
	assert_int_equal(ever_set[8] & ever_clear[8], 0x3f);
	for (int j = 7; j < PUSH_ID_SIZE; j++)
		if (j != 8)
			assert_int_equal(ever_set[j] & ever_clear[j], 0xff);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_begins_with_the_milliseconds_of_arrival),
		cmocka_unit_test(it_is_of_version_7_and_the_rfc_s_variant),
		cmocka_unit_test(no_two_of_one_moment_are_the_same),
		cmocka_unit_test(a_later_millisecond_sorts_behind),
		cmocka_unit_test(all_other_bits_are_left_to_chance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
