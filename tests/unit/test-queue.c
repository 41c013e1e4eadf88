/* The queue between senders and writers: order, limits, the deadline, and who holds a push when. */
#include "unit.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/queue.h"

enum {
	LONG = 60 * 1000,     /* milliseconds; nothing here lasts as long unless it hangs */
	SHORT = 20,
	ROOM = 16,
};

/* Somebody who hands in one push, keeps a reference to it, and asks what became of it. */
struct sender {
	struct push *push;
	enum outcome outcome;    /* OUTCOMES: not known yet */
};

static struct queue *queue;
static _Atomic int64_t stopped_at;    /* where the clock stands; 0: it goes */

int64_t
clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return stopped_at != 0 ? stopped_at : (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
clock_timestamp(void)
{
	static _Atomic int64_t stamp = 1000000;

	return ++stamp;
}

static int
new_queue(void **state)
{
	queue = queue_new(10);
	return 0;
}

static int
free_queue(void **state)
{
	queue_free(queue);
	return 0;
}

static void
start_with(struct sender *sender, size_t records, int64_t time)
{
	*sender = (struct sender){ .push = push_new(NULL), .outcome = OUTCOMES };
	sender->push->list.record_count = records;
	sender->push->request = (struct request *)sender;
	(void)!queue_post(queue, push_ref(sender->push), time, false);
}

/* As a sender that would store its push by itself.  Whether it is to. */
static bool
start_to_keep(struct sender *sender)
{
	*sender = (struct sender){ .push = push_new(NULL), .outcome = OUTCOMES };
	sender->push->request = (struct request *)sender;
	return queue_post(queue, push_ref(sender->push), LONG, true);
}

static void
start(struct sender *sender)
{
	start_with(sender, 1, LONG);
}

/* Tells the senders which pushes are done.  Gives how many that are. */
static int
tell_senders(void)
{
	struct push *push = queue_done(queue), *next;
	int count = 0;

	for (; push != NULL; push = next, count++) {
		struct sender *sender = (struct sender *)push->request;

		next = push->next;
		assert_int_equal(sender->outcome, OUTCOMES);
		sender->outcome = push->outcome;
		push_unref(push);
	}
	return count;
}

/* Waits for the descriptor, as a server does. */
static void
await_event(void)
{
	struct pollfd event = { .fd = queue_descriptor(queue), .events = POLLIN };

	assert_int_equal(poll(&event, 1, LONG), 1);
}

static enum outcome
join(struct sender *sender)
{
	while (tell_senders(), sender->outcome == OUTCOMES)
		await_event();
	push_unref(sender->push);
	return sender->outcome;
}

static void
a_push_is_taken_and_its_sender_told(void **state)
{
	static const enum outcome outcomes[] = { OUTCOME_OK, OUTCOME_UNAVAILABLE };
	struct push *pushes[ROOM];
	struct sender sender;

	for (size_t i = 0; i < COUNT(outcomes); i++) {
		start(&sender);
		assert_int_equal(queue_take(queue, pushes, ROOM, LONG), 1);
		assert_ptr_equal(pushes[0], sender.push);
		queue_settle(queue, pushes, 1, outcomes[i]);
		assert_int_equal(join(&sender), outcomes[i]);
	}
}

static void
pushes_are_taken_in_the_order_of_arrival(void **state)
{
	struct sender senders[5];
	struct push *pushes[ROOM];

	for (size_t i = 0; i < COUNT(senders); i++)
		start(&senders[i]);
	assert_int_equal(queue_take(queue, pushes, ROOM, LONG), COUNT(senders));
	for (size_t i = 0; i < COUNT(senders); i++)
		assert_ptr_equal(pushes[i], senders[i].push);
	queue_settle(queue, pushes, (int)COUNT(senders), OUTCOME_OK);
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

	for (size_t i = 0; i < COUNT(senders); i++)
		start(&senders[i]);
	for (size_t i = 0; i < COUNT(counts); i++) {
		assert_int_equal(queue_take(queue, pushes, 2, LONG), counts[i]);
		for (int j = 0; j < counts[i]; j++)
			assert_ptr_equal(pushes[j], senders[next++].push);
		queue_settle(queue, pushes, counts[i], OUTCOME_OK);
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

	for (size_t i = 0; i < COUNT(senders); i++)
		start_with(&senders[i], records[i], LONG);
	for (size_t i = 0; i < COUNT(counts); i++) {
		assert_int_equal(queue_take(queue, pushes, ROOM, LONG), counts[i]);
		assert_ptr_equal(pushes[0], senders[next].push);
		next += (size_t)counts[i];
		queue_settle(queue, pushes, counts[i], OUTCOME_OK);
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

	stopped_at = clock_ms();
	start(&first);
	assert_int_equal(queue_take(queue, taken, ROOM, LONG), 1);
	start(&few);
	assert_int_equal(queue_take(queue, pushes, ROOM, 0), 0);
	stopped_at += 50;
	assert_int_equal(queue_take(queue, pushes, ROOM, 0), 1);    /* the other may hang */
	queue_settle(queue, pushes, 1, OUTCOME_OK);
	start_with(&many, 1000, LONG);
	assert_int_equal(queue_take(queue, pushes, ROOM, 0), 1);
	queue_settle(queue, pushes, 1, OUTCOME_OK);
	assert_int_equal(join(&few), OUTCOME_OK);
	assert_int_equal(join(&many), OUTCOME_OK);
	start(&few);
	assert_int_equal(queue_take(queue, pushes, ROOM, 0), 0);
	queue_settle(queue, taken, 1, OUTCOME_OK);
	assert_int_equal(queue_take(queue, pushes, ROOM, 0), 1);    /* nothing is in flight any more */
	queue_settle(queue, pushes, 1, OUTCOME_OK);
	assert_int_equal(join(&first), OUTCOME_OK);
	assert_int_equal(join(&few), OUTCOME_OK);
	stopped_at = 0;
}

static bool
has_event(void)
{
	struct pollfd event = { .fd = queue_descriptor(queue), .events = POLLIN };

	return poll(&event, 1, 0) == 1;
}

static void
a_push_alone_is_left_to_its_sender(void **state)
{
	struct sender alone, next;
	struct push *pushes[ROOM];

	stopped_at = clock_ms();
	assert_true(start_to_keep(&alone));
	assert_false(start_to_keep(&next));
	assert_int_equal(queue_take(queue, pushes, ROOM, 0), 0);    /* the next waits, as behind a writer's batch */
	queue_settle(queue, &alone.push, 1, OUTCOME_OK);
	assert_false(has_event());
	assert_int_equal(tell_senders(), 1);
	assert_int_equal(join(&alone), OUTCOME_OK);
	assert_int_equal(queue_take(queue, pushes, ROOM, 0), 1);
	queue_settle(queue, pushes, 1, OUTCOME_OK);
	assert_true(has_event());
	assert_int_equal(join(&next), OUTCOME_OK);
	stopped_at = 0;
}

/* Alone it would be stored without those that follow at once. */
static void
a_push_behind_others_is_left_to_the_writers(void **state)
{
	struct sender senders[2], first, second, waiting;
	struct push *pushes[ROOM];

	start(&senders[0]);
	start(&senders[1]);
	assert_int_equal(queue_take(queue, pushes, ROOM, LONG), 2);
	queue_settle(queue, pushes, 2, OUTCOME_OK);
	assert_false(start_to_keep(&first));
	assert_int_equal(queue_take(queue, pushes, ROOM, LONG), 1);
	queue_settle(queue, pushes, 1, OUTCOME_OK);
	assert_true(start_to_keep(&second));
	start(&waiting);
	queue_settle(queue, &second.push, 1, OUTCOME_OK);
	assert_int_equal(queue_take(queue, pushes, ROOM, LONG), 1);
	queue_settle(queue, pushes, 1, OUTCOME_OK);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(join(&senders[i]), OUTCOME_OK);
	assert_int_equal(join(&first), OUTCOME_OK);
	assert_int_equal(join(&second), OUTCOME_OK);
	assert_int_equal(join(&waiting), OUTCOME_OK);
}

/* The timer tells another thread, since its own hangs with the database. */
static void
a_push_that_its_sender_keeps_is_given_up_all_the_same(void **state)
{
	struct sender sender;

	stopped_at = clock_ms();
	assert_true(start_to_keep(&sender));
	stopped_at += LONG;
	assert_int_equal(tell_senders(), 0);    /* so late a look only says that the process was stopped */
	stopped_at += QUEUE_SPOOL_TIME;
	assert_int_equal(join(&sender), OUTCOME_UNAVAILABLE);
	queue_settle(queue, &sender.push, 1, OUTCOME_OK);
	assert_int_equal(tell_senders(), 0);
	stopped_at = 0;
}

static void
an_idle_queue_gives_nothing(void **state)
{
	struct push *pushes[ROOM];
	int64_t before = clock_ms();

	assert_int_equal(queue_take(queue, pushes, ROOM, 0), 0);
	assert_int_equal(queue_take(queue, pushes, ROOM, SHORT), 0);
	assert_true(clock_ms() - before >= SHORT);
	assert_true(clock_ms() - before < LONG);
}

static void
a_push_nobody_takes_is_withdrawn_after_its_deadline(void **state)
{
	struct push *pushes[ROOM];
	struct sender sender;
	int64_t before = clock_ms();

	start_with(&sender, 1, SHORT);
	assert_int_equal(join(&sender), OUTCOME_UNAVAILABLE);
	assert_true(clock_ms() - before >= SHORT);
	assert_int_equal(queue_take(queue, pushes, ROOM, 0), 0);
}

/* Whichever place of the queue is given up, the others keep theirs, and new ones come behind. */
static void
a_push_withdrawn_leaves_the_others_in_order(void **state)
{
	for (size_t impatient = 0; impatient < 3; impatient++) {
		struct sender senders[3], late;
		struct push *pushes[ROOM];
		int taken = 0;

		stopped_at = clock_ms();
		for (size_t i = 0; i < 3; i++)
			start_with(&senders[i], 1, i == impatient ? SHORT : LONG);
		stopped_at += SHORT + QUEUE_SPOOL_TIME;
		assert_int_equal(join(&senders[impatient]), OUTCOME_UNAVAILABLE);
		start(&late);
		assert_int_equal(queue_take(queue, pushes, ROOM, LONG), 3);
		for (size_t i = 0; i < 3; i++)
			if (i != impatient)
				assert_ptr_equal(pushes[taken++], senders[i].push);
		assert_ptr_equal(pushes[2], late.push);
		queue_settle(queue, pushes, 3, OUTCOME_OK);
		for (size_t i = 0; i < 3; i++)
			if (i != impatient)
				assert_int_equal(join(&senders[i]), OUTCOME_OK);
		assert_int_equal(join(&late), OUTCOME_OK);
	}
	stopped_at = 0;
}

/* The writer's reference keeps it alive, and settling it at last tells nobody. */
static void
a_push_taken_outlives_the_sender_that_gave_up(void **state)
{
	struct push *pushes[ROOM];
	struct sender sender;

	stopped_at = clock_ms();
	start_with(&sender, 0, SHORT);
	assert_int_equal(queue_take(queue, pushes, ROOM, LONG), 1);
	stopped_at += SHORT + QUEUE_SPOOL_TIME;
	assert_int_equal(join(&sender), OUTCOME_UNAVAILABLE);
	assert_int_equal(pushes[0]->references, 1);
	assert_int_equal(pushes[0]->list.record_count, 0);
	queue_settle(queue, pushes, 1, OUTCOME_OK);
	assert_int_equal(tell_senders(), 0);
	stopped_at = 0;
	assert_int_equal(queue_take(queue, pushes, ROOM, 0), 0);
}

/* Its writer was stopped too, and may have it spooled. */
static void
a_push_is_not_given_up_because_the_process_was_stopped(void **state)
{
	struct sender senders[2];
	struct push *pushes[ROOM];

	stopped_at = clock_ms();
	for (size_t i = 0; i < 2; i++)
		start_with(&senders[i], 1, SHORT);
	assert_int_equal(queue_take(queue, pushes, 1, LONG), 1);
	stopped_at += LONG;
	assert_int_equal(tell_senders(), 0);
	queue_settle(queue, pushes, 1, OUTCOME_OK);
	assert_int_equal(join(&senders[0]), OUTCOME_OK);
	stopped_at += QUEUE_SPOOL_TIME;
	assert_int_equal(join(&senders[1]), OUTCOME_UNAVAILABLE);
	stopped_at = 0;
}

/* A whole batch is one event, and what was told is not told again. */
static void
a_batch_is_done_at_once(void **state)
{
	struct pollfd event = { .fd = queue_descriptor(queue), .events = POLLIN };
	struct sender senders[5];
	struct push *pushes[ROOM];

	for (size_t i = 0; i < COUNT(senders); i++)
		start(&senders[i]);
	assert_int_equal(tell_senders(), 0);
	assert_int_equal(poll(&event, 1, 0), 0);
	assert_int_equal(queue_take(queue, pushes, ROOM, LONG), COUNT(senders));
	queue_settle(queue, pushes, COUNT(senders), OUTCOME_OK);
	await_event();
	assert_int_equal(tell_senders(), COUNT(senders));
	assert_int_equal(tell_senders(), 0);
	assert_int_equal(poll(&event, 1, 0), 0);
	for (size_t i = 0; i < COUNT(senders); i++)
		assert_int_equal(join(&senders[i]), OUTCOME_OK);
}

static void
batches_may_be_settled_in_any_order(void **state)
{
	struct push *first[1], *second[1];
	struct sender senders[2];

	for (size_t i = 0; i < 2; i++)
		start(&senders[i]);
	assert_int_equal(queue_take(queue, first, 1, LONG), 1);
	assert_int_equal(queue_take(queue, second, 1, LONG), 1);
	queue_settle(queue, second, 1, OUTCOME_OK);
	assert_int_equal(join(&senders[1]), OUTCOME_OK);
	queue_settle(queue, first, 1, OUTCOME_UNAVAILABLE);
	assert_int_equal(join(&senders[0]), OUTCOME_UNAVAILABLE);
}

static void
what_waits_at_the_close_is_still_taken(void **state)
{
	struct sender senders[3];
	struct push *pushes[2];

	for (size_t i = 0; i < 3; i++)
		start(&senders[i]);
	queue_close(queue);
	assert_int_equal(queue_take(queue, pushes, 2, LONG), 2);
	queue_settle(queue, pushes, 2, OUTCOME_OK);
	assert_int_equal(queue_take(queue, pushes, 2, LONG), 1);
	queue_settle(queue, pushes, 1, OUTCOME_OK);
	assert_int_equal(queue_take(queue, pushes, 2, LONG), QUEUE_CLOSED);
	assert_int_equal(queue_take(queue, pushes, 2, 0), QUEUE_CLOSED);
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

	while ((taker->last = queue_take(queue, pushes, ROOM, LONG)) > 0) {
		taker->taken += taker->last;
		queue_settle(queue, pushes, taker->last, taker->outcome);
	}
	return NULL;
}

static void
the_close_wakes_every_writer(void **state)
{
	struct taker takers[3];

	for (size_t i = 0; i < COUNT(takers); i++) {
		takers[i] = (struct taker){ .outcome = OUTCOME_OK };
		assert_int_equal(pthread_create(&takers[i].thread, NULL, take_pushes, &takers[i]), 0);
	}
	queue_close(queue);
	for (size_t i = 0; i < COUNT(takers); i++) {
		assert_int_equal(pthread_join(takers[i].thread, NULL), 0);
		assert_int_equal(takers[i].last, QUEUE_CLOSED);
	}
}

/* However the first one fares: the second waits since before the push came, or comes later. */
static void
a_second_writer_comes_to_the_help_of_a_slow_one(void **state)
{
	struct taker taker = { .outcome = OUTCOME_OK };
	struct sender first, second;
	struct push *pushes[ROOM];
	int64_t before = clock_ms();

	start(&first);
	assert_int_equal(queue_take(queue, pushes, ROOM, LONG), 1);
	assert_int_equal(pthread_create(&taker.thread, NULL, take_pushes, &taker), 0);
	for (int i = 0; i < 20; i++) {
		start(&second);
		assert_int_equal(join(&second), OUTCOME_OK);
	}
	assert_true(clock_ms() - before < LONG / 2);
	queue_settle(queue, pushes, 1, OUTCOME_OK);
	assert_int_equal(join(&first), OUTCOME_OK);
	queue_close(queue);
	assert_int_equal(pthread_join(taker.thread, NULL), 0);
	assert_int_equal(taker.taken, 20);
}

enum { POSTERS = 8, PUSHES_EACH = 300 };

/* Hands in one push after the other, some with hardly any time, and waits for none. */
struct poster {
	pthread_t     thread;
	struct sender senders[PUSHES_EACH];
};

static void *
post_many(void *argument)
{
	struct poster *poster = argument;

	for (int i = 0; i < PUSHES_EACH; i++)
		start_with(&poster->senders[i], 1, i % 3 == 0 ? i % 2 : LONG);
	return NULL;
}

static void
a_crowd_is_served_without_losing_one(void **state)
{
	static struct poster posters[POSTERS];
	struct taker takers[2];
	int told = 0, stored = 0, taken = 0;

	for (size_t i = 0; i < COUNT(takers); i++) {
		takers[i] = (struct taker){ .outcome = OUTCOME_OK };
		assert_int_equal(pthread_create(&takers[i].thread, NULL, take_pushes, &takers[i]), 0);
	}
	for (size_t i = 0; i < POSTERS; i++)
		assert_int_equal(pthread_create(&posters[i].thread, NULL, post_many, &posters[i]), 0);
	while ((told += tell_senders()) < POSTERS * PUSHES_EACH)
		await_event();
	for (size_t i = 0; i < POSTERS; i++) {
		assert_int_equal(pthread_join(posters[i].thread, NULL), 0);
		for (size_t j = 0; j < PUSHES_EACH; j++) {
			stored += posters[i].senders[j].outcome == OUTCOME_OK;
			push_unref(posters[i].senders[j].push);
		}
	}
	queue_close(queue);
	for (size_t i = 0; i < COUNT(takers); i++) {
		assert_int_equal(pthread_join(takers[i].thread, NULL), 0);
		taken += takers[i].taken;
	}
	assert_int_equal(told, POSTERS * PUSHES_EACH);
	assert_true(taken >= stored);
	assert_true(stored >= POSTERS * PUSHES_EACH * 2 / 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, new_queue, free_queue)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_push_is_taken_and_its_sender_told),
		TEST(pushes_are_taken_in_the_order_of_arrival),
		TEST(no_more_are_taken_than_there_is_room_for),
		TEST(no_more_records_are_taken_than_the_limit),
		TEST(a_few_records_are_left_to_the_writer_that_stores),
		TEST(a_push_alone_is_left_to_its_sender),
		TEST(a_push_behind_others_is_left_to_the_writers),
		TEST(a_push_that_its_sender_keeps_is_given_up_all_the_same),
		TEST(an_idle_queue_gives_nothing),
		TEST(a_batch_is_done_at_once),
		TEST(a_push_nobody_takes_is_withdrawn_after_its_deadline),
		TEST(a_push_withdrawn_leaves_the_others_in_order),
		TEST(a_push_taken_outlives_the_sender_that_gave_up),
		TEST(a_push_is_not_given_up_because_the_process_was_stopped),
		TEST(batches_may_be_settled_in_any_order),
		TEST(what_waits_at_the_close_is_still_taken),
		TEST(the_close_wakes_every_writer),
		TEST(a_second_writer_comes_to_the_help_of_a_slow_one),
		TEST(a_crowd_is_served_without_losing_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
