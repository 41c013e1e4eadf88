/* Memory given back all at once: aligned, never shared between two owners, and gone after the end. */
#include "unit.h"

#include <stdalign.h>

#include "base/arena.h"

static void
an_arena_that_was_never_used_can_be_freed(void **state)
{
	struct arena arena = { 0 };

	arena_free(&arena);
	arena_free(&arena);
	assert_null(arena.newest);
}

static void
what_is_handed_out_is_aligned_for_any_type(void **state)
{
	struct arena arena = { 0 };

	for (size_t size = 0; size < 200; size++)
		assert_int_equal((uintptr_t)arena_alloc(&arena, size) % alignof(max_align_t), 0);
	arena_free(&arena);
}

static void
no_block_reaches_into_another(void **state)
{
	enum { BLOCKS = 300 };
	struct arena arena = { 0 };
	unsigned char *blocks[BLOCKS];

	for (size_t i = 0; i < BLOCKS; i++) {
		blocks[i] = arena_alloc(&arena, i * 7);
		memset(blocks[i], (int)(i % 251), i * 7);
	}
	for (size_t i = 0; i < BLOCKS; i++)
		for (size_t j = 0; j < i * 7; j++)
			assert_int_equal(blocks[i][j], i % 251);
	arena_free(&arena);
}

static void
a_block_may_be_as_large_as_a_body(void **state)
{
	enum { LARGE = 16 << 20 };
	struct arena arena = { 0 };
	char *small = arena_alloc(&arena, 10), *large = arena_alloc(&arena, LARGE), *after;

	memset(small, 'a', 10);
	memset(large, 'b', LARGE);
	after = memset(arena_alloc(&arena, 10), 'c', 10);
	assert_memory_equal(small, "aaaaaaaaaa", 10);
	assert_memory_equal(after, "cccccccccc", 10);
	assert_int_equal(large[LARGE - 1], 'b');
	arena_free(&arena);
}

static void
a_copy_is_a_copy(void **state)
{
	struct arena arena = { 0 };
	char text[] = "60584";
	const char *copy = arena_copy(&arena, text, 5);

	text[0] = 'x';
	assert_memory_equal(copy, "60584", 5);
	arena_free(&arena);
}

static void
a_copy_of_nothing_is_not_null(void **state)
{
	struct arena arena = { 0 };

	assert_non_null(arena_copy(&arena, "", 0));
	assert_non_null(arena_copy(&arena, NULL, 0));
	arena_free(&arena);
}

static void
it_can_be_used_again_after_it_was_freed(void **state)
{
	struct arena arena = { 0 };

	for (int i = 0; i < 3; i++) {
		memset(arena_alloc(&arena, 5000), i, 5000);
		arena_free(&arena);
		assert_null(arena.newest);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_arena_that_was_never_used_can_be_freed),
		cmocka_unit_test(what_is_handed_out_is_aligned_for_any_type),
		cmocka_unit_test(no_block_reaches_into_another),
		cmocka_unit_test(a_block_may_be_as_large_as_a_body),
		cmocka_unit_test(a_copy_is_a_copy),
		cmocka_unit_test(a_copy_of_nothing_is_not_null),
		cmocka_unit_test(it_can_be_used_again_after_it_was_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
