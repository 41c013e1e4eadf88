/* The queue between senders and writers: order, limits, the deadline, and who holds a push when. */
#include "unit.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#include "batch.h"
#include "clock.h"

enum {
	LONG = 60 * 1000,     /* milliseconds; nothing here lasts as long unless it hangs */
	SHORT = 20,
	TAKEABLE = 1000,      /* long enough for a taker to come first, on any machine */
	ROOM = 16,
};

/* A thread that hands in one push and waits. */
struct sender {
	pthread_t     thread;
	struct batch *batch;
	struct push  *push;
	int64_t       time;
	enum outcome  outcome;
};

static struct batch *batch;
static _Atomic int64_t stopped_at;    /* where the clock stands; 0: it goes */

int64_t
clock_monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return stopped_at != 0 ? stopped_at : (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
clock_stamp(void)
{
	static _Atomic int64_t stamp = 1000000;

	return ++stamp;
}

static int
new_batch(void **state)
{
	(void)state;
	batch = batch_new(10);
	return 0;
}

static int
free_batch(void **state)
{
	(void)state;
	batch_free(batch);
	return 0;
}

static void *
send_push(void *argument)
{
	struct sender *sender = argument;

	sender->outcome = batch_submit(sender->batch, sender->push, sender->time);
	return NULL;
}

/* Starts a sender and waits until its push is in the queue: the queue holds it then, too. */
static void
start_with(struct sender *sender, size_t records, int64_t time)
{
	*sender = (struct sender){ .batch = batch, .push = push_new(NULL), .time = time, .outcome = OUTCOMES };
	sender->push->list.record_count = records;
	assert_int_equal(pthread_create(&sender->thread, NULL, send_push, sender), 0);
	while (time == LONG && sender->push->holders < 2)
		sched_yield();
}

static void
start(struct sender *sender)
{
	start_with(sender, 1, LONG);
}

static enum outcome
join(struct sender *sender)
{
	assert_int_equal(pthread_join(sender->thread, NULL), 0);
	push_release(sender->push);
	return sender->outcome;
}

static void
a_push_is_taken_and_its_sender_told(void **state)
{
	static const enum outcome outcomes[] = { OUTCOME_OK, OUTCOME_UNAVAILABLE };
	struct push *pushes[ROOM];
	struct sender sender;

	(void)state;
	for (size_t i = 0; i < COUNT(outcomes); i++) {
		start(&sender);
		assert_int_equal(batch_take(batch, pushes, ROOM, LONG), 1);
		assert_ptr_equal(pushes[0], sender.push);
		batch_settle(batch, pushes, 1, outcomes[i]);
		assert_int_equal(join(&sender), outcomes[i]);
	}
}

static void
pushes_are_taken_in_the_order_of_arrival(void **state)
{
	struct sender senders[5];
	struct push *pushes[ROOM];

	(void)state;
	for (size_t i = 0; i < COUNT(senders); i++)
		start(&senders[i]);
	assert_int_equal(batch_take(batch, pushes, ROOM, LONG), COUNT(senders));
	for (size_t i = 0; i < COUNT(senders); i++)
		assert_ptr_equal(pushes[i], senders[i].push);
	batch_settle(batch, pushes, (int)COUNT(senders), OUTCOME_OK);
	for (size_t i = 0; i < COUNT(senders); i++)
		assert_int_equal(join(&senders[i]), OUTCOME_OK);
}

static void
no_more_are_taken_than_there_is_room_for(void **state)
{
	static const int counts[] = { 2, 2, 1 };
	struct sender senders[5];
	struct push *pushes[2];
	size_t next = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(senders); i++)
		start(&senders[i]);
	for (size_t i = 0; i < COUNT(counts); i++) {
		assert_int_equal(batch_take(batch, pushes, 2, LONG), counts[i]);
		for (int j = 0; j < counts[i]; j++)
			assert_ptr_equal(pushes[j], senders[next++].push);
		batch_settle(batch, pushes, counts[i], OUTCOME_OK);
	}
	for (size_t i = 0; i < COUNT(senders); i++)
		assert_int_equal(join(&senders[i]), OUTCOME_OK);
}

static void
no_more_records_are_taken_than_the_limit(void **state)
{
	static const size_t records[] = { 4, 6, 1, 25, 0, 10, 3, 7, 1 };
	static const int counts[] = { 2, 1, 1, 2, 2, 1 };      /* of a limit of 10; 25 goes alone */
	struct sender senders[COUNT(records)];
	struct push *pushes[ROOM];
	size_t next = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(senders); i++)
		start_with(&senders[i], records[i], LONG);
	for (size_t i = 0; i < COUNT(counts); i++) {
		assert_int_equal(batch_take(batch, pushes, ROOM, LONG), counts[i]);
		assert_ptr_equal(pushes[0], senders[next].push);
		next += (size_t)counts[i];
		batch_settle(batch, pushes, counts[i], OUTCOME_OK);
	}
	for (size_t i = 0; i < COUNT(senders); i++)
		assert_int_equal(join(&senders[i]), OUTCOME_OK);
}

/* One writer stores; another asks what it may take. */
static void
a_few_records_are_left_to_the_writer_that_stores(void **state)
{
	struct sender first, few, many;
	struct push *taken[ROOM], *pushes[ROOM];

	(void)state;
	stopped_at = clock_monotonic();
	start(&first);
	assert_int_equal(batch_take(batch, taken, ROOM, LONG), 1);
	start(&few);
	assert_int_equal(batch_take(batch, pushes, ROOM, 0), 0);
	stopped_at += 50;
	assert_int_equal(batch_take(batch, pushes, ROOM, 0), 1);    /* the other may hang */
	batch_settle(batch, pushes, 1, OUTCOME_OK);
	start_with(&many, 1000, LONG);
	assert_int_equal(batch_take(batch, pushes, ROOM, 0), 1);
	batch_settle(batch, pushes, 1, OUTCOME_OK);
	assert_int_equal(join(&few), OUTCOME_OK);
	assert_int_equal(join(&many), OUTCOME_OK);
	start(&few);
	assert_int_equal(batch_take(batch, pushes, ROOM, 0), 0);
	batch_settle(batch, taken, 1, OUTCOME_OK);
	assert_int_equal(batch_take(batch, pushes, ROOM, 0), 1);    /* nothing is in hand any more */
	batch_settle(batch, pushes, 1, OUTCOME_OK);
	assert_int_equal(join(&first), OUTCOME_OK);
	assert_int_equal(join(&few), OUTCOME_OK);
	stopped_at = 0;
}

static void
an_idle_queue_gives_nothing(void **state)
{
	struct push *pushes[ROOM];
	int64_t before = clock_monotonic();

	(void)state;
	assert_int_equal(batch_take(batch, pushes, ROOM, 0), 0);
	assert_int_equal(batch_take(batch, pushes, ROOM, SHORT), 0);
	assert_true(clock_monotonic() - before >= SHORT);
}

static void
a_push_nobody_takes_is_withdrawn_at_its_deadline(void **state)
{
	struct push *pushes[ROOM], *push = push_new(NULL);
	int64_t before = clock_monotonic();

	(void)state;
	assert_int_equal(batch_submit(batch, push, SHORT), OUTCOME_UNAVAILABLE);
	assert_true(clock_monotonic() - before >= SHORT);
	assert_int_equal(push->holders, 1);
	push_release(push);
	assert_int_equal(batch_take(batch, pushes, ROOM, 0), 0);
}

/* Whichever place of the queue is given up, the others keep theirs, and new ones come behind. */
static void
a_push_withdrawn_leaves_the_others_in_order(void **state)
{
	(void)state;
	for (size_t impatient = 0; impatient < 3; impatient++) {
		struct sender senders[3], late;
		struct push *pushes[ROOM];
		int taken = 0;

		for (size_t i = 0; i < 3; i++)
			start_with(&senders[i], 1, i == impatient ? TAKEABLE / 10 : LONG);
		assert_int_equal(join(&senders[impatient]), OUTCOME_UNAVAILABLE);
		start(&late);
		assert_int_equal(batch_take(batch, pushes, ROOM, LONG), 3);
		for (size_t i = 0; i < 3; i++)
			if (i != impatient)
				assert_ptr_equal(pushes[taken++], senders[i].push);
		assert_ptr_equal(pushes[2], late.push);
		batch_settle(batch, pushes, 3, OUTCOME_OK);
		for (size_t i = 0; i < 3; i++)
			if (i != impatient)
				assert_int_equal(join(&senders[i]), OUTCOME_OK);
		assert_int_equal(join(&late), OUTCOME_OK);
	}
}

static void
a_push_taken_outlives_the_sender_that_gave_up(void **state)
{
	struct push *pushes[ROOM];
	struct sender sender;

	(void)state;
	start_with(&sender, 0, TAKEABLE);
	assert_int_equal(batch_take(batch, pushes, ROOM, LONG), 1);
	assert_int_equal(join(&sender), OUTCOME_UNAVAILABLE);
	assert_int_equal(pushes[0]->holders, 1);
	assert_int_equal(pushes[0]->list.record_count, 0);
	batch_settle(batch, pushes, 1, OUTCOME_OK);
	assert_int_equal(batch_take(batch, pushes, ROOM, 0), 0);
}

static void
a_sender_that_gave_up_may_send_again(void **state)
{
	struct push *pushes[ROOM];
	struct sender sender;
	struct push *push = push_new(NULL);

	(void)state;
	assert_int_equal(batch_submit(batch, push, 0), OUTCOME_UNAVAILABLE);
	push_release(push);
	start(&sender);
	assert_int_equal(batch_take(batch, pushes, ROOM, LONG), 1);
	assert_ptr_equal(pushes[0], sender.push);
	batch_settle(batch, pushes, 1, OUTCOME_OK);
	assert_int_equal(join(&sender), OUTCOME_OK);
}

static void
batches_may_be_settled_in_any_order(void **state)
{
	struct push *first[1], *second[1];
	struct sender senders[2];

	(void)state;
	for (size_t i = 0; i < 2; i++)
		start(&senders[i]);
	assert_int_equal(batch_take(batch, first, 1, LONG), 1);
	assert_int_equal(batch_take(batch, second, 1, LONG), 1);
	batch_settle(batch, second, 1, OUTCOME_OK);
	assert_int_equal(join(&senders[1]), OUTCOME_OK);
	batch_settle(batch, first, 1, OUTCOME_UNAVAILABLE);
	assert_int_equal(join(&senders[0]), OUTCOME_UNAVAILABLE);
}

static void
what_waits_at_the_close_is_still_taken(void **state)
{
	struct sender senders[3];
	struct push *pushes[2];

	(void)state;
	for (size_t i = 0; i < 3; i++)
		start(&senders[i]);
	batch_close(batch);
	assert_int_equal(batch_take(batch, pushes, 2, LONG), 2);
	batch_settle(batch, pushes, 2, OUTCOME_OK);
	assert_int_equal(batch_take(batch, pushes, 2, LONG), 1);
	batch_settle(batch, pushes, 1, OUTCOME_OK);
	assert_int_equal(batch_take(batch, pushes, 2, LONG), BATCH_CLOSED);
	assert_int_equal(batch_take(batch, pushes, 2, 0), BATCH_CLOSED);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(join(&senders[i]), OUTCOME_OK);
}

/* A writer: takes and settles until the queue is closed. */
struct taker {
	pthread_t    thread;
	enum outcome outcome;
	int          taken;
	int          last;
};

static void *
take_pushes(void *argument)
{
	struct taker *taker = argument;
	struct push *pushes[ROOM];

	while ((taker->last = batch_take(batch, pushes, ROOM, LONG)) > 0) {
		taker->taken += taker->last;
		batch_settle(batch, pushes, taker->last, taker->outcome);
	}
	return NULL;
}

static void
the_close_wakes_every_writer(void **state)
{
	struct taker takers[3];

	(void)state;
	for (size_t i = 0; i < COUNT(takers); i++) {
		takers[i] = (struct taker){ .outcome = OUTCOME_OK };
		assert_int_equal(pthread_create(&takers[i].thread, NULL, take_pushes, &takers[i]), 0);
	}
	batch_close(batch);
	for (size_t i = 0; i < COUNT(takers); i++) {
		assert_int_equal(pthread_join(takers[i].thread, NULL), 0);
		assert_int_equal(takers[i].last, BATCH_CLOSED);
	}
}

enum { SENDERS = 8, PUSHES_EACH = 300 };

/* Hands in one push after the other, some with hardly any time. */
struct crowd {
	pthread_t thread;
	int       stored;
	int       given_up;
};

static void *
send_many(void *argument)
{
	struct crowd *crowd = argument;

	for (int i = 0; i < PUSHES_EACH; i++) {
		struct push *push = push_new(NULL);
		enum outcome outcome = batch_submit(batch, push, i % 3 == 0 ? i % 2 : LONG);

		crowd->stored += outcome == OUTCOME_OK;
		crowd->given_up += outcome == OUTCOME_UNAVAILABLE;
		push_release(push);
	}
	return NULL;
}

static void
a_crowd_is_served_without_losing_one(void **state)
{
	struct crowd senders[SENDERS];
	struct taker takers[2];
	int stored = 0, given_up = 0, taken = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(takers); i++) {
		takers[i] = (struct taker){ .outcome = OUTCOME_OK };
		assert_int_equal(pthread_create(&takers[i].thread, NULL, take_pushes, &takers[i]), 0);
	}
	for (size_t i = 0; i < SENDERS; i++) {
		senders[i] = (struct crowd){ 0 };
		assert_int_equal(pthread_create(&senders[i].thread, NULL, send_many, &senders[i]), 0);
	}
	for (size_t i = 0; i < SENDERS; i++) {
		assert_int_equal(pthread_join(senders[i].thread, NULL), 0);
		stored += senders[i].stored;
		given_up += senders[i].given_up;
	}
	batch_close(batch);
	for (size_t i = 0; i < COUNT(takers); i++) {
		assert_int_equal(pthread_join(takers[i].thread, NULL), 0);
		taken += takers[i].taken;
	}
	assert_int_equal(stored + given_up, SENDERS * PUSHES_EACH);
	assert_true(given_up <= SENDERS * PUSHES_EACH / 3);
	assert_true(taken >= stored);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, new_batch, free_batch)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_push_is_taken_and_its_sender_told),
		TEST(pushes_are_taken_in_the_order_of_arrival),
		TEST(no_more_are_taken_than_there_is_room_for),
		TEST(no_more_records_are_taken_than_the_limit),
		TEST(a_few_records_are_left_to_the_writer_that_stores),
		TEST(an_idle_queue_gives_nothing),
		TEST(a_push_nobody_takes_is_withdrawn_at_its_deadline),
		TEST(a_push_withdrawn_leaves_the_others_in_order),
		TEST(a_push_taken_outlives_the_sender_that_gave_up),
		TEST(a_sender_that_gave_up_may_send_again),
		TEST(batches_may_be_settled_in_any_order),
		TEST(what_waits_at_the_close_is_still_taken),
		TEST(the_close_wakes_every_writer),
		TEST(a_crowd_is_served_without_losing_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
