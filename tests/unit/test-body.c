/* The reading of a body, from a gateway made up here: exact, bounded, and nothing thrown away that came. */
#include "unit.h"

#include <openssl/sha.h>

#include "front/body.h"
#include "front/gateway.h"
#include "push/push.h"

/* What the web server hands over. */
struct gateway {
	const char *content_length;     /* NULL: not there */
	const char *content_encoding;
	const char *bytes;
	size_t      length;
	bool        breaks;             /* where the bytes end the connection does, too */
	size_t      taken;
};

static struct push *push;

const char *
gateway_variable(const struct gateway *gateway, const char *name)
{
	if (strcmp(name, "CONTENT_LENGTH") == 0)
		return gateway->content_length;
	if (strcmp(name, "HTTP_CONTENT_ENCODING") == 0)
		return gateway->content_encoding;
	return NULL;
}

/* Reads the body as a connection does: in pieces, with room for it all, until it is whole or ends. */
static enum outcome
body_read(struct gateway *gateway, size_t max, struct push *to)
{
	struct body body;
	bool ended = false;

	body_begin(&body, gateway, max);
	while (!body_is_whole(&body) && !ended) {
		size_t left = gateway->length - gateway->taken, piece = 1 + (gateway->taken * 7919) % 40000;
		size_t count = piece < left ? piece : left;

		ended = left == 0;
		assert_true(body_room(&body, count) <= (body.announced ? body.size : max));
		body_add(&body, (struct slice){ gateway->bytes + gateway->taken, count }, body_room(&body, count));
		assert_true(body.too_large || body.capacity <= (body.announced ? body.size : max));
		gateway->taken += count;
	}
	return body_end(&body, ended && !gateway->breaks, to);
}

static int
new_push(void **state)
{
	push = push_new("192.0.2.1");
	return 0;
}

static int
release_push(void **state)
{
	push_unref(push);
	return 0;
}

static void
assert_body(const char *bytes, size_t length)
{
	unsigned char sha256[SHA256_DIGEST_LENGTH];

	assert_int_equal(push->body.length, length);
	if (length > 0)
		assert_memory_equal(push->body.bytes, bytes, length);
	SHA256((const unsigned char *)bytes, length, sha256);
	assert_memory_equal(push->sha256, sha256, sizeof sha256);
}

static void
a_body_as_long_as_announced_is_whole(void **state)
{
	struct gateway gateway = { .content_length = "3", .bytes = "abc", .length = 3 };
	static const unsigned char sha256[] = {
		0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
		0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
	};

	assert_int_equal(body_read(&gateway, 100, push), OUTCOME_OK);
	assert_body("abc", 3);
	assert_memory_equal(push->sha256, sha256, sizeof sha256);
}

static void
no_more_than_announced_is_taken(void **state)
{
	struct gateway gateway = { .content_length = "3", .bytes = "abcdef", .length = 6 };

	assert_int_equal(body_read(&gateway, 100, push), OUTCOME_OK);
	assert_body("abc", 3);
}

static void
a_shorter_one_is_cut_short_and_what_came_is_kept(void **state)
{
	struct gateway gateway = { .content_length = "2000", .bytes = "[{\"campaignId\":", .length = 15 };

	assert_int_equal(body_read(&gateway, 10000, push), OUTCOME_BODY_CUT_SHORT);
	assert_body("[{\"campaignId\":", 15);
}

/* Also in a chunked body. */
static void
a_broken_connection_cuts_short(void **state)
{
	static const char *const lengths[] = { "2000", NULL };

	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct gateway gateway = { .content_length = lengths[i], .bytes = "[]", .length = 2, .breaks = true };

		assert_int_equal(body_read(&gateway, 10000, push), OUTCOME_BODY_CUT_SHORT);
		assert_body("[]", 2);
		release_push(NULL);
		new_push(NULL);
	}
}

static void
without_a_length_the_body_ends_where_it_ends(void **state)
{
	static const size_t lengths[] = { 0, 1, 2, 4095, 16383, 16384, 16385, 32767, 32768, 32769, 100000, 1 << 20 };
	static char bytes[1 << 20];

	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct gateway gateway = { .bytes = bytes, .length = lengths[i] };

		memset(bytes, 'a' + (int)i, sizeof bytes);
		assert_int_equal(body_read(&gateway, sizeof bytes, push), OUTCOME_OK);
		assert_body(bytes, lengths[i]);
		release_push(NULL);
		new_push(NULL);
	}
}

static void
max_bytes_are_taken_and_not_one_more(void **state)
{
	static const size_t limits[] = { 1024, 16384, 20000, 32768, 100000 };
	static char bytes[100001];

	memset(bytes, 'x', sizeof bytes);
	for (size_t i = 0; i < COUNT(limits) * 4; i++) {
		size_t max = limits[i / 4], length = max + i % 2;
		char text[32];
		struct gateway gateway = { .bytes = bytes, .length = length };

		snprintf(text, sizeof text, "%zu", length);
		if (i % 4 < 2)
			gateway.content_length = text;
		assert_int_equal(body_read(&gateway, max, push), length > max ? OUTCOME_BODY_TOO_LARGE : OUTCOME_OK);
		assert_int_equal(push->body.length, length > max ? 0 : length);
		release_push(NULL);
		new_push(NULL);
	}
}

static void
a_body_announced_as_too_large_is_not_read(void **state)
{
	static const char *const lengths[] = { "101", "4294967296", "9223372036854775807", "18446744073709551615",
		"18446744073709551618" };

	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct gateway gateway = { .content_length = lengths[i], .bytes = "[]", .length = 2 };

		assert_int_equal(body_read(&gateway, 100, push), OUTCOME_BODY_TOO_LARGE);
		assert_int_equal(gateway.taken, 0);
		assert_int_equal(push->body.length, 0);
	}
}

static void
an_endless_body_is_given_up_soon(void **state)
{
	static char bytes[10 << 20];
	struct gateway gateway = { .bytes = bytes, .length = sizeof bytes };

	assert_int_equal(body_read(&gateway, 100000, push), OUTCOME_BODY_TOO_LARGE);
	assert_true(gateway.taken <= 300000);
	assert_int_equal(push->body.length, 0);
}

static void
an_empty_body_is_whole(void **state)
{
	static const char *const lengths[] = { "0", "", NULL };

	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct gateway gateway = { .content_length = lengths[i], .bytes = "", .length = 0 };

		assert_int_equal(body_read(&gateway, 100, push), OUTCOME_OK);
		assert_body("", 0);
		release_push(NULL);
		new_push(NULL);
	}
}

static void
a_length_that_is_no_number_counts_for_nothing(void **state)
{
	static const char *const lengths[] = { "", "abc", "-1", "+2", " 2", "2 ", "2x", "0x2", "1e3", "3,3" };

	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct gateway gateway = { .content_length = lengths[i], .bytes = "[1,2]", .length = 5 };

		assert_int_equal(body_read(&gateway, 100, push), OUTCOME_OK);
		assert_body("[1,2]", 5);
		release_push(NULL);
		new_push(NULL);
	}
}

static void
nul_bytes_are_bytes(void **state)
{
	struct gateway gateway = { .content_length = "5", .bytes = "a\0b\0c", .length = 5 };

	assert_int_equal(body_read(&gateway, 100, push), OUTCOME_OK);
	assert_body("a\0b\0c", 5);
}

static void
only_the_identity_encoding_is_plain(void **state)
{
	static const struct {
		const char  *encoding;
		enum outcome outcome;
	} cases[] = {
		{ NULL, OUTCOME_OK }, { "", OUTCOME_OK }, { "identity", OUTCOME_OK }, { "Identity", OUTCOME_OK },
		{ "IDENTITY", OUTCOME_OK }, { "gzip", OUTCOME_BODY_ENCODED }, { "GZIP", OUTCOME_BODY_ENCODED },
		{ "x-gzip", OUTCOME_BODY_ENCODED }, { "deflate", OUTCOME_BODY_ENCODED }, { "br", OUTCOME_BODY_ENCODED },
		{ "identity, gzip", OUTCOME_BODY_ENCODED }, { "gzip, identity", OUTCOME_BODY_ENCODED },
		{ "identityx", OUTCOME_BODY_ENCODED }, { "utf-8", OUTCOME_BODY_ENCODED },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct gateway gateway = { .content_encoding = cases[i].encoding };

		if (body_check_encoding(&gateway) != cases[i].outcome)
			fail_msg("%s", cases[i].encoding);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, new_push, release_push)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_body_as_long_as_announced_is_whole),
		TEST(no_more_than_announced_is_taken),
		TEST(a_shorter_one_is_cut_short_and_what_came_is_kept),
		TEST(a_broken_connection_cuts_short),
		TEST(without_a_length_the_body_ends_where_it_ends),
		TEST(max_bytes_are_taken_and_not_one_more),
		TEST(a_body_announced_as_too_large_is_not_read),
		TEST(an_endless_body_is_given_up_soon),
		TEST(an_empty_body_is_whole),
		TEST(a_length_that_is_no_number_counts_for_nothing),
		TEST(nul_bytes_are_bytes),
		TEST(only_the_identity_encoding_is_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
