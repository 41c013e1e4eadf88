/* What a stranger sends as the head of a request: whatever passes, libfcgi reads to its end without a fault. */
#include <string.h>

#include "base/memory.h"
#include "front/gateway.h"
#include "front/head.h"
#include "reference.h"

static void
read_by_libfcgi(const struct head *head)
{
	struct gateway *gateway = gateway_new(head, -1);
	const char *role;

	if (head->length > HEAD_MAX || gateway == NULL)
		ref_fail("a head that passed is not read");
	role = gateway_variable(gateway, "FCGI_ROLE");
	if (role == NULL || strcmp(role, "RESPONDER") != 0)
		ref_fail("another role has passed");
	gateway_free(gateway);
}

/* The first byte is the size of the pieces that the others come in. */
int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct fcgi_reader reader = { 0 };
	struct head head = { 0 };
	enum head_state state = HEAD_MORE;

	gateway_init();
	for (size_t at = 1, count = 0; at < size && state == HEAD_MORE; at += count) {
		struct slice input;
		char *piece;

		count = (size_t)bytes[0] * 16 + 1;
		count = count < size - at ? count : size - at;
		piece = memory_alloc(count);
		memcpy(piece, bytes + at, count);
		input = (struct slice){ piece, count };
		state = head_read(&head, &reader, &input);
		if (state == HEAD_MORE && input.length > 0)
			ref_fail("something is left");
		memory_free(piece);
	}
	if (state == HEAD_WHOLE)
		read_by_libfcgi(&head);
	head_clear(&head);
	return 0;
}
