/*
 * The spool: what is put there comes back as it was, oldest first, once, also to another process and after a restart.
 */
#include "unit.h"

#include <fcntl.h>
#include <glob.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "metrics/metrics.h"
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
	static const char *const endings[] = { "", "-wal", "-shm", ".lock", ".reserve" };
	char name[80];

	for (size_t i = 0; i < COUNT(endings); i++) {
		snprintf(name, sizeof name, "%s%s", path, endings[i]);
		unlink(name);
	}
}

static int
in_a_folder_of_its_own(void **state)
{
	snprintf(folder, sizeof folder, "spool-test.XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof path, "%s/spool.db", folder);
	return 0;
}

static int
gone_again(void **state)
{
	remove_files();
	umount2(folder, MNT_DETACH);     /* of the tests that have a disk of their own */
	return rmdir(folder);
}

static struct push *
push_of(const char *body)
{
	struct push *push = push_new("192.0.2.7");

	push->body = (struct slice){ strdup(body), strlen(body) };
	push->bytes = push->body.length;
	SHA256((const unsigned char *)body, strlen(body), push->sha256);
	return push;
}

/* A deadline for what is to be put at once. */
static int64_t
soon(void)
{
	return clock_ms() + 20 * 1000;
}

static void
put(struct spool *spool, struct push *push)
{
	assert_int_equal(spool_put(spool, &push, 1, soon()), 1);
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

	snprintf(push->source, sizeof push->source, "\xe5\xb9\xb3\xe5\x8f\xb0");
	push->clock_ahead = -5000000;
	assert_int_equal(spool_put(spool, &push, 1, soon()), 1);
	assert_int_equal(spool_oldest(spool, &back, 1, NO_LIMIT), 1);
	assert_memory_equal(back->id.bytes, push->id.bytes, PUSH_ID_SIZE);
	assert_memory_equal(back->sha256, push->sha256, sizeof push->sha256);
	assert_true(back->received_at == push->received_at);
	assert_string_equal(back->remote_addr, "192.0.2.7");
	assert_string_equal(back->source, "\xe5\xb9\xb3\xe5\x8f\xb0");
	assert_true(back->clock_ahead == -5000000);
	assert_int_equal(back->bytes, push->bytes);
	assert_int_equal(back->body.length, push->body.length);
	assert_memory_equal(back->body.bytes, push->body.bytes, push->body.length);
	assert_true(back->spooled);
	assert_null(back->fault);
	push_unref(back);
	push_unref(push);
	spool_close(spool);
}

/* How many transactions the log beside the file has committed. */
static int
commits(void)
{
	enum { HEADER = 32, FRAME_HEADER = 24, SIZE_AT = 4, PAGE = 4096 };
	unsigned char frame[FRAME_HEADER + PAGE];
	char log[80];
	FILE *stream;
	int count = 0;

	snprintf(log, sizeof log, "%s-wal", path);
	stream = fopen(log, "rb");
	assert_non_null(stream);
	assert_int_equal(fseek(stream, HEADER, SEEK_SET), 0);
	while (fread(frame, sizeof frame, 1, stream) == 1)
		count += memcmp(frame + SIZE_AT, "\0\0\0", 4) != 0;
	fclose(stream);
	return count;
}

static _Atomic int started;

static void *
put_one(void *spool)
{
	started++;
	put(spool, push_of("[]"));
	return NULL;
}

/* Puts pushes of several writers while the file is locked.  Returns how many transactions it takes. */
static int
put_together(struct spool *spool, int writers)
{
	pthread_t threads[8];
	sqlite3 *other;
	int before = commits();

	started = 0;
	assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	for (int i = 0; i < writers; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, put_one, spool), 0);
	while (started < writers)
		sched_yield();
	assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(other), SQLITE_OK);
	for (int i = 0; i < writers; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	return commits() - before;
}

/* Or the last of the writers that give up a hanging database together would wait for many fsyncs. */
static void
puts_that_wait_together_share_a_transaction(void **state)
{
	enum { WRITERS = 8, TRIES = 20 };
	struct spool *spool = spool_open(path, max_size);
	int shared = 0;

	for (int i = 0; i < TRIES && !shared; i++)
		shared = put_together(spool, WRITERS) < WRITERS;
	assert_true(shared);
	spool_close(spool);
}

static void
a_bad_body_keeps_its_fault(void **state)
{
	struct spool *spool = spool_open(path, max_size);
	struct push *push = push_of(""), *back;

	push_refuse(push, "The body is empty.");
	assert_int_equal(spool_put(spool, &push, 1, soon()), 1);
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

	push->bytes = 99;
	push_refuse(push, "too large");
	assert_int_equal(spool_put(spool, &push, 1, soon()), 1);
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

	assert_int_equal(spool_put(spool, &push, 1, soon()), 1);
	assert_true(spool_remove(spool, &push, 1));
	assert_true(spool_remove(spool, &push, 1));
	assert_int_equal(spool_count(spool).pushes, 0);
	push_unref(push);
	spool_close(spool);
}

/* The large one comes first, and costs the others nothing. */
static void
past_its_limit_it_takes_the_pushes_that_fit(void **state)
{
	struct spool *spool = spool_open(path, 1 << 20);
	char *large = calloc(1, 2000001);
	struct push *pushes[4];

	memset(large, 'x', 2000000);
	pushes[0] = push_of(large);
	for (int i = 1; i < 4; i++)
		pushes[i] = push_of("small");
	assert_true(spool_is_well(spool));
	assert_int_equal(spool_put(spool, pushes, 4, soon()), 3);
	assert_int_equal(pushes[3]->body.length, 2000000);
	assert_int_equal(spool_count(spool).pushes, 3);
	assert_int_equal(spool_put(spool, pushes + 3, 1, soon()), 0);
	assert_true(spool_remove(spool, pushes, 3));
	assert_int_equal(spool_count(spool).pushes, 0);
	for (int i = 0; i < 4; i++)
		push_unref(pushes[i]);
	free(large);
	spool_close(spool);
}

/* Only root can, and not in every container. */
static void
mount_disk(void)
{
	if (mount("tmpfs", folder, "tmpfs", 0, "size=80m") != 0)
		skip();
}

/* All but so many bytes of it. */
static void
fill_disk(off_t left)
{
	struct statvfs disk;
	char name[80];
	int descriptor;

	snprintf(name, sizeof name, "%s/filler", folder);
	descriptor = open(name, O_WRONLY | O_CREAT, 0600);
	assert_true(descriptor >= 0);
	assert_int_equal(statvfs(folder, &disk), 0);
	assert_int_equal(posix_fallocate(descriptor, 0, (off_t)(disk.f_bavail * disk.f_frsize) - left), 0);
	close(descriptor);
}

static void
on_a_full_disk_pushes_can_be_taken_out(void **state)
{
	struct spool *spool, *look;
	char problem[SPOOL_PROBLEM_SIZE];

	mount_disk();
	spool = spool_open(path, max_size);
	put(spool, push_of("taken out"));
	fill_disk(0);
	assert_oldest(spool, "taken out");
	/* from the file, and not from what one process knows */
	look = spool_open_existing(path, max_size, problem);
	assert_non_null(look);
	assert_int_equal(spool_depth(look).pushes, 0);
	spool_close(look);
	spool_close(spool);
}

static void
below_the_floor_of_the_disk_the_file_takes_what_it_has_pages_for(void **state)
{
	enum { LARGE = 1 << 20, LEFT = 16 << 20 };
	struct spool *spool;
	struct push *push;
	char *large = calloc(1, LARGE + 1);

	mount_disk();
	memset(large, 'x', LARGE);
	spool = spool_open(path, max_size);
	put(spool, push_of(large));
	fill_disk(LEFT);
	push = push_of("small");
	assert_int_equal(spool_put(spool, &push, 1, soon()), 0);
	assert_oldest(spool, large);
	assert_int_equal(spool_put(spool, &push, 1, soon()), 1);
	push_unref(push);
	free(large);
	spool_close(spool);
}

static bool
becomes_well(const struct spool *spool)
{
	static const struct timespec pause = { .tv_nsec = 10 * 1000000 };
	int64_t end = soon();

	while (!spool_is_well(spool) && clock_ms() < end)
		nanosleep(&pause, NULL);
	return spool_is_well(spool);
}

static void
a_folder_may_come_later(void **state)
{
	struct capture capture = capture_start();
	struct spool *spool;
	struct push *push = push_of("later");
	char *said;

	assert_int_equal(rmdir(folder), 0);
	spool = spool_open(path, max_size);
	assert_false(spool_is_well(spool));
	assert_int_equal(spool_put(spool, &push, 1, soon()), 0);
	said = capture_end(capture);
	assert_non_null(strstr(said, "cannot open it: No such file or directory"));
	free(said);
	assert_int_equal(mkdir(folder, 0700), 0);
	assert_true(becomes_well(spool));
	put(spool, push);
	assert_oldest(spool, "later");
	spool_close(spool);
}

/* Until it has so many. */
static void
wait_for_pushes(struct spool *spool, int64_t count)
{
	static const struct timespec pause = { .tv_nsec = 10 * 1000000 };
	int64_t end = soon();

	while (spool_depth(spool).pushes != count && clock_ms() < end)
		nanosleep(&pause, NULL);
	assert_int_equal(spool_depth(spool).pushes, count);
}

/* The one file that was put aside, and perhaps rescued already. */
static void
remove_damaged(void)
{
	glob_t found;
	char pattern[80];

	snprintf(pattern, sizeof pattern, "%s.*ed-*", path);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, 1);
	unlink(found.gl_pathv[0]);
	globfree(&found);
}

static void
a_damaged_file_is_put_aside(void **state)
{
	struct spool *spool;

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

	remove_files();
	temporary_write(path, damaged);
	with_names_aside(now, make_folder);
	assert_int_equal(spool_put(spool, &push, 1, soon()), 0);
	assert_int_equal(spool_put(spool, &push, 1, soon()), 0);
	assert_int_equal(spool_oldest(spool, &none, 1, NO_LIMIT), -1);
	assert_false(spool_remove(spool, &push, 1));
	assert_false(spool_postpone(spool, push));
	said = capture_end(capture);
	assert_non_null(strstr(said, "cannot open it: it is damaged and cannot be renamed"));
	assert_null(strstr(said, "keeping it as"));
	free(said);
	with_names_aside(now, rmdir);
	assert_int_equal(spool_put(spool, &push, 1, soon()), 1);
	push_unref(push);
	assert_oldest(spool, "taken");
	spool_close(spool);
	remove_damaged();
}

/* Both have found it damaged before either puts it aside. */
static void
a_damaged_file_is_put_aside_by_one_of_two_alone(void **state)
{
	struct spool_file first, second;
	struct spool_depth depth;
	struct spool *spool;

	temporary_write(path, damaged);
	spool_file_init(&first, path, max_size);
	spool_file_init(&second, path, max_size);
	assert_false(spool_file_open_existing(&first));
	assert_false(spool_file_open_existing(&second));
	assert_true(spool_file_replace_damaged(&first));
	spool = spool_open(path, max_size);
	put(spool, push_of("taken"));
	assert_true(spool_file_replace_damaged(&second));
	assert_true(spool_file_count(&second, &depth));
	assert_int_equal(depth.pushes, 1);
	assert_oldest(spool, "taken");
	spool_close(spool);
	spool_file_close(&first);
	spool_file_close(&second);
	remove_damaged();
}

/* As on a disk that others have filled, where no new file can be made until there is room. */
static void
a_damaged_file_is_rescued_once_there_is_room_for_a_new_one(void **state)
{
	struct rlimit before, full;
	struct spool_file file;

	temporary_write(path, damaged);
	spool_file_init(&file, path, max_size);
	assert_false(spool_file_open_existing(&file));
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	full = (struct rlimit){ 0, before.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
	assert_false(spool_file_replace_damaged(&file));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_true(spool_file_follow(&file));
	assert_int_equal(spool_file_number(&file, "SELECT count(*) FROM rescue", 0), 1);
	spool_file_close(&file);
	remove_damaged();
}

/* Both the copy of what was replaced and what replaced it are then set aside, before there is a new file. */
static void
what_waits_survives_a_file_that_is_no_spool_in_its_place(void **state)
{
	struct spool *spool = spool_open(path, max_size);
	struct capture capture = capture_start();
	char other[80];

	put(spool, push_of("one"));
	put(spool, push_of("two"));
	snprintf(other, sizeof other, "%s.other", path);
	temporary_write(other, damaged);
	assert_int_equal(rename(other, path), 0);
	put(spool, push_of("three"));
	wait_for_pushes(spool, 3);
	free(capture_end(capture));
	assert_oldest(spool, "one");
	assert_oldest(spool, "two");
	assert_oldest(spool, "three");
	spool_close(spool);
	remove_damaged();
}

static int64_t
count_orders(struct spool_file *file)
{
	return spool_file_number(file, "SELECT count(*) FROM rescue", -1);
}

/* As while another process writes for long. */
static void
a_rescue_that_cannot_be_ordered_yet_is_ordered_later(void **state)
{
	struct spool_file file, other;

	spool_close(spool_open(path, max_size));
	spool_file_init(&other, path, max_size);
	assert_true(spool_file_open_existing(&other));
	assert_true(spool_file_execute(&other, "BEGIN IMMEDIATE"));
	spool_file_init(&file, path, max_size);
	spool_aside_add(&file, "one", 0);
	spool_aside_add(&file, "two", -1);
	assert_true(spool_file_follow(&file));
	assert_int_equal(count_orders(&file), 0);
	assert_true(spool_file_execute(&other, "ROLLBACK"));
	spool_file_order_rescues(&file);
	assert_int_equal(count_orders(&file), 2);
	spool_file_close(&file);
	spool_file_close(&other);
}

static void
the_end_names_what_is_still_to_be_rescued(void **state)
{
	struct capture capture = capture_start();
	struct spool_file file;
	char *said;

	spool_file_init(&file, path, max_size);
	spool_aside_add(&file, "one", 0);
	spool_aside_add(&file, "two", -1);
	spool_file_close(&file);
	said = capture_end(capture);
	assert_non_null(strstr(said, "cannot rescue the pushes in one; run callresultctl spool rescue"));
	assert_non_null(strstr(said, "cannot rescue the pushes in two; run callresultctl spool rescue"));
	free(said);
}

static void
rename_ending(const char *from, const char *to)
{
	char old[96], new[96];

	snprintf(old, sizeof old, "%s%s", path, from);
	snprintf(new, sizeof new, "%s%s", path, to);
	assert_int_equal(rename(old, new), 0);
}

/* Makes a spool with a push, which no later one finds by its name. */
static void
make_spool(const char *body)
{
	struct spool *spool = spool_open(path, max_size);
	char ending[16];

	put(spool, push_of(body));
	spool_close(spool);
	snprintf(ending, sizeof ending, ".%s", body);
	rename_ending("", ending);
}

static void
assert_is_there(const char *ending)
{
	char name[96];

	snprintf(name, sizeof name, "%s%s", path, ending);
	assert_int_equal(unlink(name), 0);
}

/* The process was killed before it could order their rescue, and before the last copy was whole. */
static void
what_a_killed_process_set_aside_is_rescued_at_the_next_start(void **state)
{
	struct spool *spool;

	make_spool("copied");
	make_spool("partial");
	make_spool("damaged");
	rename_ending(".copied", ".removed-1-2");
	rename_ending(".partial", ".removed-1-3.partial");
	rename_ending(".damaged", ".damaged-1");
	spool = spool_open(path, max_size);
	wait_for_pushes(spool, 2);
	spool_close(spool);
	spool = spool_open(path, max_size);
	assert_oldest(spool, "damaged");
	assert_oldest(spool, "copied");
	assert_int_equal(spool_count(spool).pushes, 0);
	spool_close(spool);
	assert_is_there(".rescued-1");
	assert_is_there(".removed-1-3.partial");
}

static void *
put_until_told(void *spool)
{
	struct push *push = push_of("told");
	int kept;

	started++;
	kept = spool_put(spool, &push, 1, soon());
	push_unref(push);
	return kept == 1 ? spool : NULL;
}

/* Whoever opens the pipe for reading goes on then. */
static void
wait_for_reader(const char *pipe)
{
	static const struct timespec pause = { .tv_nsec = 10 * 1000000 };
	int64_t end = clock_ms() + 60 * 1000;
	int descriptor;

	while ((descriptor = open(pipe, O_WRONLY | O_NONBLOCK)) == -1 && clock_ms() < end)
		nanosleep(&pause, NULL);
	assert_true(descriptor >= 0);
	close(descriptor);
}

/* The file to be rescued is a pipe, which nobody can open for reading until somebody writes to it. */
static void
a_put_is_told_before_a_rescue_goes_on(void **state)
{
	static const struct timespec until_a_look_is_due = { .tv_sec = 1, .tv_nsec = 100 * 1000000 };
	struct spool *spool = spool_open(path, max_size);
	char pipe[80], order[160];
	pthread_t thread;
	sqlite3 *other;
	void *told;

	snprintf(pipe, sizeof pipe, "%s.removed-1-2", path);
	assert_int_equal(mkfifo(pipe, 0600), 0);
	snprintf(order, sizeof order, "BEGIN IMMEDIATE; INSERT INTO rescue VALUES ('%s', 1, 0, 0)", pipe);
	assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
	sqlite3_busy_timeout(other, 20 * 1000);
	assert_int_equal(sqlite3_exec(other, order, NULL, NULL, NULL), SQLITE_OK);
	started = 0;
	assert_int_equal(pthread_create(&thread, NULL, put_until_told, spool), 0);
	while (started == 0)
		sched_yield();
	nanosleep(&until_a_look_is_due, NULL);
	assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(other), SQLITE_OK);
	assert_int_equal(pthread_join(thread, &told), 0);
	wait_for_reader(pipe);
	assert_ptr_equal(told, spool);
	spool_close(spool);
	unlink(pipe);
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
		_exit(!spool_is_well(spool_open(path, max_size)));
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
	char problem[SPOOL_PROBLEM_SIZE], lock[sizeof path + 8];
	struct push *push;
	struct push_id last;
	int64_t cursor = SPOOL_FIRST, first_received = 0;
	bool failed = true;

	for (size_t i = 0; i < COUNT(bodies); i++) {
		push = push_of(bodies[i]);
		first_received = i == 0 ? push->received_at : first_received;
		last = push->id;
		put(writing, push);
	}
	spool = spool_open_existing(path, max_size, problem);
	assert_non_null(spool);
	for (size_t i = 0; i < COUNT(bodies); i++) {
		push = spool_next(spool, &cursor, i != 1, &failed);
		assert_non_null(push);
		assert_true(slice_is(push->body, i != 1 ? bodies[i] : NULL));
		assert_int_equal(push->bytes, strlen(bodies[i]));
		push_unref(push);
	}
	assert_null(spool_next(spool, &cursor, true, &failed));
	assert_false(failed);
	push = spool_find(spool, &last, &failed);
	assert_non_null(push);
	assert_true(slice_is(push->body, "three"));
	push_unref(push);
	last.bytes[15] ^= 1;
	assert_null(spool_find(spool, &last, &failed));
	assert_false(failed);
	assert_true(spool_summarize(spool, &summary, problem));
	assert_int_equal(summary.depth.pushes, 3);
	assert_int_equal(summary.depth.bytes, 11);
	assert_int_equal(summary.oldest, first_received);
	spool_close(spool);
	for (size_t i = 0; i < COUNT(bodies); i++)
		assert_oldest(writing, bodies[i]);
	assert_true(spool_summarize(writing, &summary, problem));
	assert_int_equal(summary.depth.pushes + summary.oldest, 0);
	spool_close(writing);
	snprintf(lock, sizeof lock, "%s.lock", path);
	assert_int_equal(unlink(lock) + mkdir(lock, 0700), 0);
	assert_null(spool_open_existing(path, max_size, problem));
	assert_int_equal(rmdir(lock), 0);
	assert_string_equal(problem, "the .lock file beside it: Is a directory");
}

static void
an_administrator_makes_no_spool_and_puts_none_aside(void **state)
{
	struct capture capture = capture_start();
	char problem[SPOOL_PROBLEM_SIZE], *said;
	struct stat found;

	assert_null(spool_open_existing(path, max_size, problem));
	assert_non_null(strstr(problem, "unable to open"));
	assert_int_equal(stat(path, &found), -1);
	temporary_write(path, damaged);
	assert_null(spool_open_existing(path, max_size, problem));
	assert_string_equal(problem, "file is not a database");
	assert_int_equal(stat(path, &found), 0);
	assert_int_equal(found.st_size, sizeof damaged - 1);
	said = capture_end(capture);
	assert_string_equal(said, "");
	free(said);
}

static void
copy_file(const char *from, const char *to, bool without_first_page)
{
	static char page[4096];
	FILE *in = fopen(from, "r"), *out = fopen(to, "w");
	size_t length;

	assert_non_null(in);
	assert_non_null(out);
	for (int i = 0; (length = fread(page, 1, sizeof page, in)) > 0; i++) {
		if (i == 0 && without_first_page)
			memset(page, 0xa5, sizeof page);
		assert_int_equal(fwrite(page, 1, length, out), length);
	}
	fclose(in);
	assert_int_equal(fclose(out), 0);
}

static struct spool_rescued
rescue(struct spool *spool, const char *file)
{
	struct spool_rescued rescued = { .is_due = true };

	while (rescued.is_due)
		assert_true(spool_rescue(spool, file, &rescued));
	return rescued;
}

/* The pushes are in the log alone, as after a kill; one of them is longer than a page. */
static void
what_the_log_of_a_damaged_file_has_is_rescued(void **state)
{
	char file[80], log[84], own_log[84], large[9001];
	struct spool *spool = spool_open(path, max_size);
	struct spool_rescued rescued;
	struct push *push;

	memset(large, 'x', sizeof large - 1);
	large[sizeof large - 1] = '\0';
	put(spool, push_of("one"));
	put(spool, push_of(large));
	put(spool, push_of("three"));
	snprintf(file, sizeof file, "%s.other", path);
	snprintf(log, sizeof log, "%s-wal", file);
	snprintf(own_log, sizeof own_log, "%s-wal", path);
	copy_file(path, file, true);
	copy_file(own_log, log, false);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(spool_oldest(spool, &push, 1, NO_LIMIT), 1);
		assert_true(spool_remove(spool, &push, 1));
		push_unref(push);
	}
	put(spool, push_of("newer"));
	rescued = rescue(spool, file);
	assert_int_equal(rescued.found, 3);
	assert_int_equal(rescued.taken, 3);
	rescued = rescue(spool, file);
	assert_int_equal(rescued.found, 3);
	assert_int_equal(rescued.taken, 0);
	/* what was there before comes first, in its order */
	assert_oldest(spool, "one");
	assert_oldest(spool, large);
	assert_oldest(spool, "three");
	assert_oldest(spool, "newer");
	/* a log that ends in the middle of a frame counts up to the last one that commits */
	assert_int_equal(truncate(log, 32 + 24), 0);
	assert_int_equal(rescue(spool, file).found, 0);
	spool_close(spool);
	unlink(file);
	unlink(log);
}

/* Changes the file as nobody but a fault, or an older version, does. */
static void
change(const char *text)
{
	sqlite3 *database;

	assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
	assert_int_equal(sqlite3_exec(database, text, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

/* More than the new file may ever hold: as pushes are taken out, others follow. */
static void
a_rescue_goes_on_where_there_is_little_room(void **state)
{
	enum { PUSHES = 100, LITTLE = 1 << 20 };
	char aside[80], body[20001];
	struct spool *spool = spool_open(path, max_size);
	int64_t end = clock_ms() + 20 * 1000;
	struct push *push;
	int rescued = 0;

	memset(body, 'x', sizeof body - 1);
	body[sizeof body - 1] = '\0';
	for (int i = 0; i < PUSHES; i++)
		put(spool, push_of(body));
	spool_close(spool);
	snprintf(aside, sizeof aside, "%s.damaged-1", path);
	assert_int_equal(rename(path, aside), 0);
	spool = spool_open(path, LITTLE);
	while (rescued < PUSHES && clock_ms() < end)
		if (spool_oldest(spool, &push, 1, NO_LIMIT) == 1) {
			assert_true(spool_remove(spool, &push, 1));
			push_unref(push);
			rescued++;
		}
	assert_int_equal(rescued, PUSHES);
	spool_close(spool);
	remove_damaged();
}

static void
a_file_of_the_first_version_is_upgraded(void **state)
{
	struct spool *spool;

	change("PRAGMA journal_mode = WAL;"
	    "CREATE TABLE push (seq INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, received_at INTEGER NOT NULL,"
	    " remote_addr TEXT NOT NULL, bytes INTEGER NOT NULL, sha256 BLOB, fault TEXT, body BLOB);"
	    "INSERT INTO push VALUES (7, x'00112233445566778899aabbccddeeff', 1600000000000000, '192.0.2.7', 2,"
	    " x'4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945', NULL, CAST('[]' AS BLOB))");
	spool = spool_open(path, max_size);
	assert_true(spool_is_well(spool));
	assert_int_equal(spool_depth(spool).pushes, 1);
	put(spool, push_of("new"));
	assert_int_equal(spool_depth(spool).pushes, 2);
	assert_int_equal(rescue(spool, path).found, 2);
	assert_int_equal(rescue(spool, path).taken, 0);
	assert_oldest(spool, "[]");
	assert_oldest(spool, "new");
	spool_close(spool);
}

/* Taken out, whatever is in it, and refused where it cannot be what was put there. */
static void
assert_refused(struct spool *spool, const char *reason)
{
	struct push *push;

	assert_int_equal(spool_oldest(spool, &push, 1, NO_LIMIT), 1);
	assert_non_null(push->fault);
	assert_non_null(strstr(push->fault, reason));
	assert_true(push->received_at > 0);
	assert_true(slice_is(push->body, "body"));
	assert_true(spool_remove(spool, &push, 1));
	assert_int_equal(spool_count(spool).pushes, 0);
	push_unref(push);
}

static void
a_row_that_cannot_be_right_ends_in_quarantine(void **state)
{
	static const struct {
		const char *change, *reason;
	} cases[] = {
		{ "UPDATE push SET received_at = -9223372036854775808", "what stood beside its body" },
		{ "UPDATE push SET received_at = 9223372036854775807", "what stood beside its body" },
		{ "UPDATE push SET received_at = 253402300800000000, clock_ahead = 1", "what stood beside its body" },
		{ "UPDATE push SET clock_ahead = -9223372036854775808", "what stood beside its body" },
		{ "UPDATE push SET bytes = -1", "what stood beside its body" },
		{ "UPDATE push SET id = x'01'", "what stood beside its body" },
		{ "UPDATE push SET id = 'sixteen letters.'", "what stood beside its body" },
		{ "UPDATE push SET sha256 = NULL", "not the one that was received" },
		{ "UPDATE push SET sha256 = zeroblob(32)", "not the one that was received" },
		{ "UPDATE push SET sha256 = zeroblob(31), remote_addr = x'ff', source = x'ff'",
		"not the one that was received" },
		{ "UPDATE push SET fault = x'e46ff0'", "?o?" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct spool *spool = spool_open(path, max_size);

		put(spool, push_of("body"));
		change(cases[i].change);
		assert_refused(spool, cases[i].reason);
		spool_close(spool);
	}
}

/* As when a page of it was never written: all rows are there. */
static void
empty_index_of_ids(void)
{
	sqlite3 *database;
	sqlite3_stmt *statement;
	int page;

	assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(database,
	    "SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_push_1'", -1, &statement, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	page = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	/* https://www.sqlite.org/imposter.html */
	assert_int_equal(sqlite3_test_control(SQLITE_TESTCTRL_IMPOSTER, database, "main", 1, page), SQLITE_OK);
	assert_int_equal(sqlite3_exec(database, "CREATE TABLE ids (id, seq, PRIMARY KEY (id, seq)) WITHOUT ROWID",
	    NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_test_control(SQLITE_TESTCTRL_IMPOSTER, database, "main", 0, 0), SQLITE_OK);
	assert_int_equal(sqlite3_exec(database, "DELETE FROM ids", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

static void
a_push_that_its_index_does_not_have_does_not_come_again(void **state)
{
	struct spool *spool = spool_open(path, max_size);
	struct push *none;

	put(spool, push_of("once"));
	empty_index_of_ids();
	assert_oldest(spool, "once");
	assert_int_equal(spool_oldest(spool, &none, 1, NO_LIMIT), 0);
	spool_close(spool);
	remove_damaged();
}

static void
a_push_that_its_index_does_not_have_is_not_postponed_in_vain(void **state)
{
	struct spool *spool = spool_open(path, max_size);
	struct push *push;

	put(spool, push_of("first"));
	empty_index_of_ids();
	assert_int_equal(spool_oldest(spool, &push, 1, NO_LIMIT), 1);
	assert_false(spool_postpone(spool, push));
	push_unref(push);
	spool_close(spool);
	remove_damaged();
}

/* The rows behind it come with the next batch. */
static void
a_row_without_an_id_holds_up_no_other(void **state)
{
	struct spool *spool = spool_open(path, max_size);
	struct push *pushes[ROOM];
	int count;

	put(spool, push_of("a"));
	put(spool, push_of("b"));
	put(spool, push_of("c"));
	change("UPDATE push SET id = x'01' WHERE seq = 2");
	assert_int_equal(count = spool_oldest(spool, pushes, ROOM, NO_LIMIT), 2);
	assert_null(pushes[0]->fault);
	assert_non_null(pushes[1]->fault);
	assert_true(spool_remove(spool, pushes, 2));
	while (count > 0)
		push_unref(pushes[--count]);
	assert_oldest(spool, "c");
	assert_int_equal(spool_count(spool).pushes, 0);
	spool_close(spool);
}

static bool
shows_an_oldest(struct spool *spool)
{
	char *text;
	size_t length;
	FILE *file = open_memstream(&text, &length);
	bool shown;

	assert_non_null(file);
	spool_collect(spool);
	metrics_write(file);
	fclose(file);
	shown = strstr(text, "callresultd_spool_oldest_age_seconds 0.000\n") == NULL;
	free(text);
	return shown;
}

static void
what_others_change_is_seen(void **state)
{
	struct spool *one = spool_open(path, max_size), *other = spool_open(path, max_size);

	put(other, push_of("other"));
	wait_for_pushes(one, 1);
	assert_true(shows_an_oldest(one));
	assert_oldest(other, "other");
	assert_false(shows_an_oldest(other));
	spool_close(one);
	spool_close(other);
}

static void
a_new_file_is_for_its_owner_alone(void **state)
{
	static const char *const endings[] = { "", "-wal", "-shm" };
	mode_t before = umask(0);
	struct spool *spool = spool_open(path, max_size);
	struct stat found;
	char name[80];

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
		TEST(puts_that_wait_together_share_a_transaction),
		TEST(a_bad_body_keeps_its_fault),
		TEST(a_body_that_was_not_kept_stays_away),
		TEST(the_oldest_come_first_also_after_a_restart),
		TEST(a_read_is_bounded_in_pushes_and_bytes),
		TEST(two_may_use_one_file),
		TEST(what_is_taken_out_twice_is_gone_once),
		TEST(past_its_limit_it_takes_the_pushes_that_fit),
		TEST(on_a_full_disk_pushes_can_be_taken_out),
		TEST(below_the_floor_of_the_disk_the_file_takes_what_it_has_pages_for),
		TEST(a_folder_may_come_later),
		TEST(a_damaged_file_is_put_aside),
		TEST(a_damaged_file_that_cannot_be_put_aside_takes_nothing_until_it_can),
		TEST(a_damaged_file_is_rescued_once_there_is_room_for_a_new_one),
		TEST(a_damaged_file_is_put_aside_by_one_of_two_alone),
		TEST(processes_that_make_the_file_at_one_moment_all_have_it),
		TEST(an_administrator_sees_every_push_and_changes_none),
		TEST(what_waits_survives_a_file_that_is_no_spool_in_its_place),
		TEST(a_rescue_that_cannot_be_ordered_yet_is_ordered_later),
		TEST(the_end_names_what_is_still_to_be_rescued),
		TEST(what_a_killed_process_set_aside_is_rescued_at_the_next_start),
		TEST(a_put_is_told_before_a_rescue_goes_on),
		TEST(an_administrator_makes_no_spool_and_puts_none_aside),
		TEST(a_rescue_goes_on_where_there_is_little_room),
		TEST(a_file_of_the_first_version_is_upgraded),
		TEST(a_row_that_cannot_be_right_ends_in_quarantine),
		TEST(a_push_that_its_index_does_not_have_does_not_come_again),
		TEST(a_push_that_its_index_does_not_have_is_not_postponed_in_vain),
		TEST(a_row_without_an_id_holds_up_no_other),
		TEST(what_others_change_is_seen),
		TEST(what_the_log_of_a_damaged_file_has_is_rescued),
		TEST(a_new_file_is_for_its_owner_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
