/* Bytes to validated records: each rule of the interface, each form that is no JSON, and bodies nobody thought of. */
#include "unit.h"

#include <json-c/json.h>
#include <unistr.h>

#include "push/record_list.h"

/* The documented example. */
static const char example[] =
    "[\n"
    "    {\n"
    "        \"campaignId\": \"3\",\n"
    "        \"sessionId\": \"1202_test013\",\n"
    "        \"called\": \"60584\",\n"
    "        \"callTimeStr\": \"2020-08-30 20:00:00\",\n"
    "        \"callStatus\": 6,\n"
    "        \"failCode\": \"0\",\n"
    "        \"vdnId\": 11,\n"
    "        \"callId\": \"0023-134864174\",\n"
    "        \"recordPath\": \"Y:/1/11/20200830/3408/0949218.V3\"\n"
    "    }\n"
    "]";

enum { TEXT_SIZE = 1 << 20 };

static struct record_list list;   /* of the body read last */
static char *body;                /* in memory of its exact size, so that a byte read behind it is noticed */
static char text[TEXT_SIZE];      /* the body in the making */

static enum outcome
read_bytes(const char *bytes, size_t length)
{
	char *copy = malloc(length > 0 ? length : 1);

	memcpy(copy, bytes, length);
	record_list_free(&list);
	free(body);
	body = copy;
	return record_list_parse(&list, (struct slice){ body, length });
}

static enum outcome
read_text(const char *bytes)
{
	return read_bytes(bytes, strlen(bytes));
}

/* As read_text, but for an answer of the query interface. */
static enum outcome
read_answer(const char *bytes)
{
	record_list_free(&list);
	return record_list_parse_answer(&list, slice_of(bytes));
}

static int
forget(void **state)
{
	record_list_free(&list);
	free(body);
	body = NULL;
	return 0;
}

/* A list of one record that is good but for the member given; value NULL leaves the member out. */
static const char *
record_with(const char *name, const char *value)
{
	static const char *const members[][2] = {
		{ "campaignId", "\"3\"" }, { "sessionId", "\"1202\"" }, { "called", "\"60584\"" },
		{ "callStatus", "6" },
	};
	int length = snprintf(text, sizeof text, "[{\"receiver\":\"a\"");

	for (size_t i = 0; i < COUNT(members); i++)
		if (strcmp(members[i][0], name) != 0)
			length += snprintf(text + length, sizeof text - (size_t)length, ",\"%s\":%s", members[i][0],
			    members[i][1]);
	if (value != NULL)
		length += snprintf(text + length, sizeof text - (size_t)length, ",\"%s\":%s", name, value);
	length += snprintf(text + length, sizeof text - (size_t)length, "}]");
	assert_true((size_t)length < sizeof text);
	return text;
}

/* The one record of a body. */
static const struct record *
good(const char *bytes)
{
	enum outcome outcome = read_text(bytes);

	if (outcome != OUTCOME_OK || list.record_count != 1 || list.reject_count != 0)
		fail_msg("outcome %d, %zu records, %zu rejects (%s): %.300s", (int)outcome, list.record_count,
		    list.reject_count, list.reject_count > 0 ? list.rejects[0].reason : "", bytes);
	return &list.records[0];
}

/* Why the one record of a body is bad. */
static const char *
bad(const char *bytes)
{
	enum outcome outcome = read_text(bytes);

	if (outcome != OUTCOME_OK || list.record_count != 0 || list.reject_count != 1)
		fail_msg("outcome %d, %zu records, %zu rejects: %.300s", (int)outcome, list.record_count,
		    list.reject_count, bytes);
	return list.rejects[0].reason;
}

static void
assert_bad(const char *name, const char *value)
{
	const char *reason = bad(record_with(name, value));

	if (strstr(reason, name) == NULL)
		fail_msg("%s is not named in \"%s\"", name, reason);
	if (strstr(reason, "SECRET") != NULL)
		fail_msg("quoted: \"%s\"", reason);
}

static struct slice
text_of(const struct record *record, enum record_field field)
{
	return (struct slice){ record->value[field].bytes, record->value[field].length };
}

static void
assert_text(const struct record *record, enum record_field which, const char *expected)
{
	struct slice found = text_of(record, which);

	if (!slice_is(found, expected))
		fail_msg("\"%.*s\" instead of \"%s\"", (int)found.length, found.bytes != NULL ? found.bytes : "(NULL)",
		    expected != NULL ? expected : "(NULL)");
}

/* The unlisted fields of the record, in memory that stays until it is asked for again. */
static struct slice
extra_of(const struct record *record)
{
	static char *copy;

	assert_true(record->has_extra);
	free(copy);
	copy = malloc(record_extra_size(record));
	return (struct slice){ copy, (size_t)(record_write_extra(record, copy) - copy) };
}

static void
assert_cause(const struct record *record, const char *expected)
{
	char padded[CAUSE_CODE_DIGITS];

	assert_true(slice_is(record_cause_code(record, padded), expected));
}

static int64_t
number_of(const struct record *record, enum record_field field)
{
	assert_non_null(record->value[field].bytes);
	return record->value[field].number;
}

static bool
is_required(const char *name)
{
	return strcmp(name, "campaignId") == 0 || strcmp(name, "callStatus") == 0;
}

/* --- the fields -------------------------------------------------------------------------------------------- */

static void
the_documented_example_is_one_record(void **state)
{
	const struct record *record = good(example);

	assert_text(record, RECORD_CAMPAIGN_ID, "3");
	assert_text(record, RECORD_SESSION_ID, "1202_test013");
	assert_text(record, RECORD_CALLED, "60584");
	assert_text(record, RECORD_CALL_ID, "0023-134864174");
	assert_text(record, RECORD_FAIL_CODE, "0");
	assert_cause(record, "00000");
	assert_text(record, RECORD_CUSTOM_FIELD, NULL);
	assert_text(record, RECORD_RECORD_PATH, "Y:/1/11/20200830/3408/0949218.V3");
	assert_false(record->has_extra);
	assert_int_equal(number_of(record, RECORD_CALL_TIME), INT64_C(1598817600000000));
	assert_int_equal(number_of(record, RECORD_CALL_STATUS), 6);
	assert_int_equal(number_of(record, RECORD_VDN_ID), 11);
}

static void
texts_are_kept_as_they_were_written(void **state)
{
	static const struct {
		const char *value, *expected;
	} cases[] = {
		{ "\"abc\"", "abc" }, { "\" \"", " " }, { "\"null\"", "null" }, { "\"\\u00e9\"", "\xc3\xa9" },
		{ "\"\xc3\xa9\"", "\xc3\xa9" }, { "\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80" },
		{ "\"a\\\"b\\\\c\\/d\\b\\f\\n\\r\\te\"", "a\"b\\c/d\b\f\n\r\te" }, { "\"\\\\u0000\"", "\\u0000" },
		{ "\"\\u0001\"", "\x01" }, { "\"\x7f\"", "\x7f" }, { "\"a' OR 1=1 --\"", "a' OR 1=1 --" },
		{ "0", "0" }, { "-0", "-0" }, { "5", "5" }, { "-7", "-7" }, { "60584", "60584" },
		{ "8613800138000", "8613800138000" }, { "9223372036854775807", "9223372036854775807" },
		{ "-9223372036854775809", "-9223372036854775809" }, { "18446744073709551616", "18446744073709551616" },
		{ "12345678901234567890", "12345678901234567890" },
		{ "12345678901234567890123", "12345678901234567890123" },
		{ "1e5", "1e5" }, { "1E5", "1E5" }, { "1e+5", "1e+5" }, { "1.50", "1.50" }, { "-0.0", "-0.0" },
		{ "8.6138e12", "8.6138e12" }, { "0.1", "0.1" }, { "1e400", "1e400" }, { "1e-400", "1e-400" },
		{ "3.14159265358979323846264338327950288", "3.14159265358979323846264338327950288" },
	};

	for (enum record_field f = 0; f < RECORD_FIELDS; f++)
		for (size_t i = 0; record_fields[f].kind == FIELD_TEXT && i < COUNT(cases); i++)
			assert_text(good(record_with(record_fields[f].name, cases[i].value)), f, cases[i].expected);
}

static void
null_absent_and_empty_are_the_same(void **state)
{
	static const char *const nothing[] = { NULL, "null", "\"\"" };

	for (size_t i = 0; i < COUNT(nothing); i++) {
		for (enum record_field f = 0; f < RECORD_FIELDS; f++)
			if (!is_required(record_fields[f].name))
				assert_null(good(record_with(record_fields[f].name, nothing[i]))->value[f].bytes);
		assert_cause(good(record_with("failCode", nothing[i])), NULL);
		assert_bad("campaignId", nothing[i]);
		assert_bad("callStatus", nothing[i]);
	}
}

static void
anything_of_the_wrong_type_is_bad(void **state)
{
	static const char *const values[] = {
		"true", "false", "{}", "[]", "[\"SECRET\"]", "{\"a\":\"SECRET\"}", "[[1]]", "[null]",
	};

	for (size_t f = 0; f < RECORD_FIELDS; f++)
		for (size_t i = 0; i < COUNT(values); i++)
			assert_bad(record_fields[f].name, values[i]);
}

static void
a_nul_in_any_value_is_bad(void **state)
{
	static const char *const values[] = { "\"\\u0000\"", "\"138\\u0000SECRET\"", "\"6\\u0000\"" };

	for (size_t f = 0; f < RECORD_FIELDS; f++)
		for (size_t i = 0; i < COUNT(values); i++)
			assert_bad(record_fields[f].name, values[i]);
}

static void
a_nul_in_a_name_or_an_unlisted_value_is_bad(void **state)
{
	static const char *const members[] = {
		"\"called\\u0000x\":\"1\"", "\"\\u0000\":1", "\"campaignId\\u0000\":\"4\"", "\"more\":\"a\\u0000b\"",
		"\"more\":{\"a\\u0000\":1}", "\"more\":[[\"\\u0000\"]]", "\"more\":{\"a\":{\"b\":\"\\u0000\"}}",
	};

	for (size_t i = 0; i < COUNT(members); i++) {
		snprintf(text, sizeof text, "[{\"campaignId\":\"3\",\"called\":\"60584\",\"callStatus\":6,%s}]",
		    members[i]);
		assert_non_null(strstr(bad(text), "U+0000"));
	}
}

/* A string of count times the JSON text of one character. */
static const char *
repeated(const char *character, int count)
{
	static char value[TEXT_SIZE / 2];
	char *end = value;

	assert_true(strlen(character) * (size_t)count + 3 < sizeof value);
	*end++ = '"';
	while (count-- > 0)
		end = stpcpy(end, character);
	strcpy(end, "\"");
	return value;
}

static void
a_text_has_at_most_the_bytes_of_its_limit(void **state)
{
	static const struct {
		const char *character;
		size_t      bytes;
	} cases[] = {
		{ "a", 1 }, { "\\u0061", 1 }, { "\\n", 1 }, { "\xc3\xa9", 2 }, { "\\u00e9", 2 }, { "\xe8\xbf\x9e", 3 },
		{ "\\u8fde", 3 }, { "\xf0\x9f\x98\x80", 4 }, { "\\ud83d\\ude00", 4 },
	};

	for (size_t f = 0; f < RECORD_FIELDS; f++)
		for (size_t i = 0; record_fields[f].limit > 0 && i < COUNT(cases); i++) {
			int fitting = (int)(record_fields[f].limit / cases[i].bytes);
			char fault[32];

			good(record_with(record_fields[f].name, repeated(cases[i].character, fitting)));
			assert_bad(record_fields[f].name, repeated(cases[i].character, fitting + 1));
			snprintf(fault, sizeof fault, "than %zu bytes", record_fields[f].limit);
			assert_non_null(strstr(list.rejects[0].reason, fault));
		}
}

static void
a_number_of_257_digits_is_too_long_as_well(void **state)
{
	static char digits[258];

	memset(digits, '1', 257);
	assert_bad("called", digits);
	digits[256] = '\0';
	assert_text(good(record_with("called", digits)), RECORD_CALLED, digits);
	memcpy(digits + 253, "1e5", 3);
	assert_text(good(record_with("called", digits)), RECORD_CALLED, digits);
}

static void
other_texts_are_as_long_as_the_body_allows(void **state)
{
	static const enum record_field unlimited[] = { RECORD_CUSTOM_FIELD, RECORD_RECORD_PATH };

	for (size_t i = 0; i < COUNT(unlimited); i++) {
		const struct record *record = good(record_with(record_fields[unlimited[i]].name,
		    repeated("a", 400000)));

		assert_int_equal(record->value[unlimited[i]].length, 400000);
	}
}

static void
integers_come_as_numbers_or_as_digits(void **state)
{
	static const struct {
		const char *value;
		int64_t     expected;
	} cases[] = {
		{ "0", 0 }, { "5", 5 }, { "6", 6 }, { "-1", -1 }, { "-0", 0 }, { "\"6\"", 6 }, { "\"-1\"", -1 },
		{ "\"007\"", 7 }, { "\"00000\"", 0 }, { "32767", 32767 }, { "-32768", -32768 }, { "\"32767\"", 32767 },
		{ "\"-32768\"", -32768 }, { "\"\\u0036\"", 6 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(number_of(good(record_with("callStatus", cases[i].value)), RECORD_CALL_STATUS),
		    cases[i].expected);
		assert_int_equal(number_of(good(record_with("vdnId", cases[i].value)), RECORD_VDN_ID),
		    cases[i].expected);
	}
}

static void
what_is_no_integer_is_bad(void **state)
{
	static const char *const values[] = {
		"11.5", "1e1", "11.0", "-0.0", "1e400", "\"11.0\"", "\"1e1\"", "\"abc\"", "\"5abc\"", "\"abc5\"",
		"\"5 \"", "\" 5\"",
		"\" \"", "\"+5\"", "\"-\"", "\"--5\"", "\"5-\"", "\"0x10\"", "\"1,000\"", "\"5\\n\"", "\"\xd9\xa5\"",
		"\"SECRET\"",
		"\"NaN\"", "9223372036854775808", "-9223372036854775809", "18446744073709551622",
		"4294967302000000000006",
		"12345678901234567890123", "\"12345678901234567890123\"", "\"18446744073709551622\"",
	};

	for (size_t i = 0; i < COUNT(values); i++) {
		assert_bad("callStatus", values[i]);
		assert_bad("vdnId", values[i]);
	}
}

static void
integers_end_at_the_edges_of_their_columns(void **state)
{
	static const struct {
		const char *name, *value;
		bool        fits;
	} cases[] = {
		{ "callStatus", "32767", true },   { "callStatus", "32768", false },
		{ "callStatus", "-32768", true },  { "callStatus", "-32769", false },
		{ "callStatus", "65542", false },  { "callStatus", "\"65542\"", false },
		{ "vdnId", "2147483647", true },   { "vdnId", "2147483648", false },
		{ "vdnId", "-2147483648", true },  { "vdnId", "-2147483649", false },
		{ "vdnId", "4294967307", false },  { "vdnId", "\"4294967307\"", false },
		{ "vdnId", "\"2147483647\"", true }, { "vdnId", "\"2147483648\"", false },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		if (cases[i].fits)
			good(record_with(cases[i].name, cases[i].value));
		else
			assert_bad(cases[i].name, cases[i].value);
	assert_int_equal(number_of(good(record_with("vdnId", "2147483647")), RECORD_VDN_ID), INT32_MAX);
	assert_int_equal(number_of(good(record_with("vdnId", "\"-2147483648\"")), RECORD_VDN_ID), INT32_MIN);
}

static void
a_call_time_is_a_real_date_and_time(void **state)
{
	static const char *const real[] = {
		"\"1970-01-01 00:00:00\"", "\"2000-02-29 00:00:00\"", "\"2024-02-29 23:59:59\"",
		"\"9999-12-31 23:59:59\"",
		"\"2020-08-30\\u002020:00:00\"",
	};
	static const char *const unreal[] = {
		"\"2021-02-29 00:00:00\"", "\"1900-02-29 00:00:00\"", "\"2020-08-30 24:00:00\"",
		"\"2020-08-30 23:59:60\"",
		"\"1969-12-31 23:59:59\"", "\"10000-01-01 00:00:00\"", "\" 2020-08-30 20:00:00\"",
		"\"2020-08-30 20:00:00 \"",
		"\"2020-08-30T20:00:00\"", "\"2020-08-30 20:00:00+08\"", "\"now\"", "\"infinity\"", "\" \"",
		"\"SECRET\"",
		"20200830", "1598817600", "2020.5",
	};

	for (size_t i = 0; i < COUNT(real); i++)
		assert_non_null(good(record_with("callTimeStr", real[i]))->value[RECORD_CALL_TIME].bytes);
	for (size_t i = 0; i < COUNT(unreal); i++)
		assert_bad("callTimeStr", unreal[i]);
}

static void
one_of_three_names_of_a_call_is_enough(void **state)
{
	for (int given = 0; given < 8; given++) {
		snprintf(text, sizeof text,
		    "[{\"campaignId\":\"3\",\"callStatus\":5,\"sessionId\":%s,\"called\":%s,\"callId\":%s}]",
		    given & 1 ? "\"a\"" : "null", given & 2 ? "1" : "\"\"", given & 4 ? "\"c\"" : "null");
		if (given != 0) {
			good(text);
		} else {
			const char *reason = bad(text);

			assert_non_null(strstr(reason, "sessionId"));
			assert_non_null(strstr(reason, "called"));
			assert_non_null(strstr(reason, "callId"));
		}
	}
}

static void
cause_codes_are_padded_to_five_digits(void **state)
{
	static const struct {
		const char *value, *fail_code, *cause_code;
	} cases[] = {
		{ "\"0\"", "0", "00000" }, { "\"00000\"", "00000", "00000" }, { "\"531\"", "531", "00531" },
		{ "\"00531\"", "00531", "00531" }, { "\"34606\"", "34606", "34606" }, { "\"0531\"", "0531", "00531" },
		{ "531", "531", "00531" }, { "0", "0", "00000" }, { "\"123456\"", "123456", "123456" },
		{ "\"000531\"", "000531", "000531" }, { "\"abc\"", "abc", "abc" }, { "\"12a\"", "12a", "12a" },
		{ "\"-1\"", "-1", "-1" }, { "-1", "-1", "-1" }, { "\" 1\"", " 1", " 1" }, { "1.5", "1.5", "1.5" },
		{ "1e5", "1e5", "1e5" }, { "\"\xef\xbc\x91\"", "\xef\xbc\x91", "\xef\xbc\x91" },
		{ "\"\"", NULL, NULL }, { "null", NULL, NULL },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct record *record = good(record_with("failCode", cases[i].value));

		assert_text(record, RECORD_FAIL_CODE, cases[i].fail_code);
		assert_cause(record, cases[i].cause_code);
	}
}

static void
of_one_name_the_last_stands(void **state)
{
	static const struct {
		const char      *members;
		enum record_field field;
		const char      *expected;
	} cases[] = {
		{ "\"called\":\"1\",\"called\":\"2\"", RECORD_CALLED, "2" },
		{ "\"called\":\"1\",\"\\u0063alled\":\"2\"", RECORD_CALLED, "2" },
		{ "\"customField\":\"a\",\"customField\":null", RECORD_CUSTOM_FIELD, NULL },
		{ "\"customField\":\"a\",\"customField\":\"\"", RECORD_CUSTOM_FIELD, NULL },
		{ "\"customField\":true,\"customField\":\"b\"", RECORD_CUSTOM_FIELD, "b" },
		{ "\"vdnId\":\"x\",\"vdnId\":1,\"failCode\":\"531\",\"failCode\":\"1\"", RECORD_FAIL_CODE, "1" },
		{ "\"callTimeStr\":\"now\",\"callTimeStr\":null,\"called\":\"9\"", RECORD_CALLED, "9" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		snprintf(text, sizeof text, "[{\"campaignId\":\"3\",\"callId\":\"c\",\"callStatus\":6,%s}]",
		    cases[i].members);
		assert_text(good(text), cases[i].field, cases[i].expected);
	}
	assert_non_null(strstr(bad("[{\"campaignId\":\"3\",\"called\":\"1\",\"callStatus\":6,\"callStatus\":true}]"),
	    "callStatus"));
	assert_non_null(strstr(bad("[{\"campaignId\":\"3\",\"called\":\"1\",\"callStatus\":6,\"campaignId\":null}]"),
	    "campaignId"));
}

/* --- what is not listed ------------------------------------------------------------------------------------ */

static struct json_object *
parsed(struct slice json)
{
	struct json_tokener *tokener = json_tokener_new_ex(64);
	struct json_object *tree = json_tokener_parse_ex(tokener, json.bytes, (int)json.length);

	assert_int_equal(json_tokener_get_error(tokener), json_tokener_success);
	json_tokener_free(tokener);
	return tree;
}

static void
assert_extra(const char *members, const char *expected)
{
	struct json_object *found, *wanted;

	snprintf(text, sizeof text, "[{\"campaignId\":\"3\",\"called\":\"60584\",\"callStatus\":6%s}]", members);
	good(text);
	found = parsed(extra_of(&list.records[0]));
	wanted = parsed(slice_of(expected));
	if (!json_object_equal(found, wanted))
		fail_msg("%s instead of %s", json_object_to_json_string(found), expected);
	json_object_put(found);
	json_object_put(wanted);
}

static void
unlisted_fields_are_kept_under_their_names(void **state)
{
	static const struct {
		const char *members, *extra;
	} cases[] = {
		{ ",\"more\":\"x\"", "{\"more\":\"x\"}" },
		{ ",\"a\":1,\"b\":[1,2,{\"c\":true}],\"d\":{\"e\":false}",
		  "{\"a\":1,\"b\":[1,2,{\"c\":true}],\"d\":{\"e\":false}}" },
		{ ",\"a\":null,\"b\":\"\",\"c\":{},\"d\":[]", "{\"a\":null,\"b\":\"\",\"c\":{},\"d\":[]}" },
		{ ",\"a\":{\"b\":null,\"c\":\"\"},\"d\":[null,\"\"]",
		  "{\"a\":{\"b\":null,\"c\":\"\"},\"d\":[null,\"\"]}" },
		{ ",\"a\":{\"campaignId\":\"4\",\"called\":true}", "{\"a\":{\"campaignId\":\"4\",\"called\":true}}" },
		{ ",\"CampaignId\":\"4\",\"calledx\":1,\"call\":2", "{\"CampaignId\":\"4\",\"calledx\":1,\"call\":2}" },
		{ ",\"\":\"no name\"", "{\"\":\"no name\"}" },
		{ ",\"a\\\"b\\\\\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0001\\u007f\"",
		  "{\"a\\\"b\\\\\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u007f\"}" },
		{ ",\"\\u00e9\":\"\xe8\xbf\x9e\"", "{\"\xc3\xa9\":\"\\u8fde\"}" },
		{ ",\"a\":\"\\ud83d\\ude00\"", "{\"a\":\"\xf0\x9f\x98\x80\"}" },
		{ ",\"a\":\"\\\\u0000\"", "{\"a\":\"\\\\u0000\"}" },
		{ ",\"callResultList\":[1]", "{\"callResultList\":[1]}" },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_extra(cases[i].members, cases[i].extra);
}

static void
a_record_without_unlisted_fields_has_no_extra(void **state)
{
	assert_false(good("[{\"campaignId\":\"3\",\"called\":\"1\",\"callStatus\":6}]")->has_extra);
}

static void
numbers_in_extra_keep_all_their_digits(void **state)
{
	static const char *const numbers[] = {
		"8613800138000", "1.50", "1e5", "-0", "12345678901234567890123", "0.1", "18446744073709551616", "1e400",
		"3.14159265358979323846264338327950288",
	};

	for (size_t i = 0; i < COUNT(numbers); i++) {
		struct slice extra;

		extra = extra_of(good(record_with("more", numbers[i])));
		if (memmem(extra.bytes, extra.length, numbers[i], strlen(numbers[i])) == NULL)
			fail_msg("%s became %.*s", numbers[i], (int)extra.length, extra.bytes);
	}
}

/* PostgreSQL: 131,072 digits before the point and 16,383 behind it; jsonb refuses more. */
static void
numbers_beyond_jsonb_are_kept_as_strings(void **state)
{
	static const struct {
		const char *before, *after;
		int         digits;
	} cases[] = {
		{ "", "e400000", 1 }, { "", "e-400000", 1 }, { "", "", 131100 }, { "0.", "", 16400 },
		{ "-0.", "", 16400 },
		{ "", "e5", 131100 }, { "-", "E5", 131100 }, { "0.", "e5", 16400 }, { "1.", "e-5", 16400 },
		{ "", ".5", 131100 }, { "", "e99", 131000 }, { "0.", "e-99", 16300 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		static char number[200000];
		struct json_object *extra, *more = NULL;

		strcpy(number, cases[i].before);
		memset(number + strlen(cases[i].before), '1', (size_t)cases[i].digits);
		strcpy(number + strlen(cases[i].before) + cases[i].digits, cases[i].after);
		extra = parsed(extra_of(good(record_with("more", number))));
		assert_true(json_object_object_get_ex(extra, "more", &more));
		if (!json_object_is_type(more, json_type_string))
			fail_msg("%s%d digits%s stays a number", cases[i].before, cases[i].digits, cases[i].after);
		assert_string_equal(json_object_get_string(more), number);
		json_object_put(extra);
	}
}

static void
lone_surrogates_never_reach_the_database(void **state)
{
	static const char *const values[] = {
		"\"\\ud800\"", "\"\\udc00\"", "\"a\\ud83dz\"", "\"\\ud83d\\ud83d\"", "\"\\ude00\\ud83d\"",
		"\"\\ud83d\\n\"",
		"\"\\ud83d\\u0041\"", "\"\\udbff\\udbff\\udfff\"", "\"\\ud83d\\u12\\u0034\"",
	};
	static const char *const names[] = { "called", "customField", "more" };

	for (size_t f = 0; f < COUNT(names); f++)
		for (size_t i = 0; i < COUNT(values); i++) {
			enum outcome outcome = read_text(record_with(names[f], values[i]));

			if (i + 1 == COUNT(values)) {
				assert_int_equal(outcome, OUTCOME_BODY_NOT_JSON);
				continue;
			}
			assert_int_equal(outcome, OUTCOME_OK);
			assert_int_equal(list.record_count + list.reject_count, 1);
			for (int t = 0; list.record_count == 1 && t <= RECORD_FIELDS; t++) {
				struct slice found = t < RECORD_FIELDS ? text_of(&list.records[0], t) :
				    list.records[0].has_extra ? extra_of(&list.records[0]) : (struct slice){ NULL, 0 };

				if (found.bytes == NULL || (t < RECORD_FIELDS && record_fields[t].kind != FIELD_TEXT))
					continue;
				assert_null(u8_check((const uint8_t *)found.bytes, found.length));
				assert_null(memmem(found.bytes, found.length, "\\ud", 3));
			}
		}
}

static void
a_record_is_nested_32_deep_at_most(void **state)
{
	static const char *const brackets[][2] = { { "[", "]" }, { "{\"a\":", "}" } };

	for (size_t i = 0; i < COUNT(brackets); i++)
		for (int depth = 2; depth <= 40; depth++) {
			char value[512] = "";

			for (int d = 1; d < depth; d++)
				strcat(value, brackets[i][0]);
			strcat(value, "1");
			for (int d = 1; d < depth; d++)
				strcat(value, brackets[i][1]);
			if (depth <= 32)
				good(record_with("more", value));
			else
				assert_non_null(strstr(bad(record_with("more", value)), "nested"));
		}
}

/* --- bodies ------------------------------------------------------------------------------------------------ */

#define GOOD "{\"campaignId\":\"3\",\"called\":\"60584\",\"callStatus\":6}"

static void
a_body_is_a_list_or_has_one(void **state)
{
	static const struct {
		const char  *text;
		enum outcome outcome;
		size_t       records;
	} cases[] = {
		{ "[]", OUTCOME_OK, 0 }, { " [ ] ", OUTCOME_OK, 0 }, { "\r\n\t[]\n", OUTCOME_OK, 0 },
		{ "[" GOOD "]", OUTCOME_OK, 1 }, { "[" GOOD "," GOOD " , " GOOD "]", OUTCOME_OK, 3 },
		{ "\xef\xbb\xbf[" GOOD "]", OUTCOME_OK, 1 }, { "\xef\xbb\xbf \n[]", OUTCOME_OK, 0 },
		{ "{\"callResultList\":[]}", OUTCOME_OK, 0 }, { "{\"callResultList\":[" GOOD "]}", OUTCOME_OK, 1 },
		{ " { \"callResultList\" : [ " GOOD " ] } ", OUTCOME_OK, 1 },
		{ "{\"total\":1,\"callResultList\":[" GOOD "],\"more\":{\"a\":[1]}}", OUTCOME_OK, 1 },
		{ "{\"callResultList\":[],\"callResultList\":[" GOOD "]}", OUTCOME_OK, 1 },
		{ "{\"callResultList\":[" GOOD "," GOOD "],\"callResultList\":[" GOOD "]}", OUTCOME_OK, 1 },
		{ "{\"callResultList\":null,\"callResultList\":[" GOOD "]}", OUTCOME_OK, 1 },
		{ "\xef\xbb\xbf{\"callResultList\":[" GOOD "]}", OUTCOME_OK, 1 },
		{ "{\"a\":\"\\u0000\",\"callResultList\":[" GOOD "]}", OUTCOME_OK, 1 },
		{ "", OUTCOME_BODY_EMPTY, 0 }, { " \r\n\t ", OUTCOME_BODY_EMPTY, 0 },
		{ "\xef\xbb\xbf", OUTCOME_BODY_EMPTY, 0 },
		{ "\xef\xbb\xbf \n", OUTCOME_BODY_EMPTY, 0 },
		{ "{}", OUTCOME_BODY_NOT_LIST, 0 }, { GOOD, OUTCOME_BODY_NOT_LIST, 0 },
		{ "null", OUTCOME_BODY_NOT_LIST, 0 },
		{ "true", OUTCOME_BODY_NOT_LIST, 0 }, { "5", OUTCOME_BODY_NOT_LIST, 0 },
		{ "-1.5e5", OUTCOME_BODY_NOT_LIST, 0 },
		{ "\"[]\"", OUTCOME_BODY_NOT_LIST, 0 }, { "{\"callResultList\":null}", OUTCOME_BODY_NOT_LIST, 0 },
		{ "{\"callResultList\":{}}", OUTCOME_BODY_NOT_LIST, 0 },
		{ "{\"callResultList\":\"[]\"}", OUTCOME_BODY_NOT_LIST, 0 },
		{ "{\"callResultList\":1}", OUTCOME_BODY_NOT_LIST, 0 },
		{ "{\"callresultlist\":[]}", OUTCOME_BODY_NOT_LIST, 0 },
		{ "{\"a\":{\"callResultList\":[]}}", OUTCOME_BODY_NOT_LIST, 0 },
		{ "{\"callResultList\":[" GOOD "],\"callResultList\":1}", OUTCOME_BODY_NOT_LIST, 0 },
		{ "[]x", OUTCOME_BODY_TRAILING, 0 }, { "[] []", OUTCOME_BODY_TRAILING, 0 },
		{ "[1]garbage", OUTCOME_BODY_TRAILING, 0 },
		{ "[" GOOD "]]", OUTCOME_BODY_TRAILING, 0 }, { "[" GOOD "],", OUTCOME_BODY_TRAILING, 0 },
		{ "{\"callResultList\":[" GOOD "]}}", OUTCOME_BODY_TRAILING, 0 },
		{ "[]\xef\xbb\xbf", OUTCOME_BODY_TRAILING, 0 },
		{ "[]\v", OUTCOME_BODY_TRAILING, 0 },
		{ "garbage", OUTCOME_BODY_NOT_JSON, 0 }, { "campaignId=3&called=1", OUTCOME_BODY_NOT_JSON, 0 },
		{ "<list/>", OUTCOME_BODY_NOT_JSON, 0 }, { "[,]", OUTCOME_BODY_NOT_JSON, 0 },
		{ "]", OUTCOME_BODY_NOT_JSON, 0 },
		{ "}", OUTCOME_BODY_NOT_JSON, 0 }, { ",", OUTCOME_BODY_NOT_JSON, 0 }, { ":", OUTCOME_BODY_NOT_JSON, 0 },
		{ "[" GOOD "}", OUTCOME_BODY_NOT_JSON, 0 },
		{ "{\"callResultList\":[" GOOD "]]", OUTCOME_BODY_NOT_JSON, 0 },
		{ "[" GOOD ",]", OUTCOME_BODY_NOT_JSON, 0 }, { "[" GOOD " " GOOD "]", OUTCOME_BODY_NOT_JSON, 0 },
		{ "[" GOOD ",," GOOD "]", OUTCOME_BODY_NOT_JSON, 0 },
		{ "[" GOOD ":" GOOD "]", OUTCOME_BODY_NOT_JSON, 0 },
		{ "{\"callResultList\":[" GOOD ",]}", OUTCOME_BODY_NOT_JSON, 0 },
		{ "{\"callResultList\":[" GOOD "],}", OUTCOME_BODY_NOT_JSON, 0 },
		{ "{,\"callResultList\":[]}", OUTCOME_BODY_NOT_JSON, 0 },
		{ "{\"callResultList\"}", OUTCOME_BODY_NOT_JSON, 0 },
		{ "{\"callResultList\" []}", OUTCOME_BODY_NOT_JSON, 0 },
		{ "{callResultList:[]}", OUTCOME_BODY_NOT_JSON, 0 },
		{ "\xef\xbb\xbf\xef\xbb\xbf[]", OUTCOME_BODY_NOT_JSON, 0 }, { "\v[]", OUTCOME_BODY_NOT_JSON, 0 },
		{ "[\xc2\xa0]", OUTCOME_BODY_NOT_JSON, 0 }, { "[\xef\xbb\xbf" GOOD "]", OUTCOME_BODY_NOT_JSON, 0 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		enum outcome outcome = read_text(cases[i].text);

		if (outcome != cases[i].outcome || list.record_count != cases[i].records || list.reject_count != 0)
			fail_msg("outcome %d, %zu records, %zu rejects: %s", (int)outcome, list.record_count,
			    list.reject_count, cases[i].text);
	}
	assert_int_equal(record_list_parse(&list, (struct slice){ NULL, 0 }), OUTCOME_BODY_EMPTY);
}

static void
the_list_s_name_may_be_written_with_escapes(void **state)
{
	assert_int_equal(read_text("{\"call\\u0052esultList\":[" GOOD "]}"), OUTCOME_OK);
	assert_int_equal(list.record_count, 1);
}

/* In each string of a record, damage costs that record alone. */
static void
damage_inside_a_string_costs_its_element(void **state)
{
	static const struct {
		const char *bytes, *reason;
	} cases[] = {
		{ "\xff", "is not UTF-8" }, { "\xfe\xff", "is not UTF-8" }, { "\x80", "is not UTF-8" },
		{ "\xc3", "is not UTF-8" },
		{ "\xc3(", "is not UTF-8" }, { "\xc0\x80", "is not UTF-8" }, { "\xc0\xaf", "is not UTF-8" },
		{ "\xe0\x80\xaf", "is not UTF-8" }, { "\xf0\x80\x80\xaf", "is not UTF-8" },
		{ "\xed\xa0\x80", "is not UTF-8" },
		{ "\xed\xbf\xbf", "is not UTF-8" }, { "\xed\xa0\xbd\xed\xb8\x80", "is not UTF-8" },
		{ "\xf4\x90\x80\x80", "is not UTF-8" }, { "\xf8\x88\x80\x80\x80", "is not UTF-8" },
		{ "\xe8\xbf", "is not UTF-8" },
		{ "\xb1\xb1", "is not UTF-8" }, { "\xbf\xcd\xbb\xa7", "is not UTF-8" },
		{ "\x81\\\x81\x40", "is not UTF-8" },
		{ "\x01", "raw control character" }, { "\t", "raw control character" },
		{ "\n", "raw control character" },
		{ "\x1f", "raw control character" }, { "\x1b[m", "raw control character" },
	};
	char member[64], framed[512];

	for (size_t i = 0; i < COUNT(cases); i++)
		for (int f = 0; f < RECORD_FIELDS + 3; f++) {
			const char *name = f < RECORD_FIELDS ? record_fields[f].name :
			    "a field name or an unlisted field";

			snprintf(member, sizeof member, f < RECORD_FIELDS + 1 ? "\"%s\":\"a%s\"" :
			    f < RECORD_FIELDS + 2 ? "\"%sx%s\":1" : "\"%s\":[{\"%s\":1}]",
			    f < RECORD_FIELDS ? name : "more", cases[i].bytes);
			snprintf(framed, sizeof framed,
			    "[" GOOD ",{\"campaignId\":\"3\",\"called\":\"1\",\"callStatus\":6,%s} ," GOOD "]", member);
			assert_int_equal(read_text(framed), OUTCOME_OK);
			assert_int_equal(list.record_count, 2);
			assert_int_equal(list.reject_count, 1);
			assert_memory_equal(list.rejects[0].raw.bytes, "{\"camp", 6);
			assert_int_equal(list.rejects[0].raw.bytes[list.rejects[0].raw.length - 1], '}');
			assert_ptr_equal(strstr(list.rejects[0].reason, name), list.rejects[0].reason);
			if (strstr(list.rejects[0].reason, cases[i].reason) == NULL)
				fail_msg("%s: %s", framed, list.rejects[0].reason);
		}
}

static void
damage_around_the_list_is_passed_over(void **state)
{
	assert_int_equal(read_text("{\"a\":\"\xff\",\"\x80\":[\"\n\"],\"callResultList\":[" GOOD "],\"b\":{\"\t\":0}}"),
	    OUTCOME_OK);
	assert_int_equal(list.record_count, 1);
	assert_int_equal(list.reject_count, 0);
	assert_int_equal(read_text("{\"callResultList\xff\":[" GOOD "]}"), OUTCOME_BODY_NOT_LIST);
	assert_int_equal(read_text("{\"callR\\u0065sultList\xff\":[" GOOD "]}"), OUTCOME_BODY_NOT_LIST);
	assert_int_equal(read_text("{\"callResultList\":[" GOOD ",\"\xff\"]}"), OUTCOME_OK);
	assert_int_equal(list.record_count, 1);
	assert_int_equal(list.reject_count, 1);
}

static void
other_bytes_that_are_not_utf_8_are_the_body_s_fault(void **state)
{
	static const char utf_16[] = "\xff\xfe[\0]\0", gbk_quote[] = "[\"\x81\\\"]";

	assert_int_equal(read_bytes(utf_16, sizeof utf_16 - 1), OUTCOME_BODY_NOT_UTF8);
	assert_int_equal(read_text("[\xff]"), OUTCOME_BODY_NOT_UTF8);
	assert_int_equal(read_text("[" GOOD ",\xe8\xbf\x9e" GOOD "]"), OUTCOME_BODY_NOT_JSON);
	assert_int_equal(read_bytes("[\"\xe8\xbf\x9e\"]", 4), OUTCOME_BODY_NOT_UTF8);
	/* the limit: a byte that reads as a backslash before the quotation mark */
	assert_int_equal(read_text(gbk_quote), OUTCOME_BODY_NOT_UTF8);
	assert_int_equal(list.record_count + list.reject_count, 0);
}

static void
a_nul_byte_is_no_json(void **state)
{
	assert_int_equal(read_bytes("\0", 1), OUTCOME_BODY_NOT_JSON);
	assert_int_equal(read_bytes("[\0]", 3), OUTCOME_BODY_NOT_JSON);
	assert_int_equal(read_bytes("[\"\0\"]", 5), OUTCOME_OK);
	assert_int_equal(list.reject_count, 1);
	assert_int_equal(read_bytes("[]\0", 3), OUTCOME_BODY_TRAILING);
}

/* --- characters -------------------------------------------------------------------------------------------- */

static const char *
raw_of(uint32_t character)
{
	static char raw[8];
	int length = u8_uctomb((uint8_t *)raw, character, sizeof raw);

	assert_true(length > 0);
	raw[length] = '\0';
	return raw;
}

static const char *
escape_of(uint32_t character)
{
	static char escape[16];

	if (character < 0x10000)
		snprintf(escape, sizeof escape, character % 2 == 0 ? "\\u%04x" : "\\u%04X", character);
	else
		snprintf(escape, sizeof escape, "\\u%04x\\u%04X", 0xd800 + ((character - 0x10000) >> 10),
		    0xdc00 + ((character - 0x10000) & 0x3ff));
	return escape;
}

static void
every_character_is_kept_raw_and_escaped(void **state)
{
	char expected[128];

	for (uint32_t character = 1; character <= 0x10ffff; character += character == 0xd7ff ? 0x801 : 1) {
		bool must_escape = character < 0x20 || character == '"' || character == '\\';
		const char *raw = raw_of(character), *escape = escape_of(character), *given = must_escape ? escape :
		    raw;
		const struct record *record;

		snprintf(text, sizeof text, "[{\"campaignId\":\"%s\",\"callStatus\":6,\"called\":\"%s\",\"%s\":\"%s\","
		    "\"x%s\":\"%s\"}]", given, escape, given, escape, escape, given);
		record = good(text);
		assert_text(record, RECORD_CAMPAIGN_ID, raw);
		assert_text(record, RECORD_CALLED, raw);
		if (character >= 0x80)
			escape = given;
		snprintf(expected, sizeof expected, "{\"%s\":\"%s\",\"x%s\":\"%s\"}", given, escape, escape, given);
		if (!slice_is(extra_of(record), expected))
			fail_msg("U+%04X: %s", (unsigned int)character, expected);
	}
}

static void
half_a_pair_is_a_replacement_character(void **state)
{
	static const char *const behind[] = { "", "x", "\\n", "\\u0041", "\\ue000" };

	for (uint32_t half = 0xd800; half <= 0xdfff; half++)
		for (size_t i = 0; i < COUNT(behind); i++) {
			snprintf(text, sizeof text,
			    "[{\"campaignId\":\"3\",\"callStatus\":6,\"called\":\"\\u%04x%s\",\"\\u%04X\":1}]",
			    half, behind[i], half);
			assert_memory_equal(good(text)->value[RECORD_CALLED].bytes, "\xef\xbf\xbd", 3);
			assert_true(slice_is(extra_of(&list.records[0]), "{\"\xef\xbf\xbd\":1}"));
		}
}

/* --- syntax ------------------------------------------------------------------------------------------------ */

/* Forms that are no JSON, other parsers' leniences among them, wherever in a body they stand. */
static void
what_is_not_json_is_refused_wherever_it_stands(void **state)
{
	static const char *const values[] = {
		"NaN", "nan", "Infinity", "-Infinity", "-NaN", "1.", "-1.", ".5", "-.5", "01", "-01", "00", "-00",
		"00.5", "+1", "-", "--1",
		"1e", "1e+", "1.e5", "1.5.5", "0x10", "1_0", "1a", "tru", "TRUE", "True", "nUll", "NULL", "nul",
		"nulll",
		"undefined", "None", "'a'", "\"a", "a\"",
		"\"\\x41\"", "\"\\'\"", "\"\\a\"", "\"\\0\"", "\"\\u12\"", "\"\\u12G4\"", "\"\\U0041\"", "\"\\u\"",
		"\"\\\"", "\"a\"\"b\"",
		"1/*c*/", "/*c*/1", "1//c\n", "//c\n1", "1#c", "[1,]", "[,1]", "[1,,2]", "[1 2]", "[1:2]", "[", "]",
		"[1}", "[[1]", "{",
		"}", "{\"a\":1,}", "{,\"a\":1}", "{,}", "{\"a\":1,,\"b\":2}", "{\"a\" 1}", "{\"a\"}", "{\"a\":}",
		"{\"a\":1 \"b\":2}",
		"{\"a\":1:2}", "{\"a\",1}", "{a:1}", "{1:2}", "{'a':1}", "{null:1}", "{1e400:1}", "{-0:1}", "{[]:1}",
		"{\"a\":1]",
		"{\"a\"::1}", ";", "1;", "@", "\\",
		"1 1", "1\x0c", "\v1",
	};
	static const char *const frames[] = {
		"[%s]", "[" GOOD ",%s]", "[%s," GOOD "]",
		"[{\"campaignId\":\"3\",\"called\":\"1\",\"callStatus\":6,\"more\":%s}]",
		"[{\"campaignId\":%s,\"called\":\"1\",\"callStatus\":6}]", "[[[%s]]]",
		"{\"callResultList\":[],\"more\":%s}",
		"{\"more\":%s,\"callResultList\":[]}", "{\"callResultList\":[%s]}", "{\"callResultList\":%s}",
	};
	char framed[256];

	for (size_t v = 0; v < COUNT(values); v++)
		for (size_t f = 0; f < COUNT(frames); f++) {
			const char *hole = strstr(frames[f], "%s");
			enum outcome outcome;

			snprintf(framed, sizeof framed, "%.*s%s%s", (int)(hole - frames[f]), frames[f], values[v],
			    hole + 2);
			/* a bracket too many may close the body early */
			outcome = read_text(framed);
			if (outcome != OUTCOME_BODY_NOT_JSON &&
			    !(outcome == OUTCOME_BODY_TRAILING && strchr("]}", *values[v]) != NULL))
				fail_msg("outcome %d: %s", (int)outcome, framed);
			assert_int_equal(list.record_count + list.reject_count, 0);
		}
}

static void
every_form_of_json_is_taken(void **state)
{
	static const char *const values[] = {
		"0", "-0", "0.0", "-0.0e-5", "1E5", "1e+5", "1E-05", "10.01", "true", "false", "null", "\"\"",
		"\"\\/\"",
		"\"\\ud83d\\ude00\"", "\"\x7f\"", "\"\xe2\x80\xa8\"", "\"\xf4\x8f\xbf\xbf\"", "\"\\uFFFF\"",
		"\"\\u00E9\"", "[]", "{}", "[ ]",
		"{ }", "[[]]", "[ 1 , 2 ]", "{ \"a\" : 1 , \"b\" : [ ] }", "\r\n\t 1 \t\r\n", "\"/* no comment */\"",
		"\"'\"", "\",\"", "\"]\"",
	};

	for (size_t i = 0; i < COUNT(values); i++)
		good(record_with("more", values[i]));
}

static void
a_body_cut_short_at_any_byte_is_bad(void **state)
{
	static const char wrapped[] = "{\"total\":12,\"callResultList\":[" GOOD "," GOOD "]}";

	for (size_t length = 0; length < sizeof example - 1; length++) {
		assert_int_not_equal(read_bytes(example, length), OUTCOME_OK);
		assert_int_equal(list.record_count + list.reject_count, 0);
	}
	for (size_t length = 0; length < sizeof wrapped - 1; length++)
		assert_int_not_equal(read_bytes(wrapped, length), OUTCOME_OK);
	assert_int_equal(read_text(wrapped), OUTCOME_OK);
}

static void
bad_records_among_good_ones_are_kept_with_their_raw_text(void **state)
{
	static const char bytes[] =
	    "[ {\"campaignId\":\"3\",\"called\":\"1\",\"callStatus\":6} ,\n"
	    "  { \"campaignId\" : true,\t\"called\":\"2\" } , 5,\"x\" ,null, [ 1, 2 ]\n"
	    ",{\"campaignId\":\"3\",\"called\":\"3\",\"callStatus\":6}, {}, -0 ,true,"
	    "{\"campaignId\":\"3\",\"called\":\"4\",\"callStatus\":5} ]";
	static const char *const raw[] = {
		"{ \"campaignId\" : true,\t\"called\":\"2\" }", "5", "\"x\"", "null", "[ 1, 2 ]", "{}", "-0", "true",
	};

	assert_int_equal(read_text(bytes), OUTCOME_OK);
	assert_int_equal(list.record_count, 3);
	assert_text(&list.records[0], RECORD_CALLED, "1");
	assert_text(&list.records[1], RECORD_CALLED, "3");
	assert_text(&list.records[2], RECORD_CALLED, "4");
	assert_int_equal(list.reject_count, COUNT(raw));
	for (size_t i = 0; i < COUNT(raw); i++) {
		assert_true(slice_is(list.rejects[i].raw, raw[i]));
		assert_in_range((uintptr_t)list.rejects[i].raw.bytes, (uintptr_t)body, (uintptr_t)body + sizeof bytes);
		assert_true(strlen(list.rejects[i].reason) > 0);
	}
}

static void
many_records_of_either_kind_stay_in_their_order(void **state)
{
	enum { RECORDS = 5000 };
	int length = snprintf(text, sizeof text, "[");

	for (int i = 0; i < RECORDS; i++)
		length += snprintf(text + length, sizeof text - (size_t)length, "%s{\"campaignId\":\"3\",\"called\":%d,"
		    "\"callStatus\":%s,\"more\":%d}", i > 0 ? "," : "", i, i % 2 == 0 ? "6" : "null", i);
	snprintf(text + length, sizeof text - (size_t)length, "]");
	assert_int_equal(read_text(text), OUTCOME_OK);
	assert_int_equal(list.record_count, RECORDS / 2);
	assert_int_equal(list.reject_count, RECORDS / 2);
	for (int i = 0; i < RECORDS; i++) {
		char expected[32];

		snprintf(expected, sizeof expected, i % 2 == 0 ? "%d" : "\"called\":%d,", i);
		if (i % 2 == 0)
			assert_text(&list.records[i / 2], RECORD_CALLED, expected);
		else
			assert_non_null(memmem(list.rejects[i / 2].raw.bytes, list.rejects[i / 2].raw.length, expected,
			    strlen(expected)));
	}
}

static void
a_hundred_thousand_brackets_harm_nothing(void **state)
{
	enum { BRACKETS = 100000 };
	static const char *const opening[] = { "[", "{", "{\"a\":", "[{\"a\":", "{\"callResultList\":[", "]", "\"[" };

	for (size_t i = 0; i < COUNT(opening); i++) {
		size_t length = strlen(opening[i]) * BRACKETS;
		char *bytes = malloc(length);

		for (size_t j = 0; j < length; j++)
			bytes[j] = opening[i][j % strlen(opening[i])];
		assert_int_not_equal(read_bytes(bytes, length), OUTCOME_OK);
		free(bytes);
	}
	memset(text, '[', BRACKETS);
	memset(text + BRACKETS, ']', BRACKETS);
	assert_int_equal(read_bytes(text, 2 * BRACKETS), OUTCOME_OK);
	assert_int_equal(list.reject_count, 1);
	assert_int_equal(list.rejects[0].raw.length, 2 * BRACKETS - 2);
}

static void
a_good_record_stands_beside_one_too_deep(void **state)
{
	int length = snprintf(text, sizeof text, "[" GOOD ",");

	memset(text + length, '[', 1000);
	memset(text + length + 1000, ']', 1000);
	strcpy(text + length + 2000, "," GOOD "]");
	assert_int_equal(read_text(text), OUTCOME_OK);
	assert_int_equal(list.record_count, 2);
	assert_int_equal(list.reject_count, 1);
	assert_non_null(strstr(list.rejects[0].reason, "nested"));
}

static void
what_is_too_deep_has_to_be_json_all_the_same(void **state)
{
	static const char *const inside[] = { "1 2", "1,,2", "{]", "\"\\x\"", ":", "{\"a\":1,}", "{1:2}" };

	for (size_t i = 0; i < COUNT(inside); i++) {
		char value[256] = "";

		for (int d = 0; d < 40; d++)
			strcat(value, "[");
		strcat(value, inside[i]);
		strcat(value, strcmp(inside[i], "{]") == 0 ? "}" : "");
		for (int d = 0; d < 40; d++)
			strcat(value, "]");
		if (read_text(record_with("more", value)) != OUTCOME_BODY_NOT_JSON)
			fail_msg("taken: %s, 40 deep", inside[i]);
	}
}

static void
a_freed_list_is_empty_and_can_be_used_again(void **state)
{
	for (int i = 0; i < 3; i++) {
		good(example);
		record_list_free(&list);
		assert_null(list.records);
		assert_null(list.rejects);
		assert_int_equal(list.record_count + list.reject_count, 0);
	}
}

static void
rejects_can_be_added_by_hand(void **state)
{
	static const char bytes[] = "0123456789";

	for (size_t i = 0; i < 1000; i++)
		record_list_reject(&list, (struct slice){ bytes + i % 10, 1 }, "reason");
	assert_int_equal(list.reject_count, 1000);
	for (size_t i = 0; i < 1000; i++) {
		assert_ptr_equal(list.rejects[i].raw.bytes, bytes + i % 10);
		assert_string_equal(list.rejects[i].reason, "reason");
	}
}

/* --- mutations --------------------------------------------------------------------------------------------- */

/* The same numbers at every run (xorshift64*). */
static uint64_t chance = UINT64_C(0x9e3779b97f4a7c15);

static size_t
below(size_t limit)
{
	chance ^= chance >> 12;
	chance ^= chance << 25;
	chance ^= chance >> 27;
	return (size_t)(chance * UINT64_C(2685821657736338717) >> 33) % limit;
}

/* How many elements the list of a body has by json-c's own, lenient parser; -1 when it takes it for no JSON. */
static int
elements_by_json_c(const char *bytes, size_t length)
{
	struct json_tokener *tokener = json_tokener_new_ex(1000);
	struct json_object *tree, *found = NULL;
	int elements = -1;
	size_t end;

	if (length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
		bytes += 3;
		length -= 3;
	}
	tree = json_tokener_parse_ex(tokener, bytes, (int)length);
	end = json_tokener_get_parse_end(tokener);
	while (end < length && strchr(" \t\r\n", bytes[end]) != NULL)
		end++;
	if (json_tokener_get_error(tokener) == json_tokener_success && end == length) {
		found = tree;
		if (json_object_is_type(tree, json_type_object))
			json_object_object_get_ex(tree, "callResultList", &found);
		if (json_object_is_type(found, json_type_array))
			elements = (int)json_object_array_length(found);
	}
	json_object_put(tree);
	json_tokener_free(tokener);
	return elements;
}

static bool
is_text(struct slice slice)
{
	return slice.length > 0 && memchr(slice.bytes, '\0', slice.length) == NULL &&
	    u8_check((const uint8_t *)slice.bytes, slice.length) == NULL;
}

static bool
keeps_the_rules(const struct record *record)
{
	for (enum record_field field = 0; field < RECORD_FIELDS; field++) {
		const struct field *rule = &record_fields[field];
		struct slice found = text_of(record, field);

		if (rule->kind == FIELD_TEXT && found.bytes != NULL &&
		    (!is_text(found) || (rule->limit > 0 && found.length > rule->limit)))
			return false;
	}
	return (record->value[RECORD_CALLED].bytes != NULL || record->value[RECORD_SESSION_ID].bytes != NULL ||
	    record->value[RECORD_CALL_ID].bytes != NULL) && record->value[RECORD_CAMPAIGN_ID].bytes != NULL &&
	    record->value[RECORD_CALL_STATUS].bytes != NULL && (!record->has_extra || is_text(extra_of(record)));
}

static void
check_mutation(const char *bytes, size_t length)
{
	enum outcome outcome = read_bytes(bytes, length);

	if (outcome != OUTCOME_OK) {
		assert_in_range(outcome, OUTCOME_BODY_EMPTY, OUTCOME_BODY_NOT_LIST);
		assert_int_equal(list.record_count + list.reject_count, 0);
		return;
	}
	if (u8_check((const uint8_t *)bytes, length) == NULL && memchr(bytes, '\0', length) == NULL &&
	    elements_by_json_c(bytes, length) != (int)(list.record_count + list.reject_count))
		fail_msg("%d elements by json-c, %zu records, %zu rejects: %.*s", elements_by_json_c(bytes, length),
		    list.record_count, list.reject_count, (int)length, bytes);
	for (size_t i = 0; i < list.record_count; i++)
		if (!keeps_the_rules(&list.records[i]))
			fail_msg("against the rules: %.*s", (int)length, bytes);
	for (size_t i = 0; i < list.reject_count; i++) {
		const struct reject *reject = &list.rejects[i];

		assert_true(reject->raw.bytes >= body && reject->raw.bytes + reject->raw.length <= body + length);
		assert_true(reject->raw.length > 0 && strlen(reject->reason) > 0);
	}
}

/* One change of the bytes: exchanged, put in, cut out, doubled. */
static size_t
mutate(char *bytes, size_t length)
{
	static const char *const tokens[] = {
		"\"", "\\", "{", "}", "[", "]", ",", ":", "\\u0000", "\\ud800", "null", "true", "-", ".", "e", "0",
		"1e999", "NaN", " ", "\n",
		"\xef\xbb\xbf", "\xc3", "\"callResultList\":", "\"called\":", "\"more\":{", "[[[[", "//", "'", "\x01",
	};
	const char *token = tokens[below(COUNT(tokens))];
	size_t at = below(length + 1), count = below(20);

	switch (below(5)) {
	case 0:
		if (at < length)
			bytes[at] = (char)below(below(8) == 0 ? 256 : 128);
		return length;
	case 1:
		memmove(bytes + at + strlen(token), bytes + at, length - at);
		memcpy(bytes + at, token, strlen(token));
		return length + strlen(token);
	case 2:
		if (count > length - at)
			count = length - at;
		memmove(bytes + at, bytes + at + count, length - at - count);
		return length - count;
	case 3:
		if (count > length - at)
			count = length - at;
		memmove(bytes + at + count, bytes + at, length - at);
		return length + count;
	default:
		if (at < length)
			bytes[at] = token[0];
		return length;
	}
}

static void
no_mutation_of_a_body_breaks_anything(void **state)
{
	static const char *const seeds[] = {
		example,
		"{\"total\":1,\"callResultList\":[" GOOD ",{\"campaignId\":\"3\",\"called\":8613800138000,"
		"\"callStatus\":\"6\",\"more\":"
		"{\"a\":[1.50,-0,12345678901234567890123,\"\\u00e9\\ud83d\\ude00\"],\"b\":null}}]}",
	};
	enum { MUTATIONS = 20000, CHANGES = 4, ROOM = 1024 };

	for (int i = 0; i < MUTATIONS; i++) {
		const char *seed = seeds[i % 2];
		size_t length = strlen(seed), changes = 1 + below(CHANGES);
		char bytes[ROOM];

		memcpy(bytes, seed, length);
		while (changes-- > 0)
			length = mutate(bytes, length);
		check_mutation(bytes, length);
	}
}

static void
an_answer_of_the_query_interface_has_data(void **state)
{
	static const char one[] = "{\"campaignId\":\"3\",\"called\":\"60584\",\"callStatus\":\"6\"}";
	static const struct {
		const char  *before, *after;
		enum outcome outcome;
		size_t       records;
	} cases[] = {
		{ "{\"resultCode\":\"0\",\"data\":[", "],\"total\":1}", OUTCOME_OK, 1 }, { "[", "]", OUTCOME_OK, 1 },
		{ "{\"callResultList\":[", "]}", OUTCOME_OK, 1 }, { "{\"d\\u0061ta\":[", "]}", OUTCOME_OK, 1 },
		{ "{\"data\":[],\"a\":", "}", OUTCOME_OK, 0 }, { "{\"data\":", "}", OUTCOME_BODY_NOT_LIST, 0 },
		{ "{\"data \":[", "]}", OUTCOME_BODY_NOT_LIST, 0 },
		{ "{\"a\":{\"data\":[", "]}}", OUTCOME_BODY_NOT_LIST, 0 },
		{ "{\"data\":[", "]", OUTCOME_BODY_NOT_JSON, 0 }, { "{\"data\":[", "]}]", OUTCOME_BODY_TRAILING, 0 },
	};
	char wrapped[256];

	for (size_t i = 0; i < COUNT(cases); i++) {
		snprintf(wrapped, sizeof wrapped, "%s%s%s", cases[i].before, one, cases[i].after);
		assert_int_equal(read_answer(wrapped), cases[i].outcome);
		assert_int_equal(list.record_count, cases[i].records);
	}
	/* a push is no answer */
	snprintf(wrapped, sizeof wrapped, "{\"data\":[%s]}", one);
	assert_int_equal(read_text(wrapped), OUTCOME_BODY_NOT_LIST);
}

#define TEST(name) cmocka_unit_test_teardown(name, forget)

static void
a_body_with_very_many_bad_elements_is_one_reject(void **state)
{
	static const char good[] = "{\"campaignId\":\"1\",\"callId\":\"2\",\"callStatus\":5}";

	for (size_t bad = REJECTS_MAX; bad <= REJECTS_MAX + 1; bad++) {
		char *at = text;

		at += sprintf(at, "[%s", good);
		for (size_t i = 0; i < bad; i++)
			at += sprintf(at, i % 2 == 0 ? ",{}" : ",1");
		at += sprintf(at, ",%s]", good);
		assert_int_equal(read_bytes(text, (size_t)(at - text)), OUTCOME_OK);
		assert_int_equal(list.record_count, 2);
		assert_int_equal(list.bad_count, bad);
		assert_int_equal(list.reject_count, bad > REJECTS_MAX ? 1 : bad);
		assert_int_equal(list.rejects[0].raw.length, bad > REJECTS_MAX ? (size_t)(at - text) : 2);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(the_documented_example_is_one_record),
		TEST(texts_are_kept_as_they_were_written),
		TEST(null_absent_and_empty_are_the_same),
		TEST(anything_of_the_wrong_type_is_bad),
		TEST(a_nul_in_any_value_is_bad),
		TEST(a_nul_in_a_name_or_an_unlisted_value_is_bad),
		TEST(a_text_has_at_most_the_bytes_of_its_limit),
		TEST(a_number_of_257_digits_is_too_long_as_well),
		TEST(other_texts_are_as_long_as_the_body_allows),
		TEST(integers_come_as_numbers_or_as_digits),
		TEST(what_is_no_integer_is_bad),
		TEST(integers_end_at_the_edges_of_their_columns),
		TEST(a_call_time_is_a_real_date_and_time),
		TEST(one_of_three_names_of_a_call_is_enough),
		TEST(cause_codes_are_padded_to_five_digits),
		TEST(of_one_name_the_last_stands),
		TEST(unlisted_fields_are_kept_under_their_names),
		TEST(a_record_without_unlisted_fields_has_no_extra),
		TEST(numbers_in_extra_keep_all_their_digits),
		TEST(numbers_beyond_jsonb_are_kept_as_strings),
		TEST(lone_surrogates_never_reach_the_database),
		TEST(a_record_is_nested_32_deep_at_most),
		TEST(a_body_is_a_list_or_has_one),
		TEST(the_list_s_name_may_be_written_with_escapes),
		TEST(an_answer_of_the_query_interface_has_data),
		TEST(damage_inside_a_string_costs_its_element),
		TEST(damage_around_the_list_is_passed_over),
		TEST(other_bytes_that_are_not_utf_8_are_the_body_s_fault),
		TEST(every_character_is_kept_raw_and_escaped),
		TEST(half_a_pair_is_a_replacement_character),
		TEST(a_nul_byte_is_no_json),
		TEST(what_is_not_json_is_refused_wherever_it_stands),
		TEST(every_form_of_json_is_taken),
		TEST(a_body_cut_short_at_any_byte_is_bad),
		TEST(bad_records_among_good_ones_are_kept_with_their_raw_text),
		TEST(many_records_of_either_kind_stay_in_their_order),
		TEST(a_hundred_thousand_brackets_harm_nothing),
		TEST(a_good_record_stands_beside_one_too_deep),
		TEST(what_is_too_deep_has_to_be_json_all_the_same),
		TEST(a_freed_list_is_empty_and_can_be_used_again),
		TEST(rejects_can_be_added_by_hand),
		TEST(no_mutation_of_a_body_breaks_anything),
		TEST(a_body_with_very_many_bad_elements_is_one_reject),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
