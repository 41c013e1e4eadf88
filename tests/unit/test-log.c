/* The log: one event, one line, whatever is in it. */
#include "unit.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"

static int
level_info(void **state)
{
	log_open(LOG_LEVEL_INFO, false);
	return 0;
}

/* What one message looks like on stderr; to be freed. */
static char *
logged(const char *message)
{
	struct capture capture = capture_start();

	log_error("%s", message);
	return capture_end(capture);
}

static void
a_line_is_level_and_message(void **state)
{
	char *line = logged("the database is gone");

	assert_non_null(strstr(line, "error: the database is gone\n"));
	assert_int_equal(lines_in(line), 1);
	free(line);
}

static void
each_level_has_its_name_and_graver_ones_stay(void **state)
{
	static const struct {
		enum log_level level;
		const char    *seen, *unseen;
	} cases[] = {
		{ LOG_LEVEL_ERROR,   "error: e\n",   "warning: w\n" },
		{ LOG_LEVEL_WARNING, "warning: w\n", "info: i\n" },
		{ LOG_LEVEL_INFO,    "info: i\n",    "nothing" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct capture capture = capture_start();
		char *lines;

		log_set_level(cases[i].level);
		log_error("e");
		log_warning("w");
		log_info("i");
		lines = capture_end(capture);
		assert_int_equal(lines_in(lines), i + 1);
		assert_non_null(strstr(lines, "error: e\n"));
		assert_non_null(strstr(lines, cases[i].seen));
		assert_null(strstr(lines, cases[i].unseen));
		free(lines);
	}
}

static void
every_control_byte_is_escaped(void **state)
{
	char message[] = "a?b";

	for (int byte = 1; byte <= 0x7f; byte++) {
		char *line;

		if (byte >= 0x20 && byte < 0x7f)
			continue;
		message[1] = (char)byte;
		line = logged(message);
		assert_int_equal(lines_in(line), 1);
		line[strlen(line) - 1] = '\0';
		if (strchr(line, byte) != NULL)
			fail_msg("byte %02x is in the line", (unsigned int)byte);
		free(line);
	}
}

static void
a_forged_line_stays_inside_its_own(void **state)
{
	char *line = logged("x\r\ncallresultd: info: all is well\n\x1b[2J");

	assert_int_equal(lines_in(line), 1);
	assert_int_equal(line[strlen(line) - 1], '\n');
	assert_null(strchr(line, '\r'));
	assert_null(strchr(line, '\x1b'));
	free(line);
}

/* U+0080 to U+009F: a terminal takes U+009B for the start of an escape sequence, too. */
static void
control_characters_of_two_bytes_are_escaped(void **state)
{
	char *line = logged("a\xc2\x9b" "2Jb\xc2\x85" "c");

	assert_null(strstr(line, "\xc2\x9b"));
	assert_null(strstr(line, "\xc2\x85"));
	free(line);
}

static void
letters_of_any_language_stay_readable(void **state)
{
	char *line = logged("datenbank: \xc3\xbc" "berlastet, \xe8\xbf\x9e\xe6\x8e\xa5");

	assert_non_null(strstr(line, "\xc3\xbc" "berlastet, \xe8\xbf\x9e\xe6\x8e\xa5\n"));
	free(line);
}

static void
an_endless_message_is_still_one_line(void **state)
{
	static const char bytes[] = { 'a', '\n', '\x1b' };
	char message[10000];

	message[sizeof message - 1] = '\0';
	for (size_t i = 0; i < sizeof bytes; i++) {
		char *line;

		memset(message, bytes[i], sizeof message - 1);
		line = logged(message);
		assert_int_equal(lines_in(line), 1);
		assert_int_equal(line[strlen(line) - 1], '\n');
		free(line);
	}
}

static void
errno_is_kept(void **state)
{
	struct capture capture = capture_start();
	int kept;

	errno = ENOSPC;
	log_error("%s", "x");
	log_set_level(LOG_LEVEL_ERROR);
	log_info("not shown");
	log_set_level(LOG_LEVEL_INFO);
	kept = errno;
	free(capture_end(capture));
	assert_int_equal(kept, ENOSPC);
}

/* As systemd starts a service: it names the stream that it has given as stderr. */
static void
the_journal_is_told_the_priority(void **state)
{
	struct capture capture = capture_start();
	struct stat stream;
	char name[64], *lines;

	assert_int_equal(fstat(STDERR_FILENO, &stream), 0);
	snprintf(name, sizeof name, "%llu:%llu", (unsigned long long)stream.st_dev, (unsigned long long)stream.st_ino);
	setenv("JOURNAL_STREAM", name, 1);
	log_open(LOG_LEVEL_INFO, false);
	log_error("e");
	log_info("i");
	setenv("JOURNAL_STREAM", "1:1", 1);
	log_open(LOG_LEVEL_INFO, false);
	log_info("redirected");
	lines = capture_end(capture);
	unsetenv("JOURNAL_STREAM");
	assert_string_equal(lines, "<3>error: e\n<6>info: i\ncallresultd: info: redirected\n");
	free(lines);
}

static void
a_fatal_message_ends_the_process_with_1(void **state)
{
	struct capture capture = capture_start();
	char *line;
	int status;
	pid_t child = fork();

	if (child == 0) {
		log_set_level(LOG_LEVEL_ERROR);
		log_fatal("no %s", "memory");
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	line = capture_end(capture);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	assert_non_null(strstr(line, "error: no memory\n"));
	free(line);
}

static void
a_line_that_repeats_is_logged_once_in_its_period(void **state)
{
	enum { HOUR = 60 * 60 * 1000 };
	struct log_limit limit = { 0 };

	assert_true(log_limit_allows(&limit, HOUR));
	assert_false(log_limit_allows(&limit, HOUR));
	assert_true(limit.next > clock_ms() + HOUR / 2);
	limit.next = clock_ms();     /* the hour is over */
	assert_true(log_limit_allows(&limit, HOUR));
	assert_false(log_limit_allows(&limit, HOUR));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_line_is_level_and_message, level_info),
		cmocka_unit_test_setup(each_level_has_its_name_and_graver_ones_stay, level_info),
		cmocka_unit_test_setup(every_control_byte_is_escaped, level_info),
		cmocka_unit_test_setup(a_forged_line_stays_inside_its_own, level_info),
		cmocka_unit_test_setup(control_characters_of_two_bytes_are_escaped, level_info),
		cmocka_unit_test_setup(letters_of_any_language_stay_readable, level_info),
		cmocka_unit_test_setup(an_endless_message_is_still_one_line, level_info),
		cmocka_unit_test_setup(errno_is_kept, level_info),
		cmocka_unit_test_setup(the_journal_is_told_the_priority, level_info),
		cmocka_unit_test_setup(a_fatal_message_ends_the_process_with_1, level_info),
		cmocka_unit_test(a_line_that_repeats_is_logged_once_in_its_period),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
