/* The id of a push: made on arrival, kept through spool and replay, and in every row that the push leaves. */
#ifndef PUSH_ID_H
#define PUSH_ID_H

#include <stdbool.h>
#include <stdint.h>

enum { PUSH_ID_SIZE = 16, PUSH_ID_TEXT_SIZE = 37 };

/* A UUID of version 7 (RFC 9562): ordered by time, so that the index on it grows at one end. */
struct push_id {
	unsigned char bytes[PUSH_ID_SIZE];
};

/* received_at: microseconds since 1970. */
struct push_id push_id_new(int64_t received_at);

/* Writes the id as a UUID's text, NUL included, and returns text. */
const char *push_id_write(char text[PUSH_ID_TEXT_SIZE], const struct push_id *id);

/* Reads 32 hexadecimal digits, with dashes anywhere.  False when text is anything else. */
bool push_id_read(const char *text, struct push_id *id) __attribute__((warn_unused_result));

#endif
