/* How a writer divides the time of a push between database and spool, with pool, store and spool of the test's own. */
#include "unit.h"

#include <poll.h>

#include "base/clock.h"
#include "push/outcome.h"
#include "store/store.h"
#include "store/writer.h"

enum { LARGE = 16 << 20, TO_SPOOL = 1024 };     /* bytes, and milliseconds for them */

static int64_t database_until, spool_until;     /* the deadlines that they were given last */
static bool spool_well = true;

struct db *
pool_borrow(struct pool *pool, enum pool_use use, int64_t deadline)
{
	(void)pool, (void)use;
	database_until = deadline;
	return NULL;
}

void pool_return(struct pool *pool, enum pool_use use, struct db *db, bool stored) { (void)pool, (void)use, (void)db,
    (void)stored; }
void pool_count_spooled(struct pool *pool, int count) { (void)pool, (void)count; }
bool spool_is_well(const struct spool *spool) { (void)spool; return spool_well; }

void
store_pushes(struct db *db, struct fold *fold, struct push **pushes, int count, int64_t deadline,
    store_settled *settled, void *context)
{
	(void)db, (void)fold, (void)deadline;
	settled(context, pushes, count, NULL);
}

int
spool_put(struct spool *spool, struct push **pushes, int count, int64_t deadline)
{
	(void)spool, (void)pushes;
	spool_until = deadline;
	return count;
}

/* Has a writer carry a push to its end.  Returns its deadline. */
static int64_t
carry(size_t bytes, int64_t timeout_ms)
{
	struct queue *queue = queue_new(1000);
	struct writer *writer = writer_start(queue, NULL, NULL);
	struct push *push = push_new(NULL), *done;
	int64_t deadline;

	push->body = (struct slice){ strdup("a body that nobody reads"), bytes };
	(void)!queue_post(queue, push, timeout_ms, false);
	while ((done = queue_done(queue)) == NULL)
		poll(&(struct pollfd){ .fd = queue_descriptor(queue), .events = POLLIN }, 1, -1);
	assert_ptr_equal(done, push);
	assert_int_equal(push->outcome, OUTCOME_OK);
	deadline = push->deadline;
	queue_close(queue);
	writer_join(writer);
	push_unref(push);
	queue_free(queue);
	return deadline;
}

static void
the_database_has_all_the_time_of_a_small_push(void **state)
{
	int64_t deadline;

	deadline = carry(1000, 60 * 1000);
	assert_int_equal(database_until, deadline);
}

static void
of_a_large_push_it_leaves_the_spool_what_that_takes(void **state)
{
	int64_t deadline;

	deadline = carry(LARGE, 60 * 1000);
	assert_int_equal(database_until, deadline - TO_SPOOL);
}

static void
but_for_half_of_what_there_is(void **state)
{
	int64_t deadline;

	deadline = carry(LARGE, 2000);
	assert_true(deadline - database_until > 0 && deadline - database_until <= 1000);
}

static void
without_a_spool_nothing_is_left_for_it(void **state)
{
	int64_t deadline;

	spool_well = false;
	deadline = carry(LARGE, 60 * 1000);
	spool_well = true;
	assert_int_equal(database_until, deadline);
}

static void
a_sender_stores_a_push_as_a_writer_does(void **state)
{
	struct queue *queue = queue_new(1000);
	struct push *push = push_new(NULL);

	assert_true(queue_post(queue, push, 2000, true));
	writer_store(queue, NULL, NULL, push);
	assert_int_equal(database_until, push->deadline);
	assert_ptr_equal(queue_done(queue), push);
	assert_int_equal(push->outcome, OUTCOME_OK);
	push_unref(push);
	queue_free(queue);
}

/* 250 ms beyond the deadline, and not from now. */
static void
the_spool_has_the_time_that_a_large_push_takes(void **state)
{
	int64_t deadline;

	deadline = carry(LARGE, 700);
	assert_true(spool_until >= deadline + 240);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_database_has_all_the_time_of_a_small_push),
		cmocka_unit_test(of_a_large_push_it_leaves_the_spool_what_that_takes),
		cmocka_unit_test(but_for_half_of_what_there_is),
		cmocka_unit_test(without_a_spool_nothing_is_left_for_it),
		cmocka_unit_test(the_spool_has_the_time_that_a_large_push_takes),
		cmocka_unit_test(a_sender_stores_a_push_as_a_writer_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
