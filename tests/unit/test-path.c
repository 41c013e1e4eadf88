/* Unit test of base/path: the folder of a path, its lock, and the files beside it. */
#include "unit.h"

#include <errno.h>

#include "base/path.h"

static void
the_folder_is_what_stands_before_the_last_slash(void **state)
{
	static const struct { const char *path, *folder; } cases[] = {
		{ "/var/lib/spool.db", "/var/lib" },
		{ "/spool.db",         "/" },
		{ "spool.db",          "." },
		{ "a/b",               "a" },
		{ "a/",                "a" },
	};
	char folder[PATH_MAX], *large = calloc(1, PATH_MAX + 10);

	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(path_folder(folder, cases[i].path));
		assert_string_equal(folder, cases[i].folder);
	}
	memset(large, 'x', PATH_MAX);
	strcpy(large + PATH_MAX, "/y");
	assert_false(path_folder(folder, large));
	free(large);
}

static void
a_lock_keeps_others_out(void **state)
{
	char folder[] = "/tmp/test-path.XXXXXX", path[64];
	int held, again;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/file", folder);
	held = path_lock_folder(path, 0);
	assert_true(held >= 0);
	again = path_lock_folder(path, 1);
	assert_int_equal(again, -1);
	assert_int_equal(errno, EWOULDBLOCK);
	close(held);
	again = path_lock_folder(path, 0);
	assert_true(again >= 0);
	close(again);
	rmdir(folder);
	assert_int_equal(path_lock_folder(path, 0), -1);
	assert_int_equal(errno, ENOENT);
}

/* A spool may have any name. */
static void
files_beside_are_those_of_the_path_as_it_is(void **state)
{
	static const char *const names[] = { "plain", "[a]", "a{b,c}", "back\\slash", "st*r", "~" };
	char folder[] = "/tmp/test-path.XXXXXX", path[64], file[80];
	glob_t found;

	assert_non_null(mkdtemp(folder));
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		assert_false(path_find_beside(path, "{.x-,.y-}*[0-9]", &found));
		snprintf(file, sizeof file, "%s.y-7", path);
		fclose(fopen(file, "w"));
		assert_true(path_find_beside(path, "{.x-,.y-}*[0-9]", &found));
		assert_int_equal(found.gl_pathc, 1);
		assert_string_equal(found.gl_pathv[0], file);
		globfree(&found);
		unlink(file);
	}
	rmdir(folder);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_folder_is_what_stands_before_the_last_slash),
		cmocka_unit_test(a_lock_keeps_others_out),
		cmocka_unit_test(files_beside_are_those_of_the_path_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
