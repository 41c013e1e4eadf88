/* Reads FastCGI's records from bytes as they come. */
#include "front/fcgi.h"

#include <string.h>

/* Takes up to count bytes off the front of input. */
static struct slice
take(struct slice *input, size_t count)
{
	struct slice taken = { input->bytes, count < input->length ? count : input->length };

	if (taken.length == 0)
		return taken;
	input->bytes += taken.length;
	input->length -= taken.length;
	return taken;
}

static enum fcgi_event
read_header(struct fcgi_reader *reader, struct slice *input)
{
	struct slice part = take(input, sizeof reader->header - reader->header_length);
	const unsigned char *header = reader->header;

	if (part.length == 0)
		return FCGI_MORE;
	memcpy(reader->header + reader->header_length, part.bytes, part.length);
	reader->header_length += part.length;
	if (reader->header_length < sizeof reader->header)
		return FCGI_MORE;
	reader->header_length = 0;
	reader->version = header[0];
	reader->type = header[1];
	reader->id = (unsigned)header[2] << 8 | header[3];
	reader->length = reader->content = (size_t)header[4] << 8 | header[5];
	reader->padding = header[6];
	return FCGI_RECORD;
}

enum fcgi_event
fcgi_read(struct fcgi_reader *reader, struct slice *input, struct slice *content)
{
	if (reader->content > 0) {
		*content = take(input, reader->content);
		reader->content -= content->length;
		return content->length > 0 ? FCGI_CONTENT : FCGI_MORE;
	}
	reader->padding -= take(input, reader->padding).length;
	return reader->padding > 0 ? FCGI_MORE : read_header(reader, input);
}
