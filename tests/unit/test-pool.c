/*
 * The pool: who gets a connection when, and whether the database is said to be there, with connections of the test's
 * own.
 */
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"
#include "base/clock_ahead.h"
#include "db/pool_internal.h"

enum { LONG = 60 * 1000, SHORT = 50, WRITERS = 2 };    /* milliseconds; connections */

struct db {
	bool connected, swollen;
};

static struct pool *pool;
static atomic_bool reachable, hangs, stands, unexplained;
static atomic_int open_connections, tries, connections_max;

/* --- what stands in the place of db.c ------------------------------------------------------------------------ */

struct db *
db_new(const char *conninfo, const char *call_timezone)
{
	assert_string_equal(conninfo, "dbname=test");
	assert_string_equal(call_timezone, "UTC");
	return calloc(1, sizeof(struct db));
}

void
db_free(struct db *db)
{
	if (db->connected)
		open_connections--;
	free(db);
}

void
db_set_end(struct db *db, const struct db_end *end)
{
	if (end != NULL)
		assert_true(end->at > clock_ms());
}

static void
lose(struct db *db)
{
	open_connections -= db->connected;
	db->connected = db->swollen = false;
}

bool
db_connect(struct db *db, int64_t deadline)
{
	if (db->swollen)
		lose(db);
	if (db->connected)
		return true;
	tries++;
	while (hangs)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	db->connected = reachable && open_connections < connections_max;
	open_connections += db->connected;
	return db->connected;
}

bool
db_is_swollen(const struct db *db)
{
	return db->swollen;
}

bool
db_check(struct db *db, int64_t deadline)
{
	if (!reachable)
		lose(db);
	return reachable;
}

bool
db_is_alive(struct db *db)
{
	if (!stands)
		lose(db);
	return stands;
}

bool
db_is_connected(const struct db *db)
{
	return db->connected;
}

int64_t
db_clock_ahead(const struct db *db)
{
	return 4711;
}

const char *
db_problem(const struct db *db)
{
	return "the test has lost it";
}

bool
db_failed_unexplained(const struct db *db)
{
	return unexplained;
}

/* --- helpers ------------------------------------------------------------------------------------------------- */

static void
start(bool there)
{
	reachable = there;
	stands = true;
	unexplained = false;
	tries = 0;
	connections_max = INT32_MAX;
	pool = pool_start("dbname=test", "UTC", WRITERS);
}

static struct db *
borrow(enum pool_use use, int64_t time)
{
	return pool_borrow(pool, use, clock_ms() + time);
}

static void
give_back(enum pool_use use, struct db *db, bool stored)
{
	assert_non_null(db);
	pool_return(pool, use, db, stored);
}

static void
break_and_return(enum pool_use use, struct db *db)
{
	assert_non_null(db);
	lose(db);
	pool_return(pool, use, db, false);
}

static void
wait_while(bool (*condition)(void))
{
	while (condition())
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

static bool is_up(void) { return pool_is_up(pool); }
static bool is_down(void) { return !pool_is_up(pool); }
static bool has_connections(void) { return open_connections > 0; }
static bool lacks_connections(void) { return open_connections < WRITERS; }

static int
stop(void **state)
{
	hangs = false;
	pool_stop(pool);
	assert_int_equal(open_connections, 0);
	return 0;
}

/* Somebody who waits for a connection in a thread of his own. */
struct borrower {
	pthread_t     thread;
	enum pool_use use;
	struct db    *db;
	atomic_bool   done;
};

static void *
run_borrower(void *argument)
{
	struct borrower *borrower = argument;

	borrower->db = borrow(borrower->use, LONG);
	borrower->done = true;
	return NULL;
}

static int
count_waiters(void)
{
	const struct waiter *waiter;
	int count = 0;

	pthread_mutex_lock(&pool->mutex);
	TAILQ_FOREACH(waiter, &pool->waiters, link)
		count++;
	pthread_mutex_unlock(&pool->mutex);
	return count;
}

/* Returns when it stands in line. */
static void
start_borrower(struct borrower *borrower, enum pool_use use)
{
	int before = count_waiters();

	*borrower = (struct borrower){ .use = use };
	assert_int_equal(pthread_create(&borrower->thread, NULL, run_borrower, borrower), 0);
	while (count_waiters() == before)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	assert_false(borrower->done);
}

/* --- tests --------------------------------------------------------------------------------------------------- */

static void
connections_are_made_at_the_start(void **state)
{
	start(true);
	wait_while(lacks_connections);
	wait_while(is_down);
	assert_int_equal(tries, WRITERS);
	assert_int_equal(clock_ahead(), 4711);
}

static void
a_connection_given_back_is_lent_again(void **state)
{
	struct db *first, *second;

	start(true);
	first = borrow(POOL_PUSH, LONG);
	second = borrow(POOL_PUSH, LONG);
	assert_ptr_not_equal(first, second);
	assert_null(borrow(POOL_PUSH, SHORT));
	give_back(POOL_PUSH, first, true);
	assert_int_equal(pool_stored_count(pool), 1);
	assert_ptr_equal(borrow(POOL_LAST_RESORT, LONG), first);
	give_back(POOL_PUSH, first, false);
	give_back(POOL_PUSH, second, true);
	assert_int_equal(pool_stored_count(pool), 2);
	assert_int_equal(tries, WRITERS);
}

/* One more is made for it, and while that is used no other one. */
static void
the_background_takes_no_connection_of_the_pushes(void **state)
{
	struct db *background, *first, *second;

	start(true);
	wait_while(lacks_connections);
	background = borrow(POOL_BACKGROUND, LONG);
	first = borrow(POOL_PUSH, LONG);
	second = borrow(POOL_PUSH, LONG);
	assert_int_equal(tries, WRITERS + 1);
	give_back(POOL_BACKGROUND, background, true);
	assert_ptr_equal(borrow(POOL_BACKGROUND, LONG), background);
	give_back(POOL_BACKGROUND, background, false);
	give_back(POOL_PUSH, first, false);
	give_back(POOL_PUSH, second, false);
}

/* Or nothing would ever be replayed.  One at a time: the pushes keep what they can. */
static void
the_background_takes_one_of_the_pushes_where_there_are_no_more(void **state)
{
	struct db *background, *push;

	start(true);
	connections_max = WRITERS;
	wait_while(lacks_connections);
	background = borrow(POOL_BACKGROUND, LONG);
	assert_null(borrow(POOL_BACKGROUND, SHORT));
	push = borrow(POOL_PUSH, LONG);
	assert_ptr_not_equal(background, push);
	give_back(POOL_PUSH, push, true);
	connections_max = WRITERS + 1;
	while (open_connections < WRITERS + 1)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	give_back(POOL_BACKGROUND, background, true);
}

static void
shift_background(int64_t by)
{
	pthread_mutex_lock(&pool->mutex);
	pool->background_since += by;
	pthread_mutex_unlock(&pool->mutex);
}

/* A push waits for it, and the database is up meanwhile; but not when it seems to hang. */
static void
the_only_connection_counts_for_a_while_when_the_background_has_it(void **state)
{
	struct borrower borrower;
	struct db *background;
	int before;

	start(false);
	connections_max = 1;
	reachable = true;
	background = borrow(POOL_BACKGROUND, LONG);
	assert_non_null(background);
	shift_background(LONG);
	before = tries;
	while (tries < before + 2)      /* the first of them has failed then */
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	assert_true(is_up());
	start_borrower(&borrower, POOL_PUSH);
	give_back(POOL_BACKGROUND, background, false);
	assert_int_equal(pthread_join(borrower.thread, NULL), 0);
	give_back(POOL_PUSH, borrower.db, true);
	background = borrow(POOL_BACKGROUND, LONG);
	shift_background(-LONG);
	wait_while(is_up);
	assert_null(borrow(POOL_PUSH, LONG));
	give_back(POOL_BACKGROUND, background, false);
	wait_while(is_down);
}

/* It would log each try. */
static void
a_server_that_lets_no_more_in_is_not_stormed(void **state)
{
	int64_t until = clock_ms() + 1000;
	struct db *background;

	start(true);
	connections_max = WRITERS;
	background = borrow(POOL_BACKGROUND, LONG);
	while (clock_ms() < until)
		give_back(POOL_PUSH, borrow(POOL_PUSH, LONG), true);
	assert_in_range(tries, WRITERS + 1, WRITERS + 12);
	give_back(POOL_BACKGROUND, background, false);
}

static void
those_who_wait_are_served_in_turn(void **state)
{
	struct db *first, *second;
	struct borrower borrowers[3];

	start(true);
	first = borrow(POOL_PUSH, LONG);
	second = borrow(POOL_PUSH, LONG);
	for (int i = 0; i < 3; i++)
		start_borrower(&borrowers[i], POOL_PUSH);
	for (int i = 0; i < 3; i++) {
		give_back(POOL_PUSH, i == 0 ? first : borrowers[i - 1].db, true);
		assert_int_equal(pthread_join(borrowers[i].thread, NULL), 0);
		assert_ptr_equal(borrowers[i].db, first);
		assert_true(i == 2 || !borrowers[i + 1].done);
	}
	give_back(POOL_PUSH, first, true);
	give_back(POOL_PUSH, second, true);
}

/*
 * Who comes while another waits is behind him, however late that one wakes: mostly too late to be there first by
 * chance.
 */
static void
nobody_overtakes_who_waits(void **state)
{
	struct db *first, *second, *snatched = NULL;
	struct borrower borrower;

	start(true);
	first = borrow(POOL_PUSH, LONG);
	second = borrow(POOL_PUSH, LONG);
	for (int i = 0; i < 20 && snatched == NULL; i++) {
		start_borrower(&borrower, POOL_PUSH);
		give_back(POOL_PUSH, first, true);
		snatched = borrow(POOL_PUSH, SHORT);
		if (snatched != NULL)
			give_back(POOL_PUSH, snatched, true);
		assert_int_equal(pthread_join(borrower.thread, NULL), 0);
		first = borrower.db;
	}
	give_back(POOL_PUSH, first, true);
	give_back(POOL_PUSH, second, true);
	assert_null(snatched);
}

static void
one_closed_by_the_server_is_not_lent(void **state)
{
	struct db *db;

	start(true);
	wait_while(lacks_connections);
	stands = false;
	assert_null(borrow(POOL_PUSH, 0));
	stands = true;
	db = borrow(POOL_PUSH, LONG);
	assert_true(db_is_connected(db));
	give_back(POOL_PUSH, db, true);
}

static void
nobody_waits_for_a_database_that_is_away(void **state)
{
	int64_t before = clock_ms();
	struct capture capture = capture_start();
	char *text;

	start(false);
	assert_null(borrow(POOL_PUSH, LONG));
	assert_false(pool_is_up(pool));
	assert_null(borrow(POOL_PUSH, LONG));
	assert_null(borrow(POOL_LAST_RESORT, SHORT));
	assert_true(clock_ms() - before < LONG / 2);
	pool_count_spooled(pool, 3);
	reachable = true;
	give_back(POOL_LAST_RESORT, borrow(POOL_LAST_RESORT, LONG), true);
	assert_true(pool_is_up(pool));
	text = capture_end(capture);
	assert_non_null(strstr(text, "database: unavailable, pushes go to the spool: the test has lost it\n"));
	assert_non_null(strstr(text, "database: available again after_ms="));
	assert_non_null(strstr(text, "spooled=3\n"));
	assert_int_equal(lines_in(text), 2);
	free(text);
}

/* Not even for the first try to be over: hosts that swallow everything take seconds each. */
static void
nobody_waits_for_a_host_that_does_not_answer(void **state)
{
	int64_t before = clock_ms();

	hangs = true;
	start(true);
	assert_null(borrow(POOL_PUSH, LONG));
	before = clock_ms();
	assert_null(borrow(POOL_PUSH, LONG));
	assert_true(clock_ms() - before < LONG / 2);
	assert_false(pool_is_up(pool));
	hangs = false;
	wait_while(is_down);
}

static void
when_one_breaks_the_others_are_asked(void **state)
{
	struct db *db;

	start(true);
	wait_while(lacks_connections);
	db = borrow(POOL_PUSH, LONG);
	reachable = false;
	break_and_return(POOL_PUSH, db);
	wait_while(is_up);
	wait_while(has_connections);
	assert_null(borrow(POOL_PUSH, LONG));
	reachable = true;
	wait_while(is_down);
}

/* An idle worker finds out too. */
static void
one_that_the_background_has_says_nothing_of_the_database(void **state)
{
	struct db *background, *first, *second;

	start(true);
	background = borrow(POOL_BACKGROUND, LONG);
	assert_non_null(background);
	wait_while(is_down);
	first = borrow(POOL_PUSH, LONG);
	second = borrow(POOL_PUSH, LONG);
	reachable = false;
	break_and_return(POOL_PUSH, first);
	break_and_return(POOL_PUSH, second);
	wait_while(is_up);
	reachable = true;
	give_back(POOL_BACKGROUND, background, true);
	wait_while(is_down);
}

static void
an_idle_connection_is_asked_now_and_then(void **state)
{
	start(true);
	wait_while(is_down);
	reachable = false;
	wait_while(is_up);
	reachable = true;
	wait_while(is_down);
}

/* As without a privilege: connections are there.  But a push that alone is refused says nothing of the others. */
static void
a_database_that_stores_nothing_is_not_up(void **state)
{
	start(true);
	wait_while(lacks_connections);
	unexplained = true;
	for (int i = 0; i < 2; i++)
		break_and_return(POOL_PUSH, borrow(POOL_LAST_RESORT, LONG));
	wait_while(lacks_connections);
	assert_true(is_up());
	unexplained = false;
	for (int i = 0; i < 2; i++)
		break_and_return(POOL_PUSH, borrow(POOL_LAST_RESORT, LONG));
	wait_while(lacks_connections);
	assert_false(is_up());
	give_back(POOL_PUSH, borrow(POOL_PUSH, LONG), true);
	assert_true(is_up());
	for (int i = 0; i < 2; i++)
		break_and_return(POOL_PUSH, borrow(POOL_LAST_RESORT, LONG));
	wait_while(lacks_connections);
	assert_false(is_up());
	/* nor is it so for ever, or no push might come that shows how it is */
	pthread_mutex_lock(&pool->mutex);
	pool->refused_at -= LONG;
	pthread_mutex_unlock(&pool->mutex);
	assert_true(is_up());
}

/* It is not stormed: connecting gets slower until something is stored. */
static void
a_database_that_stores_nothing_is_tried_more_and_more_slowly(void **state)
{
	int64_t until = clock_ms() + 1000;

	start(true);
	while (clock_ms() < until || tries <= WRITERS) {
		struct db *db = borrow(POOL_LAST_RESORT, LONG);

		break_and_return(POOL_LAST_RESORT, db);
	}
	assert_in_range(tries, 3, 40);
}

static void
the_end_of_the_background_is_no_end_for_pushes(void **state)
{
	struct borrower borrower;

	start(false);
	start_borrower(&borrower, POOL_BACKGROUND);
	pool_end_background(pool, clock_ms());
	assert_int_equal(pthread_join(borrower.thread, NULL), 0);
	assert_null(borrower.db);
	assert_null(borrow(POOL_BACKGROUND, LONG));
	reachable = true;
	give_back(POOL_LAST_RESORT, borrow(POOL_LAST_RESORT, LONG), true);
}

static bool no_further_try(void) { return tries == WRITERS; }

static void
a_swollen_connection_is_made_anew(void **state)
{
	struct db *db;

	start(true);
	wait_while(lacks_connections);
	db = borrow(POOL_PUSH, LONG);
	db->swollen = true;
	give_back(POOL_PUSH, db, true);
	wait_while(no_further_try);
	wait_while(lacks_connections);
	assert_true(is_up());
	assert_int_equal(tries, WRITERS + 1);
}

#define TEST(name) cmocka_unit_test_teardown(name, stop)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(connections_are_made_at_the_start),
		TEST(a_connection_given_back_is_lent_again),
		TEST(the_background_takes_no_connection_of_the_pushes),
		TEST(the_background_takes_one_of_the_pushes_where_there_are_no_more),
		TEST(the_only_connection_counts_for_a_while_when_the_background_has_it),
		TEST(a_server_that_lets_no_more_in_is_not_stormed),
		TEST(those_who_wait_are_served_in_turn),
		TEST(nobody_overtakes_who_waits),
		TEST(one_closed_by_the_server_is_not_lent),
		TEST(nobody_waits_for_a_database_that_is_away),
		TEST(nobody_waits_for_a_host_that_does_not_answer),
		TEST(when_one_breaks_the_others_are_asked),
		TEST(one_that_the_background_has_says_nothing_of_the_database),
		TEST(an_idle_connection_is_asked_now_and_then),
		TEST(a_database_that_stores_nothing_is_not_up),
		TEST(a_database_that_stores_nothing_is_tried_more_and_more_slowly),
		TEST(a_swollen_connection_is_made_anew),
		TEST(the_end_of_the_background_is_no_end_for_pushes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
