/* A push: what is said of its sender. */
#include "unit.h"

#include "push/push.h"

/* Whatever else a web server passes may not even be UTF-8, and PostgreSQL would refuse the batch for it. */
static void
an_address_is_kept_and_nothing_else(void **state)
{
	static const struct {
		const char *given, *kept;
	} cases[] = {
		{ "192.0.2.7", "192.0.2.7" },
		{ "2001:db8::7", "2001:db8::7" },
		{ NULL, "" },
		{ "", "" },
		{ "unix:", "" },
		{ "192.0.2.0/24", "" },
		{ "\xff", "" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct push *push = push_new(cases[i].given);

		assert_string_equal(push->remote_addr, cases[i].kept);
		push_unref(push);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_kept_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
