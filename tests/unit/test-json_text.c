/* The measuring of JSON values in their text: where one ends, how deep it is, what a tree would lose of it. */
#include "unit.h"

#include "push/json_text.h"

/* Measured in a copy of its exact size, so that a byte read behind it is noticed. */
static bool
measure(const char *text, size_t length, struct json_text *value)
{
	char *exact = malloc(length > 0 ? length : 1);
	bool measured;

	memcpy(exact, text, length);
	measured = json_text_measure((struct slice){ exact, length }, value);
	value->text.bytes = text;
	free(exact);
	return measured;
}

static void
a_value_ends_where_it_ends(void **state)
{
	static const struct {
		const char *text, *value;
		int         depth;
	} cases[] = {
		{ "1", "1", 0 }, { "1,2", "1", 0 }, { "-12.5e+3]", "-12.5e+3", 0 }, { "0}", "0", 0 },
		{ "true,", "true", 0 }, { "false", "false", 0 }, { "null]", "null", 0 },
		{ "\"\"", "\"\"", 0 }, { "\"a\",\"b\"", "\"a\"", 0 }, { "\"a\\\"b\" x", "\"a\\\"b\"", 0 },
		{ "\"a\\\\\",\"", "\"a\\\\\"", 0 }, { "\"]}\"]", "\"]}\"", 0 }, { "\"[{\":1", "\"[{\"", 0 },
		{ "{}", "{}", 1 }, { "[]]", "[]", 1 }, { "[ ] ", "[ ]", 1 }, { "{\"a\":1},{}", "{\"a\":1}", 1 },
		{ "{\"a\":[1,{}]} rest", "{\"a\":[1,{}]}", 3 }, { "[[],[[]],[]]", "[[],[[]],[]]", 3 },
		{ "{\"}\":\"{\"}", "{\"}\":\"{\"}", 1 }, { "{\n\t\"a\" :\r1 }\n", "{\n\t\"a\" :\r1 }", 1 },
	};
	struct json_text value;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (!measure(cases[i].text, strlen(cases[i].text), &value))
			fail_msg("refused: %s", cases[i].text);
		if (!slice_is(value.text, cases[i].value) || value.depth != cases[i].depth)
			fail_msg("%s: %d bytes, depth %d", cases[i].text, (int)value.text.length, value.depth);
	}
}

static void
what_does_not_end_or_is_malformed_is_refused(void **state)
{
	static const char *const cases[] = {
		"", "\"", "\"a", "\"a\\", "\"a\\\"", "{", "[", "[1", "[1,", "{\"a\"", "{\"a\":", "{\"a\":1", "[[]",
		"{\"a\":{}",
		"]", "}", "NaN", "Infinity", "-Infinity", "nan", "1.", ".5", "-.5", "01", "-01", "00", "-", "+1", "--1",
		"1e", "1e+", "1E-", "1.e5", "1.5.5", "1e5.5", "0x10", "tru", "TRUE", "True", "nUll", "nulll",
		"undefined", "'a'", "/* c */1", "// c", "#", "[NaN]", "[1.]", "{\"a\":01}", "[.5]", "[tru]", "\v1",
		"\xc2\xa0\x31",
		"\"a\tb\"", "\"a\nb\"", "\"\x01\"", "\"\x1f\"", "[\"\x1b[31m\"]", "{\"a\x02\":1}",
	};
	struct json_text value;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (measure(cases[i], strlen(cases[i]), &value))
			fail_msg("taken: %s", cases[i]);
	assert_false(measure("\"a\0b\"", 5, &value));
	assert_false(measure("\0", 1, &value));
}

static void
a_written_nul_is_seen_and_only_that(void **state)
{
	static const struct {
		const char *text;
		bool        nul;
	} cases[] = {
		{ "\"138\\u0000999\"", true }, { "\"\\u0000\"", true }, { "{\"called\\u0000x\":1}", true },
		{ "{\"a\":[{\"b\":\"\\u0000\"}]}", true }, { "\"\\\\\\u0000\"", true },
		{ "[\"a\",\"\\n\\u0000\"]", true },
		{ "\"\\\\u0000\"", false }, { "\"u0000\"", false }, { "\"\\u0001\"", false }, { "\"\\u00000\"", true },
		{ "\"\\u0100\"", false }, { "\"\"", false }, { "0", false }, { "{\"a\":\"\\\\\\\\u0000\"}", false },
	};
	struct json_text value;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(measure(cases[i].text, strlen(cases[i].text), &value));
		if (value.nul != cases[i].nul)
			fail_msg("%s: nul %d", cases[i].text, value.nul);
	}
}

static void
a_nul_behind_the_value_does_not_count(void **state)
{
	struct json_text value;

	(void)state;
	assert_true(json_text_measure(slice_of("\"a\",\"\\u0000\""), &value));
	assert_false(value.nul);
	assert_true(json_text_measure(slice_of("1,123456789012345678901234"), &value));
	assert_false(value.wide);
}

static void
numbers_a_tree_would_change_are_wide(void **state)
{
	static const char *const wide[] = {
		"18446744073709551616", "-9223372036854775809", "12345678901234567890123", "-12345678901234567890123",
		"-0",
		"1e400", "1E400", "-1e-400", "1.5e99999", "0e1000", "[1,[2,12345678901234567890123]]",
		"{\"a\":{\"b\":-0}}",
	};
	static const char *const narrow[] = {
		"0", "1", "-1", "60584", "8613800138000", "123456789012345678", "-123456789012345678", "1e5", "1.50",
		"-1.5E+10",
		"-0.0", "0.1", "true", "null", "\"12345678901234567890123\"", "{\"12345678901234567890123\":1}",
		"[\"-0\",\"1e400\"]", "[]",
	};
	struct json_text value;

	(void)state;
	for (size_t i = 0; i < COUNT(wide); i++)
		if (!measure(wide[i], strlen(wide[i]), &value) || !value.wide)
			fail_msg("not wide: %s", wide[i]);
	for (size_t i = 0; i < COUNT(narrow); i++)
		if (!measure(narrow[i], strlen(narrow[i]), &value) || value.wide)
			fail_msg("wide: %s", narrow[i]);
}

static void
wide_numbers_are_put_in_quotes_and_nothing_else_changes(void **state)
{
	static const struct {
		const char *text, *quoted;
	} cases[] = {
		{ "12345678901234567890123", "\"12345678901234567890123\"" },
		{ "-0", "\"-0\"" },
		{ "[-0]", "[\"-0\"]" },
		{ "[-0,-0,-0,-0]", "[\"-0\",\"-0\",\"-0\",\"-0\"]" },
		{ "{\"a\": 12345678901234567890123 ,\"-0\":1, \"b\":[1e400,1.5,\"-0\"]}",
		  "{\"a\": \"12345678901234567890123\" ,\"-0\":1, \"b\":[\"1e400\",1.5,\"-0\"]}" },
		{ "{\"a\":\"\\\"-0\",\"b\":-0}", "{\"a\":\"\\\"-0\",\"b\":\"-0\"}" },
	};
	struct json_text value;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct arena arena = { 0 };
		struct slice quoted;

		assert_true(json_text_measure(slice_of(cases[i].text), &value));
		assert_true(value.wide);
		quoted = json_text_quote_wide(&value, &arena);
		if (!slice_is(quoted, cases[i].quoted))
			fail_msg("%s gives %.*s", cases[i].text, (int)quoted.length, quoted.bytes);
		arena_free(&arena);
	}
}

static void
only_the_white_space_of_json_is_skipped(void **state)
{
	static const struct slice with_nul = { " \0x", 3 };

	(void)state;
	assert_true(slice_is(json_text_skip_space(slice_of(" \t\r\n x ")), "x "));
	assert_true(slice_is(json_text_skip_space(slice_of("x")), "x"));
	assert_true(slice_is(json_text_skip_space(slice_of("\v x")), "\v x"));
	assert_true(slice_is(json_text_skip_space(slice_of("\f x")), "\f x"));
	assert_true(slice_is(json_text_skip_space(slice_of("\xc2\xa0x")), "\xc2\xa0x"));
	assert_int_equal(json_text_skip_space(with_nul).length, 2);
	assert_int_equal(json_text_skip_space(slice_of("")).length, 0);
	assert_int_equal(json_text_skip_space(slice_of(" \n ")).length, 0);
}

static void
a_value_cut_short_at_any_byte_is_refused(void **state)
{
	static const char text[] = "{\"a\":[1.5,true,{\"b\\\"\":\"\\u0041\"}],\"c\":null}";
	struct json_text value;

	(void)state;
	for (size_t length = 0; length < sizeof text - 1; length++)
		assert_false(measure(text, length, &value));
	assert_true(measure(text, sizeof text - 1, &value));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_ends_where_it_ends),
		cmocka_unit_test(what_does_not_end_or_is_malformed_is_refused),
		cmocka_unit_test(a_written_nul_is_seen_and_only_that),
		cmocka_unit_test(a_nul_behind_the_value_does_not_count),
		cmocka_unit_test(numbers_a_tree_would_change_are_wide),
		cmocka_unit_test(wide_numbers_are_put_in_quotes_and_nothing_else_changes),
		cmocka_unit_test(only_the_white_space_of_json_is_skipped),
		cmocka_unit_test(a_value_cut_short_at_any_byte_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
