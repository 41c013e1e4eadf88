/* Unit test of base/address: what is an address, and who listens there. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>

#include "base/address.h"

static void
addresses_are_read(void **state)
{
	static const struct { const char *text, *host, *port; } cases[] = {
		{ "127.0.0.1:9000",      "127.0.0.1",   "9000" },
		{ "localhost:9000",      "localhost",   "9000" },
		{ "[::1]:9000",          "::1",         "9000" },
		{ "*:9000",              "",            "9000" },
		{ ":9000",               "",            "9000" },
		{ "[]:9000",             "",            "9000" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct address address;

		assert_true(address_parse(&address, cases[i].text));
		assert_false(address.is_unix);
		assert_string_equal(address.host, cases[i].host);
		assert_string_equal(address.port, cases[i].port);
	}
}

static void
what_is_no_address_is_refused(void **state)
{
	static const char *const cases[] = { "", "here", "unix:", "host:", "::1:9000", "[::1]", "a:b:1", "1:" };
	char text[1000] = "unix:/";
	struct address address;

	for (size_t i = 0; i < COUNT(cases); i++) {
		errno = 0;
		assert_false(address_parse(&address, cases[i]));
		assert_int_equal(errno, EINVAL);
	}
	memset(text + 6, 'x', sizeof address.unix_socket.sun_path - 2);
	assert_true(address_parse(&address, text));
	assert_true(address.is_unix);
	text[strlen(text)] = 'x';
	assert_false(address_parse(&address, text));
	assert_int_equal(errno, ENAMETOOLONG);
	memset(text, 'h', sizeof text - 1);
	strcpy(text + 300, ":1");
	assert_false(address_parse(&address, text));
}

static void
who_listens_is_found(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct sockaddr *any = (const struct sockaddr *)&address;
	socklen_t size = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(listener, any, size), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	assert_false(address_is_served(any, size));
	assert_int_equal(listen(listener, 1), 0);
	assert_true(address_is_served(any, size));
	close(listener);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_read),
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(who_listens_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
