/* The replay, with spool, pool and store of the test's own: what leaves the spool, and what does not. */
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"
#include "base/sleeper.h"
#include "store/replay.h"
#include "store/store.h"

enum {
	PUSHES = 100,
	POISON = 7,         /* number of the push that does not go through, */
	POISON_MANY = 80,   /* or how many of the first ones do not */
	HASTE = 50,         /* the test's clock is so many times as fast as the world's */
};

struct db {
	bool connected, blames_data;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;     /* guards what follows */
static struct push_id waiting[PUSHES];                        /* in the spool, in its order */
static int waiting_count, stored[PUSHES], taken_apart, postponed, lone_tries;
static int64_t stored_by_all;
static bool takes_time, others_store, goes;
static int poison_first, poison_end;                          /* numbers of those that do not go through */
static size_t refused_before;       /* records of the push that had been found, at the last try */
static struct db connection;

/* --- the time ------------------------------------------------------------------------------------------------ */

int64_t
clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return HASTE * ((int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

int64_t clock_ms(void) { return clock_us() / 1000; }
int64_t clock_timestamp(void) { return clock_us(); }

void sleeper_init(struct sleeper *sleeper) { (void)sleeper; }
void sleeper_destroy(struct sleeper *sleeper) { (void)sleeper; }
void sleeper_wake(struct sleeper *sleeper) { (void)sleeper; }

void
sleeper_sleep(struct sleeper *sleeper, int64_t milliseconds)
{
	if (milliseconds > 0)
		usleep((useconds_t)milliseconds * 1000 / HASTE);
}

/* --- the spool ----------------------------------------------------------------------------------------------- */

static struct push_id
id_of(int i)
{
	struct push_id id = { { 0 } };

	id.bytes[0] = (unsigned char)i;
	return id;
}

static int number_of(const struct push *push) { return push->id.bytes[0]; }

static void
fill_spool(int count)
{
	for (waiting_count = 0; waiting_count < count; waiting_count++)
		waiting[waiting_count] = id_of(waiting_count);
}

struct spool_depth
spool_depth(const struct spool *spool)
{
	pthread_mutex_lock(&mutex);
	struct spool_depth depth = { .pushes = waiting_count };
	pthread_mutex_unlock(&mutex);
	return depth;
}

int
spool_oldest(struct spool *spool, struct push **pushes, int capacity, size_t bytes)
{
	int count = 0;

	pthread_mutex_lock(&mutex);
	for (; count < waiting_count && count < capacity; count++) {
		char *body = strdup("[{\"campaignId\":\"1\",\"callId\":\"x\",\"callStatus\":5},"
		    "{\"campaignId\":\"2\",\"callId\":\"x\",\"callStatus\":5}]");

		pushes[count] = push_new(NULL);
		pushes[count]->id = waiting[count];
		pushes[count]->body = slice_of(body);
		pushes[count]->spooled = true;
	}
	pthread_mutex_unlock(&mutex);
	return count;
}

static void
take_out(const struct push *push)
{
	for (int i = 0; i < waiting_count; i++)
		if (waiting[i].bytes[0] == push->id.bytes[0])
			memmove(&waiting[i], &waiting[i + 1], (size_t)(--waiting_count - i) * sizeof *waiting);
}

bool
spool_remove(struct spool *spool, struct push *const *pushes, int count)
{
	pthread_mutex_lock(&mutex);
	for (int i = 0; i < count; i++) {
		assert_true(stored[number_of(pushes[i])] > 0);
		take_out(pushes[i]);
	}
	pthread_mutex_unlock(&mutex);
	return true;
}

bool
spool_postpone(struct spool *spool, struct push *push)
{
	pthread_mutex_lock(&mutex);
	postponed++;
	take_out(push);
	waiting[waiting_count++] = push->id;
	pthread_mutex_unlock(&mutex);
	return true;
}

/* --- the pool and the store ---------------------------------------------------------------------------------- */

struct db *
pool_borrow(struct pool *pool, enum pool_use use, int64_t deadline)
{
	assert_int_equal(use, POOL_BACKGROUND);
	if (!goes)
		return NULL;
	connection.connected = true;
	return &connection;
}

void
pool_return(struct pool *pool, enum pool_use use, struct db *db, bool any)
{
	(void)pool, (void)use, (void)db;
	pthread_mutex_lock(&mutex);
	stored_by_all += any || others_store;
	pthread_mutex_unlock(&mutex);
}

int64_t pool_stored_count(struct pool *pool) { (void)pool; return stored_by_all; }
bool db_is_connected(const struct db *db) { return db->connected; }
const char *db_problem(const struct db *db) { (void)db; return "the statement failed"; }
bool db_failed_unexplained(const struct db *db) { (void)db; return true; }
void db_blame_data(struct db *db, bool blame) { db->blames_data = blame; }

static bool
is_poison(const struct push *push)
{
	return number_of(push) >= poison_first && number_of(push) < poison_end;
}

/*
 * One push of a batch fails all of it, unless its data is blamed; or takes so much time that a record is found at each
 * try.
 */
void
store_pushes(struct db *db, struct fold *fold, struct push **pushes, int count, int64_t deadline,
    store_settled *settled, void *context)
{
	static const struct db_counts counts;
	bool fails = false;

	for (int i = 0; i < count; i++)
		fails |= is_poison(pushes[i]);
	if (fails && db->blames_data) {
		assert_int_equal(count, 1);
		taken_apart++;
		fails = false;
	}
	if (takes_time && count > 0 && pushes[0]->list.record_count > 0) {
		const char *const reasons[] = { "refused", NULL };

		refused_before = pushes[0]->list.bad_count;
		record_list_reject_records(&pushes[0]->list, reasons);
		settled(context, pushes, count, NULL);
		return;
	}
	pthread_mutex_lock(&mutex);
	lone_tries += fails && count == 1;
	db->connected = !fails;
	for (int i = 0; i < count && !fails; i++)
		stored[number_of(pushes[i])]++;
	pthread_mutex_unlock(&mutex);
	settled(context, pushes, count, fails ? NULL : &counts);
}

/* --- helpers ------------------------------------------------------------------------------------------------- */

static int
reset(void **state)
{
	memset(stored, 0, sizeof stored);
	taken_apart = postponed = lone_tries = poison_first = poison_end = 0;
	takes_time = others_store = false;
	stored_by_all = 0;
	goes = true;
	return 0;
}

static void
poison(int first, int count)
{
	poison_first = first;
	poison_end = first + count;
}

/* Runs a replay until the condition holds. */
static void
replay_until(bool (*condition)(void))
{
	struct replay *replay = replay_start(NULL, (struct spool *)&connection);

	while (!condition())
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	assert_true(replay_stop(replay, clock_ms()));
}

static bool is_empty(void) { return spool_depth(NULL).pushes == 0; }
static bool only_poison_waits(void) { return spool_depth(NULL).pushes == 1; }
static bool is_tried_often(void) { return lone_tries >= 20; }

/* --- tests --------------------------------------------------------------------------------------------------- */

static void
what_is_stored_leaves_the_spool(void **state)
{
	fill_spool(PUSHES);
	replay_until(is_empty);
	for (int i = 0; i < PUSHES; i++)
		assert_int_equal(stored[i], 1);
}

static void
others_do_not_wait_for_what_fails(void **state)
{
	poison(POISON, 1);
	fill_spool(PUSHES);
	replay_until(only_poison_waits);
	for (int i = 0; i < PUSHES; i++)
		assert_int_equal(stored[i], i != POISON);
}

/* The database may be at fault while nothing goes through. */
static void
what_fails_alone_is_taken_apart_when_others_go_through(void **state)
{
	poison(POISON, 1);
	fill_spool(PUSHES);
	replay_until(is_tried_often);
	assert_int_equal(taken_apart, 0);
	others_store = true;
	replay_until(is_empty);
	assert_int_equal(taken_apart, 1);
	assert_true(postponed > 0);
}

/* Also more of them than are counted at a time. */
static void
each_that_fails_alone_is_taken_apart(void **state)
{
	poison(0, POISON_MANY);
	others_store = true;
	fill_spool(PUSHES);
	replay_until(is_empty);
	assert_int_equal(taken_apart, POISON_MANY);
	assert_in_range(lone_tries, 8 * POISON_MANY, INT32_MAX);
	for (int i = 0; i < PUSHES; i++)
		assert_int_equal(stored[i], 1);
}

/* What was found by the end of the time is not looked for again. */
static void
a_push_that_takes_long_goes_on_where_it_was(void **state)
{
	takes_time = true;
	fill_spool(1);
	replay_until(is_empty);
	assert_int_equal(refused_before, 1);
	assert_int_equal(stored[0], 1);
	assert_int_equal(postponed, 0);
}

static void
it_ends_without_a_connection(void **state)
{
	struct replay *replay;
	int64_t before = clock_ms();

	goes = false;
	fill_spool(1);
	replay = replay_start(NULL, (struct spool *)&connection);
	assert_true(replay_stop(replay, before + 50));
	assert_in_range(clock_ms() - before, 0, 10 * 1000);
	assert_int_equal(stored[0], 0);
}

#define TEST(name) cmocka_unit_test_setup(name, reset)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(what_is_stored_leaves_the_spool),
		TEST(others_do_not_wait_for_what_fails),
		TEST(what_fails_alone_is_taken_apart_when_others_go_through),
		TEST(each_that_fails_alone_is_taken_apart),
		TEST(a_push_that_takes_long_goes_on_where_it_was),
		TEST(it_ends_without_a_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
