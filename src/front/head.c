/* The head of a FastCGI request, checked before libfcgi gets it. */
#include "front/head.h"

#include <fastcgi.h>
#include <string.h>

#include "base/memory.h"

/* libfcgi gets BEGIN_REQUEST with its body, one PARAMS record that joins all that came, and an empty PARAMS record. */
enum {
	BEGIN_AT = FCGI_HEADER_LEN,
	BEGIN_SIZE = sizeof(FCGI_BeginRequestBody),
	PARAMS_AT = BEGIN_AT + BEGIN_SIZE + FCGI_HEADER_LEN,
};

static void
append(struct head *head, struct slice content)
{
	head->bytes = memory_grow(head->bytes, &head->capacity, head->length + content.length, 1);
	memcpy(head->bytes + head->length, content.bytes, content.length);
	head->length += content.length;
}

static void
append_header(struct head *head, unsigned type, size_t length)
{
	const char header[FCGI_HEADER_LEN] = { FCGI_VERSION_1, (char)type, (char)(head->id >> 8), (char)head->id,
		(char)(length >> 8), (char)length };

	append(head, (struct slice){ header, sizeof header });
}

/* A length of one byte, or of four with the highest bit set.  False when it is cut short. */
static bool
take_length(struct slice *pairs, size_t *length)
{
	const unsigned char *bytes = (const unsigned char *)pairs->bytes;
	size_t used = pairs->length > 0 && bytes[0] >> 7 ? 4 : 1;

	if (pairs->length < used)
		return false;
	*length = used == 1 ? bytes[0] :
	    (size_t)(bytes[0] & 0x7f) << 24 | (size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 | bytes[3];
	*pairs = (struct slice){ pairs->bytes + used, pairs->length - used };
	return true;
}

/* Whether pairs is whole names and values to its last byte, without a NUL: libfcgi would end a text there. */
static bool
are_pairs(struct slice pairs)
{
	size_t name, value;

	while (pairs.length > 0) {
		if (!take_length(&pairs, &name) || !take_length(&pairs, &value) || name + value > pairs.length ||
		    memchr(pairs.bytes, '\0', name + value) != NULL)
			return false;
		pairs = (struct slice){ pairs.bytes + name + value, pairs.length - name - value };
	}
	return true;
}

static bool
begin(struct head *head, const struct fcgi_reader *reader)
{
	/* the web server gave up the previous request while we were answering it: nothing to do */
	if (reader->type == FCGI_ABORT_REQUEST && reader->id != FCGI_NULL_REQUEST_ID) {
		head->size = 0;
		return true;
	}
	if (reader->type != FCGI_BEGIN_REQUEST || reader->id == FCGI_NULL_REQUEST_ID || reader->length != BEGIN_SIZE)
		return false;
	head->begun = true;
	head->id = reader->id;
	append_header(head, FCGI_BEGIN_REQUEST, BEGIN_SIZE);
	return true;
}

/* False when the record cannot be part of a head. */
static bool
take_record(struct head *head, const struct fcgi_reader *reader)
{
	head->size += FCGI_HEADER_LEN + reader->length + reader->padding;
	if (reader->version != FCGI_VERSION_1 || head->size > HEAD_MAX)
		return false;
	if (!head->begun)
		return begin(head, reader);
	return reader->type == FCGI_PARAMS && reader->id == head->id;
}

static bool
take_content(struct head *head, struct slice content)
{
	const unsigned char *body;

	if (!head->begun)
		return true;
	append(head, content);
	if (head->length != BEGIN_AT + BEGIN_SIZE)
		return true;
	body = (const unsigned char *)head->bytes + BEGIN_AT;
	head->keep = body[2] & FCGI_KEEP_CONN;
	append_header(head, FCGI_PARAMS, 0);
	return body[0] == 0 && body[1] == FCGI_RESPONDER;
}

static enum head_state
end(struct head *head)
{
	size_t length = head->length - PARAMS_AT;

	if (!are_pairs((struct slice){ head->bytes + PARAMS_AT, length }))
		return HEAD_BAD;
	head->bytes[PARAMS_AT - FCGI_HEADER_LEN + 4] = (char)(length >> 8);
	head->bytes[PARAMS_AT - FCGI_HEADER_LEN + 5] = (char)length;
	append_header(head, FCGI_PARAMS, 0);
	return HEAD_WHOLE;
}

enum head_state
head_read(struct head *head, struct fcgi_reader *reader, struct slice *input)
{
	struct slice content;
	enum fcgi_event event;

	while ((event = fcgi_read(reader, input, &content)) != FCGI_MORE) {
		if (event == FCGI_RECORD ? !take_record(head, reader) : !take_content(head, content))
			return HEAD_BAD;
		if (event == FCGI_RECORD && head->begun && reader->type == FCGI_PARAMS && reader->length == 0)
			return end(head);
	}
	return HEAD_MORE;
}

void
head_clear(struct head *head)
{
	memory_free(head->bytes);
	*head = (struct head){ 0 };
}
