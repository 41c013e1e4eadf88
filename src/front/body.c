/* A push's body, gathered as it comes. */
#include "front/body.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/param.h>

#include "base/memory.h"
#include "front/gateway.h"
#include "push/push.h"

enum { CAPACITY_AT_FIRST = 16 * 1024 };

/* False when CONTENT_LENGTH is absent, as with a chunked upload, or not a number.  Caps the length at INT64_MAX. */
static bool
content_length(const struct gateway *gateway, size_t *length)
{
	const char *text = gateway_variable(gateway, "CONTENT_LENGTH");
	unsigned long long value;
	char *end;

	if (text == NULL || *text < '0' || *text > '9')
		return false;
	value = strtoull(text, &end, 10);
	*length = value < INT64_MAX ? (size_t)value : INT64_MAX;
	return *end == '\0';
}

void
body_begin(struct body *body, const struct gateway *gateway, size_t max)
{
	size_t length = 0;

	*body = (struct body){ .announced = content_length(gateway, &length) };
	body->size = body->announced ? length : max;
	body->too_large = body->size > max;
}

size_t
body_room(const struct body *body, size_t count)
{
	return body->too_large ? 0 : MIN(body->length + count, body->size);
}

static void
make_room(struct body *body, size_t needed, size_t room)
{
	size_t capacity = body->capacity > 0 ? body->capacity : MIN((size_t)CAPACITY_AT_FIRST, body->size);

	while (capacity < needed)
		capacity *= 2;
	body->capacity = MIN(capacity, room);
	body->bytes = memory_resize(body->bytes, body->capacity, 1);
}

void
body_add(struct body *body, struct slice content, size_t room)
{
	size_t needed = body_room(body, content.length), count = needed - body->length;

	if (body->too_large)
		return;
	if (!body->announced && count < content.length) {
		memory_free(body->bytes);
		body->bytes = NULL;
		body->size = body->length + content.length;
		body->too_large = true;
		return;
	}
	if (needed > body->capacity)
		make_room(body, needed, room);
	if (count > 0)
		memcpy(body->bytes + body->length, content.bytes, count);
	body->length = needed;
}

bool
body_is_whole(const struct body *body)
{
	return body->too_large || (body->announced && body->length == body->size);
}

enum outcome
body_end(struct body *body, bool ended, struct push *push)
{
	push->bytes = body->too_large ? body->size : body->length;
	if (body->too_large)
		return OUTCOME_BODY_TOO_LARGE;
	/* an empty body is kept as well */
	push_set_body(push, (struct slice){ memory_resize(body->bytes, body->length, 1), body->length });
	body->bytes = NULL;
	return body_is_whole(body) || (ended && !body->announced) ? OUTCOME_OK : OUTCOME_BODY_CUT_SHORT;
}

enum outcome
body_check_encoding(const struct gateway *gateway)
{
	const char *encoding = gateway_variable(gateway, "HTTP_CONTENT_ENCODING");

	if (encoding == NULL || *encoding == '\0' || strcasecmp(encoding, "identity") == 0)
		return OUTCOME_OK;
	return OUTCOME_BODY_ENCODED;
}
