/* Who may push: the file of tokens, the places in a URL where one stands, and the exchange of the set in force. */
#include "unit.h"

#include "front/admission.h"
#include "front/token.h"

static char path[TEMPORARY_NAME_SIZE];
static char source[PUSH_SOURCE_SIZE];

static int
make_file(void **state)
{
	temporary_make(path, "old:OLD-secret_1.~\n");
	return 0;
}

static int
remove_file(void **state)
{
	unlink(path);
	return 0;
}

static bool
set_has(const char *content, const char *token)
{
	struct token_set *set;
	bool found;

	temporary_write(path, content);
	set = token_set_read(path);
	assert_non_null(set);
	found = token_set_find(set, slice_of(token), source);
	token_set_free(set);
	return found;
}

static void
a_line_is_name_and_token(void **state)
{
	static const char content[] = "# who pushes\n\nhome:abc\r\nsite two:A-b.c_d~9\nlast:xyz";

	assert_true(set_has(content, "abc"));
	assert_true(set_has(content, "A-b.c_d~9"));
	assert_true(set_has(content, "xyz"));
	assert_false(set_has(content, "home"));
	assert_false(set_has(content, "home:abc"));
	assert_false(set_has(content, "ABC"));
	assert_false(set_has(content, "ab"));
	assert_false(set_has(content, "abcd"));
	assert_false(set_has(content, "abc\r"));
	assert_false(set_has(content, ""));
}

static void
a_byte_order_mark_is_no_part_of_a_line(void **state)
{
	assert_true(set_has("\xef\xbb\xbf" "home:abc\n", "abc"));
	assert_string_equal(source, "home");
	assert_true(set_has("\xef\xbb\xbf# who pushes\nhome:abc\n", "abc"));
	assert_true(set_has("\xef\xbb\xbf\nhome:abc\n", "abc"));
}

static void
tokens_are_counted(void **state)
{
	static const struct {
		const char *content;
		size_t      count;
	} cases[] = {
		{ "", 0 }, { "\n# none\n", 0 }, { "a:1\n", 1 }, { "a:1\nb:2\n#c:3\nd:4", 3 }, { "a:1\na:2\n", 2 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct token_set *set;

		temporary_write(path, cases[i].content);
		set = token_set_read(path);
		assert_non_null(set);
		assert_int_equal(token_set_count(set), cases[i].count);
		token_set_free(set);
	}
}

static void
a_bad_line_is_named_and_never_shown(void **state)
{
	static const char *const lines[] = {
		"SECRET", ":SECRET", "name:", "name", "name:SECRET/1", "name:SECRET 1", "name: SECRET",
		"name:SECRET ", "name:SECRET?",
		"name:SECRET&", "name:SECRET%20", "name:SECRET:1", "name:SECRET+", "name:SECRET\t",
		"name:\xc3\xbcSECRET", " ", ":", "name:-", "name:.", "name:..",
		"name:SECRET\rnext:SECRET", "name:SECRET\r\r",
	};

	for (size_t i = 0; i < COUNT(lines); i++) {
		struct capture capture;
		struct token_set *set;
		char content[64], *said;

		snprintf(content, sizeof content, "good:abc\n\n%s\nmore:def\n", lines[i]);
		temporary_write(path, content);
		capture = capture_start();
		set = token_set_read(path);
		said = capture_end(capture);
		if (set != NULL)
			fail_msg("taken: \"%s\"", lines[i]);
		if (strstr(said, path) == NULL || strstr(said, "line 3") == NULL || strstr(said, "SECRET") != NULL)
			fail_msg("\"%s\": %s", lines[i], said);
		free(said);
	}
}

/* One that is not there, and one that opens all the same. */
static void
a_file_that_cannot_be_read_is_named(void **state)
{
	static const char *const files[][2] = {
		{ "no-such-directory/tokens", "no-such-directory/tokens: No such file" }, { ".", ".: Is a directory" },
	};

	for (size_t i = 0; i < COUNT(files); i++) {
		struct capture capture = capture_start();
		struct token_set *set = token_set_read(files[i][0]);
		char *said = capture_end(capture);

		assert_null(set);
		assert_non_null(strstr(said, files[i][1]));
		assert_int_equal(lines_in(said), 1);
		free(said);
	}
	token_set_free(NULL);
}

static void
a_token_stands_in_the_path_or_in_the_query(void **state)
{
	static const struct {
		const char *path, *query;
		bool        admitted;
	} cases[] = {
		{ "/OLD-secret_1.~", NULL, true }, { "/OLD-secret_1.~", "", true }, { "/OLD-secret_1.~/", NULL, true },
		{ "/OLD-secret_1.~", "a=b", true }, { "", "token=OLD-secret_1.~", true },
		{ NULL, "token=OLD-secret_1.~", true },
		{ "/", "token=OLD-secret_1.~", true }, { "", "a=b&token=OLD-secret_1.~", true },
		{ "", "token=OLD-secret_1.~&a=b", true }, { "", "a&&token=OLD-secret_1.~&", true },
		{ NULL, NULL, false }, { "", NULL, false }, { "", "", false }, { "/", NULL, false },
		{ "//", NULL, false },
		{ "OLD-secret_1.~", NULL, false }, { "/old-secret_1.~", NULL, false },
		{ "/OLD-secret_1.", NULL, false },
		{ "/OLD-secret_1.~x", NULL, false }, { "/x", NULL, false }, { "/old", NULL, false },
		{ "/old:OLD-secret_1.~", NULL, false },
		{ "//OLD-secret_1.~", NULL, true }, { "///OLD-secret_1.~//", NULL, true },
		{ "", "token=OLD-secret_1.~?sign=1", true }, { "", "sign=1?token=OLD-secret_1.~", true },
		{ "", "token=&token=OLD-secret_1.~", true }, { "", "token=x?token=OLD-secret_1.~&token=y", true },
		{ "", "?token=OLD-secret_1.~", true }, { "", "token=OLD-secret_1.~%3F", false },
		{ "", "OLD-secret_1.~", false }, { "", "token", false },
		{ "", "token=", false },
		{ "", "token=x", false }, { "", "xtoken=OLD-secret_1.~", false }, { "", "Token=OLD-secret_1.~", false },
		{ "", "token=OLD-secret_1.~x", false }, { "", "a=token=OLD-secret_1.~", false },
		{ "", "token=&a=OLD-secret_1.~", false },
		{ "", "tokens=OLD-secret_1.~", false },
	};
	struct admission *admission = admission_new(path, false);

	assert_non_null(admission);
	for (size_t i = 0; i < COUNT(cases); i++)
		if (admission_check(admission, cases[i].path, cases[i].query, source) != cases[i].admitted)
			fail_msg("path %s, query %s", cases[i].path != NULL ? cases[i].path : "(none)",
			    cases[i].query != NULL ? cases[i].query : "(none)");
	admission_free(admission);
}

static void
pushes_go_to_the_mount_or_one_segment_below(void **state)
{
	static const char *const push_paths[] = { "", "/", "//", "/x", "//x", "/x/", "///x//", "/-" };
	static const char *const others[] = { "x", "/x/y", "//x//y", "/-/live", "//-/live", "/x/-" };

	for (size_t i = 0; i < COUNT(push_paths); i++)
		if (!admission_is_push_path(push_paths[i]))
			fail_msg("%s", push_paths[i]);
	for (size_t i = 0; i < COUNT(others); i++)
		if (admission_is_push_path(others[i]))
			fail_msg("%s", others[i]);
}

static void
the_name_of_the_token_is_the_source(void **state)
{
	static const struct {
		const char *name, *source;
	} cases[] = {
		{ "home", "home" }, { "site two", "site two" },
		{ "\xe4\xb8\x8a\xe6\xb5\xb7", "\xe4\xb8\x8a\xe6\xb5\xb7" },
		{ "caf\xe9", "caf?" }, { "a\tb\x7f", "a?b?" },
		{ "0123456789012345678901234567890123456789012345678901234567890123456789",
		    "0123456789012345678901234567890123456789012345678901234567890123" },
		{ "012345678901234567890123456789012345678901234567890123456789012\xc3\xbc",
		    "012345678901234567890123456789012345678901234567890123456789012" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct admission *admission;
		char content[256];

		snprintf(content, sizeof content, "other:x\n%s:TOKEN\nlast:y\n", cases[i].name);
		temporary_write(path, content);
		admission = admission_new(path, false);
		assert_non_null(admission);
		assert_true(admission_check(admission, "/TOKEN", NULL, source));
		assert_string_equal(source, cases[i].source);
		assert_true(admission_check(admission, "/wrong", "token=TOKEN", source));
		assert_string_equal(source, cases[i].source);
		assert_false(admission_check(admission, "/wrong", NULL, source));
		admission_free(admission);
	}
}

static void
a_reload_exchanges_the_set(void **state)
{
	struct admission *admission = admission_new(path, false);

	assert_non_null(admission);
	temporary_write(path, "new:NEW\n");
	assert_true(admission_check(admission, "/OLD-secret_1.~", NULL, source));
	assert_false(admission_check(admission, "/NEW", NULL, source));
	assert_true(admission_reload(admission));
	assert_false(admission_check(admission, "/OLD-secret_1.~", NULL, source));
	assert_true(admission_check(admission, "/NEW", NULL, source));
	admission_free(admission);
}

static void
a_bad_file_leaves_the_old_set_in_force(void **state)
{
	static const char *const contents[] = { "new:NEW\nbad line\n", "", "# nobody\n", "new:N W\n", NULL };
	struct admission *admission = admission_new(path, false);

	assert_non_null(admission);
	for (size_t i = 0; i < COUNT(contents); i++) {
		struct capture capture;
		bool reloaded;
		char *said;

		if (contents[i] != NULL)
			temporary_write(path, contents[i]);
		else
			unlink(path);
		capture = capture_start();
		reloaded = admission_reload(admission);
		said = capture_end(capture);
		assert_false(reloaded);
		assert_non_null(strstr(said, path));
		free(said);
		assert_true(admission_check(admission, "/OLD-secret_1.~", NULL, source));
		assert_false(admission_check(admission, "/NEW", NULL, source));
	}
	admission_free(admission);
}

static void
a_set_up_that_admits_nobody_is_refused(void **state)
{
	static const char *const contents[] = { "", "\n", "# nobody\n", "bad line\n", NULL };

	for (size_t i = 0; i < COUNT(contents); i++) {
		struct capture capture;
		struct admission *admission;
		char *said;

		if (contents[i] != NULL)
			temporary_write(path, contents[i]);
		else
			unlink(path);
		capture = capture_start();
		admission = admission_new(path, false);
		said = capture_end(capture);
		assert_null(admission);
		assert_non_null(strstr(said, path));
		free(said);
	}
}

static void
anonymous_means_everybody(void **state)
{
	struct admission *admission;

	unlink(path);
	admission = admission_new(path, true);
	assert_non_null(admission);
	assert_true(admission_check(admission, NULL, NULL, source));
	assert_string_equal(source, "");
	assert_true(admission_check(admission, "/anything", "token=any", source));
	assert_true(admission_reload(admission));
	admission_free(admission);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_file, remove_file)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_line_is_name_and_token),
		TEST(a_byte_order_mark_is_no_part_of_a_line),
		TEST(tokens_are_counted),
		TEST(a_bad_line_is_named_and_never_shown),
		TEST(a_file_that_cannot_be_read_is_named),
		TEST(a_token_stands_in_the_path_or_in_the_query),
		TEST(pushes_go_to_the_mount_or_one_segment_below),
		TEST(the_name_of_the_token_is_the_source),
		TEST(a_reload_exchanges_the_set),
		TEST(a_bad_file_leaves_the_old_set_in_force),
		TEST(a_set_up_that_admits_nobody_is_refused),
		TEST(anonymous_means_everybody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
