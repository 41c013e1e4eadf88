/*
 * Storing: what is in the database in the end, and what it takes, with a database of the test's own that refuses at
 * will.
 */
#include "pushes.h"

#include "base/clock.h"
#include "store/store.h"

enum { PUSHES = PUSHES_MAX, RECORDS = 16, NEVER = 1 << 20 };

/* It refuses the records of the vdns that are marked, as one that refuses a transaction with any of them does. */
struct db {
	bool connected;
	bool refused[PUSHES * RECORDS];
	bool refuses_whole;      /* also whole bodies */
	bool refuses_times;      /* also pushes that did not arrive just now */
	bool dry_runs_fail;        /* by its own trouble, and nothing else does */
	int  calls, calls_left;
	int  rule_ends;          /* at this call, and refuses nothing from then on; 0: it does not */
	int  stored, whole, rejects;
};

static struct db db;
static int settled_order[PUSHES], settled_count, stored_count;

/* --- what stands in the place of db.c ------------------------------------------------------------------------ */

static bool
takes(const struct fold *fold)
{
	for (size_t i = 0; i < fold->count && (db.rule_ends == 0 || db.calls < db.rule_ends); i++)
		if (db.refused[fold->rows[i].record->value[RECORD_VDN_ID].number])
			return false;
	return true;
}

static enum db_result
call(const struct fold *fold)
{
	db.calls++;
	if (db.calls_left-- <= 0)
		db.connected = false;
	return !db.connected ? DB_UNAVAILABLE : takes(fold) ? DB_STORED : DB_BAD_RECORD;
}

enum db_result
db_store(struct db *used, struct push **batch, int count, const struct fold *fold, int64_t deadline,
    struct db_counts *counts)
{
	enum db_result result = call(fold);

	assert_ptr_equal(used, &db);
	for (int i = 0; i < count && result == DB_STORED; i++)
		if ((db.refuses_whole && batch[i]->fault != NULL) || (db.refuses_times && batch[i]->received_at == 1))
			result = DB_BAD_RECORD;
	if (result != DB_STORED)
		return result;
	counts->inserted = (int64_t)fold->count;
	db.stored += (int)fold->count;
	for (int i = 0; i < count; i++) {
		db.whole += batch[i]->fault != NULL;
		db.rejects += batch[i]->fault == NULL ? (int)batch[i]->list.reject_count : 0;
	}
	return DB_STORED;
}

enum db_result
db_dry_run(struct db *used, struct push *push, const struct fold *fold, int64_t deadline)
{
	enum db_result result = call(fold);

	if (db.dry_runs_fail)
		return DB_UNAVAILABLE;
	return result == DB_STORED && db.refuses_times && push->received_at == 1 ? DB_BAD_RECORD : result;
}

bool
db_is_connected(const struct db *used)
{
	return used->connected;
}

const char *
db_refusal(const struct db *used)
{
	return "the test refuses it";
}

/* --- helpers ------------------------------------------------------------------------------------------------- */

/* Pushes of so many records; the vdn counts them all. */
static void
make(int count, int records)
{
	db = (struct db){ .connected = true, .calls_left = NEVER };
	settled_count = stored_count = 0;
	while (push_count < count) {
		char body[RECORDS * 80], *end = body;

		for (int i = 0; i < records; i++)
			end += sprintf(end, "%c{\"campaignId\":\"1\",\"callId\":\"x\",\"callStatus\":5,\"vdnId\":%d}",
			    i == 0 ? '[' : ',', push_count * records + i);
		strcpy(end, "]");
		assert_int_equal(arrives(body)->list.record_count, records);
	}
}

static void
settled(void *context, struct push **batch, int count, const struct db_counts *counts)
{
	for (int i = 0; i < count; i++) {
		assert_ptr_equal(batch[i], pushes[settled_count]);
		settled_order[settled_count++] = counts != NULL;
		stored_count += counts != NULL;
	}
}

static void
store(void)
{
	struct fold fold = { 0 };

	store_pushes(&db, &fold, pushes, push_count, clock_ms() + 1000, settled, NULL);
	assert_int_equal(settled_count, push_count);
	fold_free(&fold);
}

static int
forget(void **state)
{
	drop_pushes();
	return 0;
}

/* --- tests --------------------------------------------------------------------------------------------------- */

static void
good_pushes_are_one_transaction(void **state)
{
	make(PUSHES, 3);
	store();
	assert_int_equal(stored_count, PUSHES);
	assert_int_equal(db.stored, 3 * PUSHES);
	assert_int_equal(db.calls, 1);
}

/* Wherever it stands, by halving: far less than a transaction a push. */
static void
one_refused_record_costs_no_other(void **state)
{
	static const int places[] = { 0, 1, 77, 128, 3 * PUSHES - 1 };

	for (size_t i = 0; i < COUNT(places); i++) {
		make(PUSHES, 3);
		db.refused[places[i]] = true;
		store();
		assert_int_equal(stored_count, PUSHES);
		assert_int_equal(db.stored, 3 * PUSHES - 1);
		assert_int_equal(db.rejects, 1);
		assert_int_equal(db.whole, 0);
		assert_in_range(db.calls, 1, 24);
		forget(state);
	}
}

static void
every_refused_record_is_found(void **state)
{
	for (int step = 1; step < 8; step++) {
		int refused = 0;

		make(8, RECORDS);
		for (int i = 0; i < 8 * RECORDS; i += step, refused++)
			db.refused[i] = true;
		store();
		assert_int_equal(stored_count, 8);
		assert_int_equal(db.stored, 8 * RECORDS - refused);
		assert_int_equal(db.rejects, refused);
		forget(state);
	}
}

/* Whichever call the connection is lost at: nothing good is refused, and the next try goes on from there. */
static void
a_lost_connection_refuses_nothing_good(void **state)
{
	int tries = 0;

	for (int calls = 1; calls < 200; calls++) {
		make(4, RECORDS);
		db.refused[7] = db.refused[8] = db.refused[40] = true;
		db.calls_left = calls;
		store();
		for (int i = 0; i < push_count; i++)
			assert_int_equal(pushes[i]->list.bad_count + pushes[i]->list.record_count, RECORDS);
		assert_in_range(db.rejects, 0, 3);
		if (stored_count == push_count)
			break;
		for (tries = 0; !settled_order[0] && tries < 40; tries++) {
			db.connected = true;
			db.calls_left = calls;
			settled_count = stored_count = 0;
			store();
		}
		/* fewer calls at a time do not lead to any of the records */
		assert_true(settled_order[0] || calls < 16);
		forget(state);
	}
	assert_int_equal(stored_count, push_count);
}

static void
a_probe_that_fails_refuses_nothing(void **state)
{
	make(1, 2);
	db.refused[1] = db.dry_runs_fail = true;
	store();
	assert_int_equal(stored_count, 0);
	assert_int_equal(pushes[0]->list.bad_count, 0);
	assert_null(pushes[0]->fault);
}

static void
what_is_refused_by_no_record_is_kept_whole(void **state)
{
	make(3, 2);
	pushes[1]->received_at = 1;
	db.refuses_times = true;
	store();
	assert_int_equal(stored_count, 3);
	assert_int_equal(db.stored, 4);
	assert_int_equal(db.whole, 1);
	assert_int_equal(db.rejects, 0);
	assert_string_equal(pushes[1]->fault, "the test refuses it");
}

/* Whichever call the owner drops it at. */
static void
a_rule_that_is_gone_refuses_no_push_whole(void **state)
{
	for (int call = 1; call < 30; call++) {
		make(3, RECORDS);
		db.refused[RECORDS + 5] = true;
		db.rule_ends = call;
		store();
		assert_int_equal(stored_count, 3);
		assert_int_equal(db.whole, 0);
		assert_int_equal(db.stored + db.rejects, 3 * RECORDS);
		forget(state);
	}
}

static void
what_cannot_be_kept_at_all_is_not_stored(void **state)
{
	make(3, 2);
	pushes[1]->received_at = 1;
	db.refuses_times = db.refuses_whole = true;
	store();
	assert_int_equal(stored_count, 2);
	assert_null(pushes[1]->fault);
	assert_int_equal(pushes[1]->list.record_count, 2);
	assert_false(settled_order[1]);
	assert_in_range(db.calls, 1, 20);
}

#define TEST(name) cmocka_unit_test_teardown(name, forget)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(good_pushes_are_one_transaction),
		TEST(one_refused_record_costs_no_other),
		TEST(every_refused_record_is_found),
		TEST(a_lost_connection_refuses_nothing_good),
		TEST(a_probe_that_fails_refuses_nothing),
		TEST(what_is_refused_by_no_record_is_kept_whole),
		TEST(a_rule_that_is_gone_refuses_no_push_whole),
		TEST(what_cannot_be_kept_at_all_is_not_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
