/* Tables: whatever stands in the cells, JSON is valid and plain text drives no terminal. */
#include "unit.h"

#include <json-c/json.h>
#include <time.h>

#include "ctl/table.h"

static const struct column columns[] = {
	{ "the_text", COLUMN_TEXT }, { "count", COLUMN_NUMBER }, { "is_so", COLUMN_FLAG },
};

static struct table *tables[2];
static char *output;

static int
forget(void **state)
{
	for (size_t i = 0; i < COUNT(tables); i++)
		if (tables[i] != NULL)
			table_free(tables[i]);
	memset(tables, 0, sizeof tables);
	free(output);
	output = NULL;
	return 0;
}

static struct table *
make(enum table_form form)
{
	return tables[0] = table_new("first", form, columns, COUNT(columns));
}

static void
add(struct table *table, const char *text, int64_t number, bool flag)
{
	table_add(table, text);
	table_add_number(table, number);
	table_add_flag(table, flag);
}

static const char *
printed(bool json)
{
	size_t length;
	FILE *file = open_memstream(&output, &length);

	assert_non_null(file);
	table_print(file, json, tables, tables[1] != NULL ? 2 : 1);
	fclose(file);
	return output;
}

static struct json_object *
parsed(void)
{
	enum json_tokener_error error;
	struct json_object *tree = json_tokener_parse_verbose(printed(true), &error);

	assert_int_equal(error, json_tokener_success);
	return tree;
}

static void
people_read_units_and_local_time_and_programs_exact_values(void **state)
{
	static const struct column exact[] = { { "size", COLUMN_BYTES }, { "age_seconds", COLUMN_SECONDS },
	    { "seen_at", COLUMN_TIME } };
	static const int64_t values[][2] = { { 812, 12 }, { 1536, 61 }, { 10737418240, 7320 }, { 0, 90061 } };
	struct table *table = tables[0] = table_new("exact", TABLE_ROWS, exact, COUNT(exact));

	setenv("TZ", "Asia/Shanghai", 1);
	tzset();
	for (size_t i = 0; i < COUNT(values); i++) {
		table_add_number(table, values[i][0]);
		table_add_number(table, values[i][1]);
		table_add_time(table, 1600000000000000);
	}
	assert_string_equal(printed(false),
	    "   size        age  seen at\n"
	    "  812 B       12 s  2020-09-13 20:26:40\n"
	    "1.5 KiB  1 min 1 s  2020-09-13 20:26:40\n"
	    " 10 GiB  2 h 2 min  2020-09-13 20:26:40\n"
	    "    0 B    1 d 1 h  2020-09-13 20:26:40\n");
	free(output);
	assert_non_null(strstr(printed(true),
	    "{\"size\": 10737418240, \"age_seconds\": 7320, \"seen_at\": \"2020-09-13T12:26:40Z\"}"));
}

static void
rows_are_lines_below_their_headings(void **state)
{
	struct table *table = make(TABLE_ROWS);

	add(table, "a", 7, true);
	add(table, "longer than it", 123456, false);
	add(table, NULL, -1, true);
	assert_string_equal(printed(false),
	    "the text         count  is so\n"
	    "a                    7  yes\n"
	    "longer than it  123456  no\n"
	    "-                   -1  yes\n");
}

static void
a_record_is_a_line_a_column(void **state)
{
	add(make(TABLE_RECORD), "a", 7, true);
	assert_string_equal(printed(false), "the text  a\ncount     7\nis so     yes\n");
	free(output);
	assert_string_equal(printed(true), "{\"the_text\": \"a\", \"count\": 7, \"is_so\": true}\n");
}

static void
blocks_leave_out_what_is_not_there(void **state)
{
	struct table *table = make(TABLE_BLOCKS);

	add(table, "a", 7, true);
	table_add(table, "bb");
	table_add(table, NULL);
	table_add(table, NULL);
	assert_string_equal(printed(false), "a         7\n          is so: yes\nbb        -\n");
}

static void
no_rows_are_an_empty_list(void **state)
{
	make(TABLE_ROWS);
	assert_string_equal(printed(true), "[]\n");
	free(output);
	assert_string_equal(printed(false), "the text  count  is so\n");
}

static void
several_tables_stand_under_their_names(void **state)
{
	struct json_object *tree, *first, *second, *cell;

	add(make(TABLE_ROWS), "a", 7, true);
	tables[1] = table_new("second_one", TABLE_RECORD, columns, COUNT(columns));
	add(tables[1], NULL, 8, false);
	tree = parsed();
	assert_true(json_object_object_get_ex(tree, "first", &first));
	assert_int_equal(json_object_array_length(first), 1);
	assert_true(json_object_object_get_ex(tree, "second_one", &second));
	assert_true(json_object_object_get_ex(second, "the_text", &cell));
	assert_null(cell);
	json_object_put(tree);
	free(output);
	assert_non_null(strstr(printed(false), "first\nthe text"));
	assert_non_null(strstr(output, "\n\nsecond one\nthe text  -\n"));
}

static void
no_byte_makes_json_invalid(void **state)
{
	struct json_object *tree, *cell;
	char text[8];

	for (int byte = 1; byte < 256; byte++) {
		for (int with = 0; with < 3; with++) {
			static const char *const before[] = { "", "a", "\xc3" }, *const after[] = { "", "b", "" };

			snprintf(text, sizeof text, "%s%c%s", before[with], byte, after[with]);
			add(make(TABLE_RECORD), text, 1, true);
			tree = parsed();
			assert_true(json_object_object_get_ex(tree, "the_text", &cell));
			if (byte < 128 && with < 2)
				assert_string_equal(json_object_get_string(cell), text);
			json_object_put(tree);
			for (const char *p = output; *p != '\n'; p++)
				assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
			forget(NULL);
		}
	}
}

static void
no_byte_drives_a_terminal(void **state)
{
	char text[4];

	for (int byte = 1; byte < 256; byte++) {
		snprintf(text, sizeof text, "a%cb", byte);
		add(make(TABLE_RECORD), text, 1, true);
		printed(false);
		assert_int_equal(lines_in(output), 3);
		for (const char *p = output; *p != '\0'; p++)
			assert_true(*p == '\n' || (*p >= 0x20 && *p < 0x7f));
		forget(NULL);
	}
	add(make(TABLE_RECORD), "\xc2\x9b" "2J\xe2\x80\xae", 1, true);
	assert_non_null(strstr(printed(false), "the text  \\xc2\\x9b2J\\xe2\\x80\\xae\n"));
}

static void
raw_text_keeps_its_lines_and_nothing_worse(void **state)
{
	static const char text[] = "a\n\tb\r\n\x1b[2J\0\xff\xe4\xbd\xa0";
	size_t length;
	FILE *file = open_memstream(&output, &length);

	assert_non_null(file);
	table_print_raw(file, text, sizeof text - 1);
	fclose(file);
	assert_string_equal(output, "a\n\tb\r\n\\x1b[2J\\x00\\xff\xe4\xbd\xa0");
}

static void
columns_are_as_wide_as_they_look(void **state)
{
	struct table *table = make(TABLE_ROWS);

	add(table, "\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0", 7, true);
	add(table, "abcdefghij", 7, true);
	assert_string_equal(printed(false),
	    "the text    count  is so\n"
	    "\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0      7  yes\n"
	    "abcdefghij      7  yes\n");
}

static void
times_are_utc_to_the_second(void **state)
{
	static const struct column times[] = { { "first", COLUMN_TIME }, { "second", COLUMN_TIME },
	    { "none", COLUMN_TIME } };
	struct table *table = tables[0] = table_new("times", TABLE_RECORD, times, COUNT(times));

	table_add_time(table, 1);
	table_add_time(table, INT64_C(1598788800999999));
	table_add_time(table, 0);
	assert_string_equal(printed(true),
	    "{\"first\": \"1970-01-01T00:00:00Z\", \"second\": \"2020-08-30T12:00:00Z\", \"none\": null}\n");
}

#define TEST(name) cmocka_unit_test_teardown(name, forget)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(people_read_units_and_local_time_and_programs_exact_values),
		TEST(rows_are_lines_below_their_headings),
		TEST(a_record_is_a_line_a_column),
		TEST(blocks_leave_out_what_is_not_there),
		TEST(no_rows_are_an_empty_list),
		TEST(several_tables_stand_under_their_names),
		TEST(no_byte_makes_json_invalid),
		TEST(no_byte_drives_a_terminal),
		TEST(raw_text_keeps_its_lines_and_nothing_worse),
		TEST(columns_are_as_wide_as_they_look),
		TEST(times_are_utc_to_the_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
