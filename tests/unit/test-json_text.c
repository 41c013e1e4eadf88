/* JSON read from its text: where a value ends, what is none, what is noted of it, and what its strings say. */
#include "unit.h"

#include "push/json_text.h"

/* Read from a copy of its exact size, so that a byte read behind it is noticed. */
static bool
measure(const char *text, size_t length, struct json_value *value)
{
	char *exact = malloc(length > 0 ? length : 1);
	struct json_text rest = { .at = exact, .end = exact + length };
	bool is_json;

	memcpy(exact, text, length);
	is_json = json_text_read(&rest, value);
	value->text.bytes = text + (value->text.bytes - exact);
	json_text_free(&rest);
	free(exact);
	return is_json;
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
	struct json_value value;

	for (size_t i = 0; i < COUNT(cases); i++) {
		if (!measure(cases[i].text, strlen(cases[i].text), &value))
			fail_msg("refused: %s", cases[i].text);
		if (!slice_is(value.text, cases[i].value) || (int)value.depth != cases[i].depth)
			fail_msg("%s: %d bytes, depth %d", cases[i].text, (int)value.text.length, (int)value.depth);
	}
}

static void
what_does_not_end_or_is_malformed_is_refused(void **state)
{
	static const char *const cases[] = {
		"", "\"", "\"a", "\"a\\", "\"a\\\"", "{", "[", "[1", "[1,", "{\"a\"", "{\"a\":", "{\"a\":1", "[[]",
		"{\"a\":{}",
		"]", "}", "NaN", "Infinity", "-Infinity", "nan", "1.", ".5", "-.5", "[01]", "[-01]", "[00]", "-", "+1",
		"--1",
		"1e", "1e+", "1E-", "1.e5", "[1.5.5]", "[1e5.5]", "[0x10]", "tru", "TRUE", "True", "nUll", "[nulll]",
		"undefined", "'a'", "/* c */1", "// c", "#", "[NaN]", "[1.]", "{\"a\":01}", "[.5]", "[tru]", "\v1",
		"\xc2\xa0\x31",
		"[1 2]", "[1,]", "[,1]", "[1,,2]", "[1:2]", "[}", "[1}", "{]", "{\"a\":1]", "{\"a\"}", "{\"a\":}",
		"{,}",
		"{\"a\" 1}", "{\"a\",1}", "{\"a\":1,}", "{\"a\":1 \"b\":2}", "{\"a\":1:2}", "{1:2}", "{a:1}",
		"{null:1}",
		"{1e400:2}", "{[]:1}", "{\"a\"::1}", "[[1,{\"a\":[}]]]", "\"\\x\"", "\"\\\"", "\"\\u12g4\"",
		"\"\\u12\"",
		"\"\\U0041\"", "\"\\\n\"", "[\"\x01\\x\"]",
	};
	struct json_value value;

	for (size_t i = 0; i < COUNT(cases); i++)
		if (measure(cases[i], strlen(cases[i]), &value))
			fail_msg("taken: %s", cases[i]);
	assert_false(measure("\0", 1, &value));
	assert_false(measure("[\0]", 3, &value));
}

static void
damage_in_a_string_is_noted_and_ends_nothing(void **state)
{
	static const struct {
		const char *text;
		bool        not_utf8, control;
	} cases[] = {
		{ "\"a\tb\"", false, true }, { "[\"\n\"]", false, true }, { "{\"a\x1f\":1}", false, true },
		{ "\"\xff\"", true, false }, { "\"\xc3\"", true, false }, { "[\"\xed\xa0\xbd\",1]", true, false },
		{ "\"\xc0\x80\"", true, false }, { "{\"\x80\":\"\x01\"}", true, true },
		/* GBK, whose second byte may read as a backslash */
		{ "\"\x81\\\x81\x40\"", true, false }, { "\"\\x\x81\"", true, false }, { "\"\\\x81\"", true, false },
		{ "\"\x81\\u12\"", true, false },
		{ "\"\xe8\xbf\x9e\"", false, false }, { "\"\x7f\\u0001\"", false, false }, { "[\t1\n]", false, false },
	};
	struct json_value value;

	for (size_t i = 0; i < COUNT(cases); i++) {
		if (!measure(cases[i].text, strlen(cases[i].text), &value))
			fail_msg("refused: case %zu", i);
		assert_int_equal(value.text.length, strlen(cases[i].text));
		assert_int_equal(value.not_utf8, cases[i].not_utf8);
		assert_int_equal(value.control, cases[i].control);
	}
	assert_true(measure("\"a\0b\"", 5, &value) && value.control);
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
	struct json_value value;

	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(measure(cases[i].text, strlen(cases[i].text), &value));
		if (value.nul != cases[i].nul)
			fail_msg("%s: nul %d", cases[i].text, value.nul);
	}
}

static void
a_nul_behind_the_value_does_not_count(void **state)
{
	struct json_value value;

	assert_true(measure("\"a\",\"\\u0000\"", 12, &value));
	assert_false(value.nul);
	assert_true(measure("1,123456789012345678901234", 26, &value));
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
	struct json_value value;

	for (size_t i = 0; i < COUNT(wide); i++)
		if (!measure(wide[i], strlen(wide[i]), &value) || !value.wide)
			fail_msg("not wide: %s", wide[i]);
	for (size_t i = 0; i < COUNT(narrow); i++)
		if (!measure(narrow[i], strlen(narrow[i]), &value) || value.wide)
			fail_msg("wide: %s", narrow[i]);
}

static void
a_copy_is_what_jsonb_takes(void **state)
{
	static const struct {
		const char *text, *copy;
	} cases[] = {
		{ "{\"a\": [1.50 ,true]}", "{\"a\": [1.50 ,true]}" }, { "\"\"", "\"\"" },
		{ "12345678901234567890123", "\"12345678901234567890123\"" }, { "-0", "\"-0\"" },
		{ "[-0,-0,-0,-0]", "[\"-0\",\"-0\",\"-0\",\"-0\"]" },
		{ "{\"a\": 12345678901234567890123 ,\"-0\":1, \"b\":[1e400,1.5,\"-0\"]}",
		  "{\"a\": \"12345678901234567890123\" ,\"-0\":1, \"b\":[\"1e400\",1.5,\"-0\"]}" },
		{ "{\"a\":\"\\\"-0\",\"b\":-0}", "{\"a\":\"\\\"-0\",\"b\":\"-0\"}" },
		{ "[\"\\u0041\\u0022\\n\\/\\u001f\\u007f\"]", "[\"\\u0041\\u0022\\n\\/\\u001f\\u007f\"]" },
		{ "{\"\\u00e9\":\"\\u8FDE\\ud83d\\ude00\"}", "{\"\xc3\xa9\":\"\xe8\xbf\x9e\xf0\x9f\x98\x80\"}" },
		{ "\"\\ud836\\udd6c\"", "\"\xf0\x9d\xa5\xac\"" }, { "\"\\\\ud800\"", "\"\\\\ud800\"" },
		{ "\"\\ud800x\"", "\"\xef\xbf\xbdx\"" }, { "\"\\udc00\\ud800\"", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "\"\\ud800\\ud83d\\ude00\"", "\"\xef\xbf\xbd\xf0\x9f\x98\x80\"" },
	};
	struct json_value value;

	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t room = 2 * strlen(cases[i].text);
		char *copy = malloc(room), *end;

		assert_true(measure(cases[i].text, strlen(cases[i].text), &value));
		end = json_value_copy(&value, copy);
		if (!slice_is((struct slice){ copy, (size_t)(end - copy) }, cases[i].copy))
			fail_msg("%s gives %.*s", cases[i].text, (int)(end - copy), copy);
		free(copy);
	}
}

static void
a_string_says_what_its_escapes_stand_for(void **state)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
		{ "\"\"", "" }, { "\"abc\"", "abc" }, { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t" },
		{ "\"\\u0041\\u00e9\\u20AC\"", "A\xc3\xa9\xe2\x82\xac" }, { "\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80" },
		{ "\"\\udbff\\udfff\"", "\xf4\x8f\xbf\xbf" }, { "\"\\ud800\"", "\xef\xbf\xbd" },
		{ "\"\\ud800\\u0041\"", "\xef\xbf\xbd\x41" }, { "\"\\ud800\\n\"", "\xef\xbf\xbd\n" },
	};
	struct json_value value;

	for (size_t i = 0; i < COUNT(cases); i++) {
		char *said = malloc(strlen(cases[i].text)), *end;

		assert_true(measure(cases[i].text, strlen(cases[i].text), &value));
		end = json_value_unescape(&value, said);
		if (!slice_is((struct slice){ said, (size_t)(end - said) }, cases[i].said))
			fail_msg("%s says %.*s", cases[i].text, (int)(end - said), said);
		assert_true(json_value_is(&value, cases[i].said, strlen(cases[i].said)));
		assert_false(json_value_is(&value, "another", 7));
		free(said);
	}
}

static void
names_and_brackets_are_taken_one_by_one(void **state)
{
	const char *bytes = " { \"a\\u0062\" : 1 }\v";
	struct json_text text = { .at = bytes, .end = bytes + strlen(bytes) };
	struct json_value value;

	assert_false(json_text_take(&text, '['));
	assert_true(json_text_take(&text, '{'));
	assert_true(json_text_read_name(&text, &value));
	assert_true(json_value_is(&value, "ab", 2));
	assert_false(json_text_read_name(&text, &value));
	assert_true(json_text_read(&text, &value));
	assert_true(slice_is(value.text, "1"));
	assert_true(json_text_take(&text, '}'));
	assert_int_equal(json_text_next(&text), '\v');
	text.at++;
	assert_int_equal(json_text_next(&text), '\0');
	assert_ptr_equal(text.at, text.end);
	json_text_free(&text);
}

static void
a_value_cut_short_at_any_byte_is_refused(void **state)
{
	static const char text[] = "{\"a\":[1.5,true,{\"b\\\"\":\"\\u0041\"}],\"c\":null}";
	struct json_value value;

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
		cmocka_unit_test(damage_in_a_string_is_noted_and_ends_nothing),
		cmocka_unit_test(a_written_nul_is_seen_and_only_that),
		cmocka_unit_test(a_nul_behind_the_value_does_not_count),
		cmocka_unit_test(numbers_a_tree_would_change_are_wide),
		cmocka_unit_test(a_copy_is_what_jsonb_takes),
		cmocka_unit_test(a_string_says_what_its_escapes_stand_for),
		cmocka_unit_test(names_and_brackets_are_taken_one_by_one),
		cmocka_unit_test(a_value_cut_short_at_any_byte_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
