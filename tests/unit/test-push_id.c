/* The name of a push: a UUID of version 7 that sorts by the time of arrival. */
#include "unit.h"

#include "push/push_id.h"

static const int64_t arrival = INT64_C(1645557742000000);    /* of the example in RFC 9562, A.6 */

static void
it_begins_with_the_milliseconds_of_arrival(void **state)
{
	static const unsigned char expected[] = { 0x01, 0x7f, 0x22, 0xe2, 0x79, 0xb0 };
	struct push_id id = push_id_new(arrival), later = push_id_new(arrival + 999);

	assert_memory_equal(id.bytes, expected, sizeof expected);
	assert_memory_equal(later.bytes, expected, sizeof expected);
}

static void
it_is_of_version_7_and_the_rfc_s_variant(void **state)
{
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

	for (int i = 1; i < 1000; i++, before = next) {
		next = push_id_new(arrival + INT64_C(1000) * i);
		assert_true(memcmp(before.bytes, next.bytes, PUSH_ID_SIZE) < 0);
	}
}

static void
all_other_bits_are_left_to_chance(void **state)
{
	unsigned char ever_set[PUSH_ID_SIZE] = { 0 }, ever_clear[PUSH_ID_SIZE] = { 0 };

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

static void
its_text_is_a_uuid_s(void **state)
{
	static const struct push_id id = { { 1, 0x7f, 0x22, 0xe2, 0x79, 0xb0, 0x7c, 0xc3, 0x98, 0xc4, 0xdc, 0x0c, 0x0c,
	    7, 0x39, 0x8f } };
	static const char *const others[] = { "", "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
	    "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
		"017f22e2-79b0-7cc3-98c4-dc0c0c07398g", "017f22e2 79b07cc398c4dc0c0c07398f" };
	char text[PUSH_ID_TEXT_SIZE];
	struct push_id read;

	assert_string_equal(push_id_write(text, &id), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
	assert_true(push_id_read(text, &read));
	assert_memory_equal(read.bytes, id.bytes, PUSH_ID_SIZE);
	assert_true(push_id_read("017F22E279B07CC398C4DC0C0C07398F", &read));
	assert_memory_equal(read.bytes, id.bytes, PUSH_ID_SIZE);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		assert_false(push_id_read(others[i], &read));
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
		cmocka_unit_test(its_text_is_a_uuid_s),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
