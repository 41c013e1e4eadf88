/*
 * The lists of connections: each is on one, those that expire in order; and the slots in flight, first come, first
 * served.
 */
#include "unit.h"

#include "front/connection.h"
#include "front/exchange.h"
#include "front/request.h"

static struct connections connections;

static struct connection *
make(size_t body_size)
{
	struct connection *connection = connection_new(&connections);

	connection_reset(connection, 0);
	connection_move(&connections, connection, CONNECTION_SERVED, CONNECTION_NEVER);
	connection->request = calloc(1, sizeof *connection->request);
	connection->request->body.size = body_size;
	return connection;
}

static void
release(struct connection *connection)
{
	connection_release_slot(&connections, connection);
	free(connection->request);
	connection->request = NULL;
	connection_move(&connections, connection, CONNECTION_UNUSED, CONNECTION_NEVER);
}

static int
begin(void **state)
{
	connection_init(&connections, 2, 100, 300);
	return 0;
}

static int
end(void **state)
{
	assert_int_equal(connections.count, 0);
	assert_int_equal(connections.in_flight, 0);
	assert_int_equal(connections.grown, 0);
	connection_free_all(&connections);
	return 0;
}

static void
lists_are_in_order_of_coming(void **state)
{
	struct connection *all[5];

	for (size_t i = 0; i < COUNT(all); i++)
		connection_move(&connections, all[i] = make(0), CONNECTION_IDLE, CONNECTION_NEVER);
	assert_int_equal(connections.count, COUNT(all));
	connection_move(&connections, all[0], CONNECTION_SERVED, CONNECTION_NEVER);
	connection_move(&connections, all[0], CONNECTION_IDLE, CONNECTION_NEVER);
	connection_move(&connections, all[3], CONNECTION_LINGERING, 1);
	for (size_t i = 0; i < 4; i++) {
		static const size_t order[] = { 1, 2, 4, 0 };

		assert_ptr_equal(connection_first(&connections, CONNECTION_IDLE), all[order[i]]);
		release(all[order[i]]);
	}
	assert_null(connection_first(&connections, CONNECTION_IDLE));
	assert_int_equal(connections.count, 1);
	release(all[3]);
}

static void
what_expires_first_comes_first(void **state)
{
	static const int64_t times[] = { 50, 20, 90, 20, 70, 10, 60 };
	static const enum connection_state states[] = { CONNECTION_HEAD, CONNECTION_BODY, CONNECTION_DRAINING };
	int64_t last = 0;

	connection_move(&connections, make(0), CONNECTION_IDLE, CONNECTION_NEVER);
	assert_null(connection_next_to_expire(&connections));
	for (size_t i = 0; i < COUNT(times); i++)
		for (size_t j = 0; j < COUNT(states); j++)
			connection_move(&connections, make(0), states[j], times[i] + (int64_t)j);
	for (size_t i = 0; i < COUNT(times) * COUNT(states); i++) {
		struct connection *next = connection_next_to_expire(&connections);

		assert_true(next->expires >= last);
		last = next->expires;
		release(next);
	}
	assert_null(connection_next_to_expire(&connections));
	release(connection_first(&connections, CONNECTION_IDLE));
}

static void
connections_are_used_again(void **state)
{
	struct connection *first = make(0);

	release(first);
	assert_ptr_equal(make(0), first);
	release(first);
}

static void
a_free_slot_goes_to_who_waited_longest(void **state)
{
	struct connection *all[5];

	for (size_t i = 0; i < COUNT(all); i++) {
		all[i] = make(10);
		assert_int_equal(connection_take_slot(&connections, all[i]), i < 2);
	}
	assert_null(connection_next_ready(&connections));
	connection_release_slot(&connections, all[0]);
	assert_ptr_equal(connection_next_ready(&connections), all[2]);
	assert_int_equal(all[2]->state, CONNECTION_SERVED);
	assert_true(all[2]->has_slot);
	assert_null(connection_next_ready(&connections));
	/* one that comes now is behind those that wait, though there is a slot */
	connection_release_slot(&connections, all[1]);
	assert_false(connection_take_slot(&connections, all[0]));
	for (size_t i = 3; i < 6; i++) {
		assert_ptr_equal(connection_next_ready(&connections), all[i % 5]);
		connection_release_slot(&connections, all[i % 5]);
	}
	for (size_t i = 0; i < COUNT(all); i++)
		release(all[i]);
}

static void
a_body_begins_with_what_a_slot_has(void **state)
{
	static const size_t sizes[] = { 0, 1, 99, 100, 101, 400 };

	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct connection *connection = make(sizes[i]);

		assert_true(connection_take_slot(&connections, connection));
		assert_int_equal(connection->reserved, sizes[i] < 100 ? sizes[i] : 100);
		release(connection);
	}
}

static void
large_bodies_share_what_there_is(void **state)
{
	struct connection *all[4];

	connections.in_flight_max = 4;
	for (size_t i = 0; i < COUNT(all); i++) {
		all[i] = make(220);
		assert_true(connection_take_slot(&connections, all[i]));
	}
	assert_true(connection_take_room(&connections, all[0]));
	assert_int_equal(all[0]->reserved, 220);
	assert_true(connection_take_room(&connections, all[1]));
	assert_false(connection_take_room(&connections, all[2]));
	assert_int_equal(connections.grown, 240);
	assert_false(connection_take_room(&connections, all[3]));
	assert_null(connection_next_ready(&connections));
	connection_release_slot(&connections, all[1]);
	assert_ptr_equal(connection_next_ready(&connections), all[2]);
	assert_int_equal(all[2]->reserved, 220);
	assert_null(connection_next_ready(&connections));
	connection_release_slot(&connections, all[0]);
	assert_ptr_equal(connection_next_ready(&connections), all[3]);
	for (size_t i = 0; i < COUNT(all); i++)
		release(all[i]);
}

/* While large bodies wait for memory, small ones need none of it. */
static void
small_bodies_pass_large_ones(void **state)
{
	struct connection *large[2], *small;

	connections.in_flight_max = 3;
	for (size_t i = 0; i < COUNT(large); i++) {
		large[i] = make(400);
		assert_true(connection_take_slot(&connections, large[i]));
		assert_int_equal(connection_take_room(&connections, large[i]), i == 0);
	}
	small = make(50);
	assert_true(connection_take_slot(&connections, small));
	assert_int_equal(small->reserved, 50);
	release(small);
	assert_null(connection_next_ready(&connections));
	connection_release_slot(&connections, large[0]);
	assert_ptr_equal(connection_next_ready(&connections), large[1]);
	release(large[0]);
	release(large[1]);
}

/* A large body may take longer than a small one; one that trickles has its end all the same. */
static void
a_body_has_time_for_what_has_come_of_it(void **state)
{
	struct connection *connection = make(0);

	connection->since = 5000;
	assert_true(exchange_expiry(connection, CONNECTION_BODY) == 25000);
	connection->request->body.length = 16 * 1000;
	assert_true(exchange_expiry(connection, CONNECTION_BODY) == 26000);
	release(connection);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(lists_are_in_order_of_coming),
		TEST(what_expires_first_comes_first),
		TEST(connections_are_used_again),
		TEST(a_free_slot_goes_to_who_waited_longest),
		TEST(a_body_begins_with_what_a_slot_has),
		TEST(large_bodies_share_what_there_is),
		TEST(small_bodies_pass_large_ones),
		TEST(a_body_has_time_for_what_has_come_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
