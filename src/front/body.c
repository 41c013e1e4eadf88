/* Exact, bounded reading of a push's body. */
#include "front/body.h"

#include <openssl/sha.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <strings.h>

#include "base/memory.h"

enum { ROOM_AT_FIRST = 16 * 1024 };

/* What is read so far. */
struct buffer {
	char  *bytes;
	size_t length;
};

/* False when there is none, as with a chunked upload, or when it is no number.  Beyond 63 bits all are alike. */
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

/* size bytes and no more. */
static enum outcome
read_exactly(struct gateway *gateway, size_t size, struct buffer *buffer)
{
	ssize_t count;

	buffer->bytes = memory_alloc(size);
	count = gateway_read(gateway, buffer->bytes, size);
	buffer->length = count > 0 ? (size_t)count : 0;
	return buffer->length == size ? OUTCOME_OK : OUTCOME_BODY_CUT_SHORT;
}

/* To the end, which must come within max bytes. */
static enum outcome
read_to_end(struct gateway *gateway, size_t max, struct buffer *buffer)
{
	size_t room = ROOM_AT_FIRST;
	ssize_t count;

	for (;;) {
		if (buffer->length == room)
			room *= 2;
		buffer->bytes = memory_resize(buffer->bytes, room, 1);
		count = gateway_read(gateway, buffer->bytes + buffer->length, room - buffer->length);
		if (count <= 0)
			return count == 0 ? OUTCOME_OK : OUTCOME_BODY_CUT_SHORT;
		buffer->length += (size_t)count;
		if (buffer->length > max)
			return OUTCOME_BODY_TOO_LARGE;
	}
}

enum outcome
body_read(struct gateway *gateway, size_t max, struct push *push)
{
	struct buffer buffer = { NULL, 0 };
	enum outcome outcome;
	size_t length;
	bool known = content_length(gateway, &length);

	if (!known)
		outcome = read_to_end(gateway, max, &buffer);
	else if (length <= max)
		outcome = read_exactly(gateway, length, &buffer);
	else
		outcome = OUTCOME_BODY_TOO_LARGE;
	push->bytes = known && outcome == OUTCOME_BODY_TOO_LARGE ? length : buffer.length;
	if (outcome == OUTCOME_BODY_TOO_LARGE) {
		memory_free(buffer.bytes);
		return outcome;
	}
	push->body = (struct slice){ buffer.bytes, buffer.length };
	SHA256((const unsigned char *)buffer.bytes, buffer.length, push->sha256);
	return outcome;
}

enum outcome
body_check_encoding(const struct gateway *gateway)
{
	const char *encoding = gateway_variable(gateway, "HTTP_CONTENT_ENCODING");

	if (encoding == NULL || *encoding == '\0' || strcasecmp(encoding, "identity") == 0)
		return OUTCOME_OK;
	return OUTCOME_BODY_ENCODED;
}
