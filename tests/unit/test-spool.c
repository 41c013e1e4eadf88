/* The spool: what is put there comes back as it was, oldest first, once, also to another process and after a restart. */
#include "unit.h"

#include <glob.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "push/push.h"
#include "spool/spool.h"
#include "spool/spool_file.h"

enum { ROOM = 64, NO_LIMIT = 1 << 30 };

static const int64_t max_size = INT64_C(1) << 30;

static char folder[] = "spool-test.XXXXXX";
static char path[64];

static const char damaged[] = "this is no database, and long enough to be looked at as one, which it is not by far";

static void
remove_files(void)
{
	static const char *const endings[] = { "", "-wal", "-shm" };
	char name[80];

	for (size_t i = 0; i < COUNT(endings); i++) {
		snprintf(name, sizeof name, "%s%s", path, endings[i]);
		unlink(name);
	}
}

static int
in_a_folder_of_its_own(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "spool-test.XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof path, "%s/spool.db", folder);
	return 0;
}

static int
gone_again(void **state)
{
	(void)state;
	remove_files();
	return rmdir(folder);
}

static struct push *
push_of(const char *body)
{
	struct push *push = push_new("192.0.2.7");

	push->body = (struct slice){ strdup(body), strlen(body) };
	push->bytes = push->body.length;
	memset(push->sha256, 7, sizeof push->sha256);
	return push;
}

static void
put(struct spool *spool, struct push *push)
{
	assert_true(spool_put(spool, &push, 1));
	push_unref(push);
}

/* The body of the oldest push; it is taken out. */
static void
assert_oldest(struct spool *spool, const char *body)
{
	struct push *push;

	assert_int_equal(spool_oldest(spool, &push, 1, NO_LIMIT), 1);
	assert_true(slice_is(push->body, body));
	assert_true(spool_remove(spool, &push, 1));
	push_unref(push);
}

static void
a_push_comes_back_as_it_was(void **state)
{
	struct spool *spool = spool_open(path, max_size);
	struct push *push = push_of("[1]\xff, not even UTF-8"), *back;

	(void)state;
	assert_non_null(spool);
	assert_true(spool_put(spool, &push, 1));
	assert_int_equal(spool_oldest(spool, &back, 1, NO_LIMIT), 1);
	assert_memory_equal(back->id.bytes, push->id.bytes, PUSH_ID_SIZE);
	assert_memory_equal(back->sha256, push->sha256, sizeof push->sha256);
	assert_true(back->received_at == push->received_at);
	assert_string_equal(back->remote_addr, "192.0.2.7");
	assert_int_equal(back->bytes, push->bytes);
	assert_int_equal(back->body.length, push->body.length);
	assert_memory_equal(back->body.bytes, push->body.bytes, push->body.length);
	assert_true(back->spooled);
	assert_null(back->fault);
	push_unref(back);
	push_unref(push);
	spool_close(spool);
}

static void
a_bad_body_keeps_its_fault(void **state)
{
	struct spool *spool = spool_open(path, max_size);
	struct push *push = push_of(""), *back;

	(void)state;
	push_refuse(push, "The body is empty.");
	assert_true(spool_put(spool, &push, 1));
	push_unref(push);
	assert_int_equal(spool_oldest(spool, &back, 1, NO_LIMIT), 1);
	assert_string_equal(back->fault, "The body is empty.");
	assert_int_equal(back->list.reject_count, 1);
	assert_int_equal(back->list.rejects[0].raw.length, 0);
	push_unref(back);
	spool_close(spool);
}

static void
a_body_that_was_not_kept_stays_away(void **state)
{
	struct spool *spool = spool_open(path, max_size);
	struct push *push = push_new(NULL), *back;

	(void)state;
	push->bytes = 99;
	push_refuse(push, "too large");
	assert_true(spool_put(spool, &push, 1));
	push_unref(push);
	assert_int_equal(spool_oldest(spool, &back, 1, NO_LIMIT), 1);
	assert_null(back->body.bytes);
	assert_int_equal(back->bytes, 99);
	assert_int_equal(back->list.reject_count, 0);
	push_unref(back);
	spool_close(spool);
}

static void
the_oldest_come_first_also_after_a_restart(void **state)
{
	struct spool *spool = spool_open(path, max_size);

	(void)state;
	put(spool, push_of("a"));
	put(spool, push_of("b"));
	spool_close(spool);
	spool = spool_open(path, max_size);
	assert_int_equal(spool_depth(spool).pushes, 2);
	assert_int_equal(spool_depth(spool).bytes, 2);
	put(spool, push_of("c"));
	assert_oldest(spool, "a");
	assert_oldest(spool, "b");
	assert_oldest(spool, "c");
	assert_int_equal(spool_depth(spool).pushes, 0);
	assert_int_equal(spool_depth(spool).bytes, 0);
	spool_close(spool);
}

static void
a_read_is_bounded_in_pushes_and_bytes(void **state)
{
	struct spool *spool = spool_open(path, max_size);
	struct push *pushes[ROOM];
	int count;

	(void)state;
	for (int i = 0; i < 10; i++)
		put(spool, push_of("0123456789"));
	assert_int_equal(count = spool_oldest(spool, pushes, 3, NO_LIMIT), 3);
	while (count > 0)
		push_unref(pushes[--count]);
	assert_int_equal(count = spool_oldest(spool, pushes, ROOM, 25), 3);
	while (count > 0)
		push_unref(pushes[--count]);
	spool_close(spool);
}

static void
two_may_use_one_file(void **state)
{
	struct spool *one = spool_open(path, max_size), *other = spool_open(path, max_size);

	(void)state;
	put(one, push_of("one"));
	put(other, push_of("other"));
	assert_int_equal(spool_count(one).pushes, 2);
	assert_oldest(other, "one");
	assert_oldest(one, "other");
	assert_int_equal(spool_count(other).pushes, 0);
	spool_close(one);
	spool_close(other);
}

static void
what_is_taken_out_twice_is_gone_once(void **state)
{
	struct spool *spool = spool_open(path, max_size);
	struct push *push = push_of("x");

	(void)state;
	assert_true(spool_put(spool, &push, 1));
	assert_true(spool_remove(spool, &push, 1));
	assert_true(spool_remove(spool, &push, 1));
	assert_int_equal(spool_count(spool).pushes, 0);
	push_unref(push);
	spool_close(spool);
}

static void
past_its_limit_it_takes_none_of_the_pushes(void **state)
{
	struct spool *spool = spool_open(path, 1 << 20);
	char *large = calloc(1, 400001);
	struct push *pushes[4];
	int taken = 0;

	(void)state;
	memset(large, 'x', 400000);
	for (int i = 0; i < 4; i++)
		pushes[i] = push_of(large);
	assert_true(spool_is_well(spool));
	assert_false(spool_put(spool, pushes, 4));
	assert_false(spool_is_well(spool));
	assert_int_equal(spool_count(spool).pushes, 0);
	while (taken < 4 && spool_put(spool, &pushes[taken], 1))
		taken++;
	assert_in_range(taken, 1, 3);
	assert_true(spool_remove(spool, pushes, taken));
	assert_true(spool_put(spool, &pushes[3], 1));
	assert_true(spool_is_well(spool));
	for (int i = 0; i < 4; i++)
		push_unref(pushes[i]);
	free(large);
	spool_close(spool);
}

static void
what_cannot_be_opened_is_no_spool(void **state)
{
	(void)state;
	assert_null(spool_open("no-such-folder/spool.db", max_size));
}

/* The one file that was put aside. */
static void
remove_damaged(void)
{
	glob_t found;
	char pattern[80];

	snprintf(pattern, sizeof pattern, "%s.damaged-*", path);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, 1);
	unlink(found.gl_pathv[0]);
	globfree(&found);
}

static void
a_damaged_file_is_put_aside(void **state)
{
	struct spool *spool;

	(void)state;
	temporary_write(path, damaged);
	spool = spool_open(path, max_size);
	assert_non_null(spool);
	put(spool, push_of("taken"));
	assert_oldest(spool, "taken");
	spool_close(spool);
	remove_damaged();
}

/* The names that a damaged file is put aside under in the minute from then on. */
static void
with_names_aside(time_t from, int (*act)(const char *name))
{
	char name[80];

	for (time_t at = from; at < from + 60; at++) {
		snprintf(name, sizeof name, "%s.damaged-%lld", path, (long long)at);
		act(name);
	}
}

/* No file can be renamed to one. */
static int
make_folder(const char *name)
{
	return mkdir(name, 0700);
}

static void
a_damaged_file_that_cannot_be_put_aside_takes_nothing_until_it_can(void **state)
{
	struct spool *spool = spool_open(path, max_size);
	struct capture capture = capture_start();
	struct push *push = push_of("taken"), *none;
	time_t now = time(NULL);
	char *said;

	(void)state;
	remove_files();
	temporary_write(path, damaged);
	with_names_aside(now, make_folder);
	assert_false(spool_put(spool, &push, 1));
	assert_false(spool_put(spool, &push, 1));
	assert_int_equal(spool_oldest(spool, &none, 1, NO_LIMIT), -1);
	assert_false(spool_remove(spool, &push, 1));
	assert_false(spool_postpone(spool, push));
	said = capture_end(capture);
	assert_non_null(strstr(said, "cannot write to it: it is damaged, and cannot be put aside"));
	assert_null(strstr(said, "is put aside as"));
	free(said);
	with_names_aside(now, rmdir);
	assert_true(spool_put(spool, &push, 1));
	push_unref(push);
	assert_oldest(spool, "taken");
	spool_close(spool);
	remove_damaged();
}

/* Both have found it damaged before either puts it aside. */
static void
a_damaged_file_is_put_aside_by_one_of_two_alone(void **state)
{
	struct spool_file first = { 0 }, second = { 0 };
	struct spool *spool;

	(void)state;
	temporary_write(path, damaged);
	assert_false(spool_file_open_existing(&first, path, max_size));
	assert_false(spool_file_open_existing(&second, path, max_size));
	assert_true(spool_file_replace_damaged(&first));
	spool = spool_open(path, max_size);
	put(spool, push_of("taken"));
	assert_true(spool_file_replace_damaged(&second));
	assert_int_equal(second.depth.pushes, 1);
	assert_oldest(spool, "taken");
	spool_close(spool);
	spool_file_close(&first);
	spool_file_close(&second);
	remove_damaged();
}

/* Opens it once the gate, a pipe, has no writer any more.  The exit status is 0 when it gets a spool. */
static pid_t
open_in_another_process(const int gate[2])
{
	pid_t pid = fork();
	char nothing;

	if (pid == 0) {
		close(gate[1]);
		(void)!read(gate[0], &nothing, 1);
		_exit(spool_open(path, max_size) == NULL);
	}
	assert_true(pid > 0);
	return pid;
}

static void
processes_that_make_the_file_at_one_moment_all_have_it(void **state)
{
	enum { PROCESSES = 8, ROUNDS = 10 };
	pid_t pids[PROCESSES];
	int gate[2], status;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		assert_int_equal(pipe(gate), 0);
		for (int i = 0; i < PROCESSES; i++)
			pids[i] = open_in_another_process(gate);
		close(gate[0]);
		close(gate[1]);
		for (int i = 0; i < PROCESSES; i++) {
			assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
			assert_int_equal(status, 0);
		}
		remove_files();
	}
}

static void
an_administrator_sees_every_push_and_changes_none(void **state)
{
	static const char *const bodies[] = { "one", "two", "three" };
	struct spool *writing = spool_open(path, max_size), *spool;
	struct spool_summary summary;
	struct push *push;
	struct push_id last;
	int64_t place = 0, first_received = 0;
	bool failed = true;

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		push = push_of(bodies[i]);
		first_received = i == 0 ? push->received_at : first_received;
		last = push->id;
		put(writing, push);
	}
	spool = spool_open_existing(path, max_size);
	assert_non_null(spool);
	for (size_t i = 0; i < COUNT(bodies); i++) {
		push = spool_next(spool, &place, i != 1, &failed);
		assert_non_null(push);
		assert_true(slice_is(push->body, i != 1 ? bodies[i] : NULL));
		assert_int_equal(push->bytes, strlen(bodies[i]));
		push_unref(push);
	}
	assert_null(spool_next(spool, &place, true, &failed));
	assert_false(failed);
	push = spool_find(spool, &last, &failed);
	assert_non_null(push);
	assert_true(slice_is(push->body, "three"));
	push_unref(push);
	last.bytes[15] ^= 1;
	assert_null(spool_find(spool, &last, &failed));
	assert_false(failed);
	assert_true(spool_summarize(spool, &summary));
	assert_int_equal(summary.depth.pushes, 3);
	assert_int_equal(summary.depth.bytes, 11);
	assert_int_equal(summary.oldest, first_received);
	spool_close(spool);
	for (size_t i = 0; i < COUNT(bodies); i++)
		assert_oldest(writing, bodies[i]);
	assert_true(spool_summarize(writing, &summary));
	assert_int_equal(summary.depth.pushes + summary.oldest, 0);
	spool_close(writing);
}

static void
an_administrator_makes_no_spool_and_puts_none_aside(void **state)
{
	struct capture capture = capture_start();
	struct stat found;

	(void)state;
	assert_null(spool_open_existing(path, max_size));
	assert_int_equal(stat(path, &found), -1);
	temporary_write(path, damaged);
	assert_null(spool_open_existing(path, max_size));
	assert_int_equal(stat(path, &found), 0);
	assert_int_equal(found.st_size, sizeof damaged - 1);
	free(capture_end(capture));
}

static void
a_new_file_is_for_its_owner_alone(void **state)
{
	static const char *const endings[] = { "", "-wal", "-shm" };
	mode_t before = umask(0);
	struct spool *spool = spool_open(path, max_size);
	struct stat found;
	char name[80];

	(void)state;
	umask(before);
	assert_non_null(spool);
	for (size_t i = 0; i < COUNT(endings); i++) {
		snprintf(name, sizeof name, "%s%s", path, endings[i]);
		assert_int_equal(stat(name, &found), 0);
		assert_int_equal(found.st_mode & 0777, 0600);
	}
	spool_close(spool);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, in_a_folder_of_its_own, gone_again)
	const struct CMUnitTest tests[] = {
		TEST(a_push_comes_back_as_it_was),
		TEST(a_bad_body_keeps_its_fault),
		TEST(a_body_that_was_not_kept_stays_away),
		TEST(the_oldest_come_first_also_after_a_restart),
		TEST(a_read_is_bounded_in_pushes_and_bytes),
		TEST(two_may_use_one_file),
		TEST(what_is_taken_out_twice_is_gone_once),
		TEST(past_its_limit_it_takes_none_of_the_pushes),
		TEST(what_cannot_be_opened_is_no_spool),
		TEST(a_damaged_file_is_put_aside),
		TEST(a_damaged_file_that_cannot_be_put_aside_takes_nothing_until_it_can),
		TEST(a_damaged_file_is_put_aside_by_one_of_two_alone),
		TEST(processes_that_make_the_file_at_one_moment_all_have_it),
		TEST(an_administrator_sees_every_push_and_changes_none),
		TEST(an_administrator_makes_no_spool_and_puts_none_aside),
		TEST(a_new_file_is_for_its_owner_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
