/* PostgreSQL arrays in binary form, byte for byte as the server's array_recv reads them. */
#include "unit.h"

#include "db/pg_array.h"

static struct pg_array array;

static int
free_array(void **state)
{
	pg_array_free(&array);
	assert_null(array.bytes);
	return 0;
}

/* The bytes are given as text: "00000001 ..." */
static void
assert_bytes(const char *hex)
{
	size_t length = 0;

	for (const char *p = hex; *p != '\0'; p += *p == ' ' ? 1 : 2) {
		unsigned int byte;

		if (*p == ' ')
			continue;
		assert_int_equal(sscanf(p, "%2x", &byte), 1);
		assert_true(length < array.length);
		if ((unsigned char)array.bytes[length] != byte)
			fail_msg("byte %zu is %02x, not %02x", length, (unsigned char)array.bytes[length], byte);
		length++;
	}
	assert_int_equal(array.length, length);
}

static void
an_empty_array_has_no_dimension(void **state)
{
	pg_array_start(&array, PG_TEXT);
	pg_array_finish(&array);
	assert_bytes("00000000 00000000 00000019");
	assert_int_equal(array.count, 0);
}

static void
the_first_element_is_a_value_too(void **state)
{
	struct slice first;

	pg_array_start(&array, PG_INT8);
	pg_array_add_int8(&array, 258);
	pg_array_add_null(&array);
	pg_array_finish(&array);
	first = pg_array_first(&array);
	assert_int_equal(first.length, 8);
	assert_memory_equal(first.bytes, "\0\0\0\0\0\0\1\2", 8);
	pg_array_start(&array, PG_INT8);
	pg_array_add_null(&array);
	pg_array_finish(&array);
	assert_null(pg_array_first(&array).bytes);
}

static void
texts_come_with_their_lengths(void **state)
{
	pg_array_start(&array, PG_TEXT);
	pg_array_add_text(&array, slice_of("abc"));
	pg_array_add_text(&array, slice_of(""));
	pg_array_add_text(&array, (struct slice){ "\xc3\xa9zz", 2 });
	pg_array_finish(&array);
	assert_bytes("00000001 00000000 00000019 00000003 00000001"
	    " 00000003 616263 00000000 00000002 c3a9");
}

static void
nulls_are_counted_and_marked(void **state)
{
	pg_array_start(&array, PG_TEXT);
	pg_array_add_text(&array, slice_of("a"));
	pg_array_add_text(&array, (struct slice){ NULL, 0 });
	pg_array_add_null(&array);
	pg_array_finish(&array);
	assert_bytes("00000001 00000001 00000019 00000003 00000001 00000001 61 ffffffff ffffffff");
}

static void
integers_are_in_network_byte_order(void **state)
{
	pg_array_start(&array, PG_INT2);
	pg_array_add_int2(&array, 6);
	pg_array_add_int2(&array, INT16_MIN);
	pg_array_finish(&array);
	assert_bytes("00000001 00000000 00000015 00000002 00000001 00000002 0006 00000002 8000");

	pg_array_start(&array, PG_INT4);
	pg_array_add_int4(&array, 0x01020304);
	pg_array_add_int4(&array, -1);
	pg_array_finish(&array);
	assert_bytes("00000001 00000000 00000017 00000002 00000001 00000004 01020304 00000004 ffffffff");

	pg_array_start(&array, PG_INT8);
	pg_array_add_int8(&array, INT64_C(0x0102030405060708));
	pg_array_add_int8(&array, INT64_MIN);
	pg_array_finish(&array);
	assert_bytes("00000001 00000000 00000014 00000002 00000001"
	    " 00000008 0102030405060708 00000008 8000000000000000");
}

static void
flags_are_one_byte(void **state)
{
	pg_array_start(&array, PG_BOOL);
	pg_array_add_bool(&array, true);
	pg_array_add_bool(&array, false);
	pg_array_finish(&array);
	assert_bytes("00000001 00000000 00000010 00000002 00000001 00000001 01 00000001 00");
}

static void
times_count_from_2000(void **state)
{
	pg_array_start(&array, PG_TIMESTAMP);
	pg_array_add_time(&array, INT64_C(946684800000000));
	pg_array_add_time(&array, INT64_C(946684800000001));
	pg_array_add_time(&array, 0);
	pg_array_add_time(&array, INT64_C(1598817600000000));
	pg_array_finish(&array);
	assert_bytes("00000001 00000000 0000045a 00000004 00000001"
	    " 00000008 0000000000000000 00000008 0000000000000001"
	    " 00000008 fffca2fec4c82000 00000008 0002511c7fe3f000");

	pg_array_start(&array, PG_TIMESTAMPTZ);
	pg_array_add_time(&array, INT64_C(946684799999999));
	pg_array_finish(&array);
	assert_bytes("00000001 00000000 000004a0 00000001 00000001 00000008 ffffffffffffffff");
}

static void
jsonb_begins_with_its_version(void **state)
{
	pg_array_start(&array, PG_JSONB);
	pg_array_close(&array, stpcpy(pg_array_open_json(&array, 100), "{}"));
	pg_array_add_null(&array);
	pg_array_finish(&array);
	assert_bytes("00000001 00000001 00000eda 00000002 00000001 00000003 01 7b7d ffffffff");
}

static void
bytes_may_hold_anything(void **state)
{
	static const unsigned char uuid[16] = { 0x01, 0x7f, [15] = 0xff };

	pg_array_start(&array, PG_UUID);
	pg_array_add_bytes(&array, uuid, sizeof uuid);
	pg_array_finish(&array);
	assert_bytes("00000001 00000000 00000b86 00000001 00000001 00000010 017f00000000000000000000000000ff");

	pg_array_start(&array, PG_BYTEA);
	pg_array_add_bytes(&array, "\0\xff\0", 3);
	pg_array_add_bytes(&array, NULL, 0);
	pg_array_finish(&array);
	assert_bytes("00000001 00000000 00000011 00000002 00000001 00000003 00ff00 00000000");
}

static void
nothing_is_left_of_the_batch_before(void **state)
{
	pg_array_start(&array, PG_TEXT);
	pg_array_add_null(&array);
	pg_array_add_text(&array, slice_of("a text of some length"));
	pg_array_finish(&array);
	pg_array_start(&array, PG_INT2);
	pg_array_add_int2(&array, 5);
	pg_array_finish(&array);
	assert_bytes("00000001 00000000 00000015 00000001 00000001 00000002 0005");
	pg_array_start(&array, PG_INT2);
	pg_array_finish(&array);
	assert_bytes("00000000 00000000 00000015");
}

static void
it_grows_as_far_as_a_batch_does(void **state)
{
	enum { ELEMENTS = 100000 };

	pg_array_start(&array, PG_INT4);
	for (int32_t i = 0; i < ELEMENTS; i++)
		pg_array_add_int4(&array, i);
	pg_array_finish(&array);
	assert_int_equal(array.count, ELEMENTS);
	assert_int_equal(array.length, 20 + 8 * ELEMENTS);
	for (size_t i = 0; i < ELEMENTS; i += 997) {
		const unsigned char *element = (const unsigned char *)array.bytes + 20 + 8 * i;

		assert_int_equal(element[3], 4);
		assert_int_equal(element[4] << 24 | element[5] << 16 | element[6] << 8 | element[7], i);
	}
}

static void
a_huge_batch_does_not_hold_its_memory_for_ever(void **state)
{
	static char huge[8 << 20];

	pg_array_start(&array, PG_BYTEA);
	pg_array_add_bytes(&array, huge, sizeof huge);
	pg_array_finish(&array);
	pg_array_trim(&array);
	pg_array_start(&array, PG_BYTEA);
	assert_true(array.capacity < sizeof huge);
	pg_array_add_bytes(&array, "x", 1);
	pg_array_finish(&array);
	assert_bytes("00000001 00000000 00000011 00000001 00000001 00000001 78");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(an_empty_array_has_no_dimension, free_array),
		cmocka_unit_test_teardown(the_first_element_is_a_value_too, free_array),
		cmocka_unit_test_teardown(texts_come_with_their_lengths, free_array),
		cmocka_unit_test_teardown(nulls_are_counted_and_marked, free_array),
		cmocka_unit_test_teardown(integers_are_in_network_byte_order, free_array),
		cmocka_unit_test_teardown(flags_are_one_byte, free_array),
		cmocka_unit_test_teardown(times_count_from_2000, free_array),
		cmocka_unit_test_teardown(jsonb_begins_with_its_version, free_array),
		cmocka_unit_test_teardown(bytes_may_hold_anything, free_array),
		cmocka_unit_test_teardown(nothing_is_left_of_the_batch_before, free_array),
		cmocka_unit_test_teardown(it_grows_as_far_as_a_batch_does, free_array),
		cmocka_unit_test_teardown(a_huge_batch_does_not_hold_its_memory_for_ever, free_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
