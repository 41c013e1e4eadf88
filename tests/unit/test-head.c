/*
 * The head of a request, in pieces of every size: what is one passes, as libfcgi shall read it, and nothing else does.
 */
#include "unit.h"

#include "front/head.h"

/* What is between quotation marks in the tables, and may hold NUL bytes. */
#define BYTES(text) { text, sizeof (text) - 1 }

#define BEGIN "\1\1\0\1\0\10\0\0" "\0\1\1\0\0\0\0\0"
#define END   "\1\4\0\1\0\0\0\0"

static enum head_state
read_in_pieces(struct head *head, struct slice text, size_t piece, struct slice *left)
{
	struct fcgi_reader reader = { 0 };
	enum head_state state = HEAD_MORE;
	size_t at = 0;

	*head = (struct head){ 0 };
	while (state == HEAD_MORE && at < text.length) {
		size_t count = piece < text.length - at ? piece : text.length - at;
		/* of its own, so that the sanitizers see each byte too many that is read */
		char *copy = memcpy(malloc(count), text.bytes + at, count);
		struct slice input = { copy, count };

		state = head_read(head, &reader, &input);
		at += count - input.length;
		assert_true(state != HEAD_MORE || input.length == 0);
		free(copy);
	}
	*left = (struct slice){ text.bytes + at, text.length - at };
	return state;
}

static void
what_is_a_head_passes(void **state)
{
	static const struct {
		const char  *name;
		struct slice text, whole, left;
	} cases[] = {
		{ "no variable", BYTES(BEGIN END), BYTES(BEGIN "\1\4\0\1\0\0\0\0" END), BYTES("") },
		{ "one", BYTES(BEGIN "\1\4\0\1\0\4\0\0" "\1\1ab" END), BYTES(BEGIN "\1\4\0\1\0\4\0\0" "\1\1ab" END),
		BYTES("") },
		{ "in two records", BYTES(BEGIN "\1\4\0\1\0\2\0\0" "\1\1" "\1\4\0\1\0\2\0\0" "ab" END "more"),
		    BYTES(BEGIN "\1\4\0\1\0\4\0\0" "\1\1ab" END), BYTES("more") },
		{ "padding", BYTES(BEGIN "\1\4\0\1\0\4\3\0" "\1\1ab" "\377\377\377" END),
		    BYTES(BEGIN "\1\4\0\1\0\4\0\0" "\1\1ab" END), BYTES("") },
		{ "padding behind BEGIN_REQUEST", BYTES("\1\1\0\1\0\10\2\0" "\0\1\1\0\0\0\0\0" "xx" END),
		    BYTES(BEGIN "\1\4\0\1\0\0\0\0" END), BYTES("") },
		{ "long lengths", BYTES(BEGIN "\1\4\0\1\0\12\0\0" "\200\0\0\1\200\0\0\1ab" END),
		    BYTES(BEGIN "\1\4\0\1\0\12\0\0" "\200\0\0\1\200\0\0\1ab" END), BYTES("") },
		{ "empty names", BYTES(BEGIN "\1\4\0\1\0\4\0\0" "\0\0\0\0" END),
		BYTES(BEGIN "\1\4\0\1\0\4\0\0" "\0\0\0\0" END),
		    BYTES("") },
		{ "what an earlier one has left", BYTES("\1\2\0\5\0\2\1\0" "abc" BEGIN END),
		    BYTES(BEGIN "\1\4\0\1\0\0\0\0" END), BYTES("") },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		for (size_t piece = 1; piece <= cases[i].text.length; piece++) {
			struct head head;
			struct slice left;

			if (read_in_pieces(&head, cases[i].text, piece, &left) != HEAD_WHOLE ||
			    head.length != cases[i].whole.length ||
			    memcmp(head.bytes, cases[i].whole.bytes, head.length) != 0 ||
			    head.id != 1 || !head.keep || left.length != cases[i].left.length)
				fail_msg("%s, by %zu bytes", cases[i].name, piece);
			head_clear(&head);
			assert_null(head.bytes);
		}
}

static void
what_is_none_does_not(void **state)
{
	static const struct {
		const char  *name;
		struct slice text;
	} cases[] = {
		{ "the lengths that libfcgi adds up", BYTES(BEGIN "\1\4\0\1\0\13\0\0" "\377\377\377\376\0abcdef" END) },
		{ "two half of 4 GiB", BYTES(BEGIN "\1\4\0\1\0\12\0\0" "\300\0\0\0\300\0\0\0ab" END) },
		{ "the largest", BYTES(BEGIN "\1\4\0\1\0\12\0\0" "\377\377\377\377\377\377\377\377ab" END) },
		{ "a value one too long", BYTES(BEGIN "\1\4\0\1\0\4\0\0" "\1\2ab" END) },
		{ "a byte too many", BYTES(BEGIN "\1\4\0\1\0\5\0\0" "\1\1abc" END) },
		{ "no length of the value", BYTES(BEGIN "\1\4\0\1\0\1\0\0" "\1" END) },
		{ "half a length", BYTES(BEGIN "\1\4\0\1\0\4\0\0" "\1\200\0\0" END) },
		{ "half the other length", BYTES(BEGIN "\1\4\0\1\0\3\0\0" "\200\0\0" END) },
		{ "a NUL in a name", BYTES(BEGIN "\1\4\0\1\0\4\0\0" "\1\1\0b" END) },
		{ "a NUL in a value", BYTES(BEGIN "\1\4\0\1\0\4\0\0" "\1\1a\0" END) },
		{ "another version", BYTES("\2\1\0\1\0\10\0\0") },
		{ "another version later", BYTES(BEGIN "\0\4\0\1\0\0\0\0") },
		{ "no request", BYTES("\1\1\0\0\0\10\0\0") },
		{ "BEGIN_REQUEST too long", BYTES("\1\1\0\1\0\11\0\0") },
		{ "BEGIN_REQUEST too short", BYTES("\1\1\0\1\0\7\0\0") },
		{ "an authorizer", BYTES("\1\1\0\1\0\10\0\0" "\0\2\1\0\0\0\0\0") },
		{ "role 257", BYTES("\1\1\0\1\0\10\0\0" "\1\1\1\0\0\0\0\0") },
		{ "begun twice", BYTES(BEGIN BEGIN) },
		{ "another request", BYTES(BEGIN "\1\1\0\2\0\10\0\0") },
		{ "variables of another", BYTES(BEGIN "\1\4\0\2\0\0\0\0") },
		{ "variables of another, by the high byte", BYTES(BEGIN "\1\4\1\1\0\0\0\0") },
		{ "given up", BYTES(BEGIN "\1\2\0\1\0\0\0\0") },
		{ "management", BYTES("\1\11\0\0\0\0\0\0") },
		{ "management in between", BYTES(BEGIN "\1\11\0\0\0\0\0\0") },
		{ "given up without an id", BYTES("\1\2\0\0\0\0\0\0") },
		{ "variables first", BYTES("\1\4\0\1\0\0\0\0") },
		{ "a body first", BYTES("\1\5\0\1\0\0\0\0") },
		{ "a body in between", BYTES(BEGIN "\1\5\0\1\0\0\0\0") },
		{ "an answer", BYTES("\1\6\0\1\0\0\0\0") },
		{ "a type of no meaning", BYTES("\1\377\0\1\0\0\0\0") },
		{ "too large", BYTES(BEGIN "\1\4\0\1\377\360\0\0") },
		{ "too large by its padding", BYTES(BEGIN "\1\4\0\1\377\0\377\0") },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		for (size_t piece = 1; piece <= cases[i].text.length; piece++) {
			struct head head;
			struct slice left;

			if (read_in_pieces(&head, cases[i].text, piece, &left) != HEAD_BAD)
				fail_msg("%s, by %zu bytes", cases[i].name, piece);
			head_clear(&head);
		}
}

static void
a_part_waits_for_the_rest(void **state)
{
	static const struct slice text = BYTES(BEGIN "\1\4\0\1\0\4\3\0" "\1\1ab" "\0\0\0" END);

	for (size_t length = 0; length < text.length; length++) {
		struct head head;
		struct slice left;

		assert_int_equal(read_in_pieces(&head, (struct slice){ text.bytes, length }, 3, &left), HEAD_MORE);
		assert_int_equal(head.begun, length >= 8);
		head_clear(&head);
	}
}

/* As many variables as fit into HEAD_MAX, and a byte more. */
static void
sixty_four_kib_are_taken_and_not_one_more(void **state)
{
	enum { SPACE = HEAD_MAX - 16 - 3 * 8 };    /* BEGIN_REQUEST, two records and the empty one */

	for (size_t more = 0; more <= 1; more++) {
		size_t value = SPACE - 6 + more, first = 40000, second = SPACE + more - first;
		char *text = malloc(HEAD_MAX + 1);
		char *at = text;
		struct head head;
		struct slice left;

		assert_non_null(text);
		at = (char *)memcpy(at, BEGIN, 16) + 16;
		memcpy(at, (char[]){ 1, 4, 0, 1, (char)(first >> 8), (char)first, 0, 0, 1, (char)0x80, 0,
		    (char)(value >> 8), (char)value, 'n' }, 14);
		memset(at + 14, 'v', first - 6);
		at += 8 + first;
		memcpy(at, (char[]){ 1, 4, 0, 1, (char)(second >> 8), (char)second, 0, 0 }, 8);
		memset(at + 8, 'v', second);
		memcpy(at + 8 + second, END, 8);
		assert_int_equal(at + 16 + second - text, HEAD_MAX + more);
		assert_int_equal(read_in_pieces(&head, (struct slice){ text, HEAD_MAX + more }, 8192, &left),
		    more == 0 ? HEAD_WHOLE : HEAD_BAD);
		assert_true(head.length <= HEAD_MAX);
		head_clear(&head);
		free(text);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_a_head_passes),
		cmocka_unit_test(what_is_none_does_not),
		cmocka_unit_test(a_part_waits_for_the_rest),
		cmocka_unit_test(sixty_four_kib_are_taken_and_not_one_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
