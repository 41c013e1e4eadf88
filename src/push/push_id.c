/* The id of a push: 48 bits of milliseconds, then randomness. */
#include "push/push_id.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/log.h"

/* From a stock of the thread's own, so that one system call serves many pushes. */
static void
fill_at_random(struct push_id *id)
{
	static _Thread_local struct push_id stock[16];      /* 256 bytes: getrandom(2) never cuts these short */
	static _Thread_local size_t left;

	if (left == 0) {
		if (getrandom(stock, sizeof stock, 0) != (ssize_t)sizeof stock)
			log_fatal("cannot get random numbers from the system");
		left = sizeof stock / sizeof *stock;
	}
	*id = stock[--left];
}

struct push_id
push_id_new(int64_t received_at)
{
	struct push_id id;
	uint64_t milliseconds = (uint64_t)received_at / 1000;

	fill_at_random(&id);
	for (int i = 0; i < 6; i++)
		id.bytes[i] = (unsigned char)(milliseconds >> (8 * (5 - i)));
	id.bytes[6] = (unsigned char)((id.bytes[6] & 0x0f) | 0x70);
	id.bytes[8] = (unsigned char)((id.bytes[8] & 0x3f) | 0x80);
	return id;
}

const char *
push_id_write(char text[PUSH_ID_TEXT_SIZE], const struct push_id *id)
{
	static const char dash_before[PUSH_ID_SIZE] = { [4] = 1, [6] = 1, [8] = 1, [10] = 1 };
	char *end = text;

	for (int i = 0; i < PUSH_ID_SIZE; i++)
		end += sprintf(end, "%s%02x", dash_before[i] ? "-" : "", id->bytes[i]);
	return text;
}

bool
push_id_read(const char *text, struct push_id *id)
{
	static const char digits[] = "0123456789abcdef";
	int count = 0;

	*id = (struct push_id){ 0 };
	for (; *text != '\0'; text++) {
		const char *digit = strchr(digits, *text | 0x20);

		if (*text == '-')
			continue;
		if (digit == NULL || count == 2 * PUSH_ID_SIZE)
			return false;
		id->bytes[count / 2] = (unsigned char)(id->bytes[count / 2] << 4 | (digit - digits));
		count++;
	}
	return count == 2 * PUSH_ID_SIZE;
}
