/* The name of a push: 48 bits of milliseconds, then randomness. */
#include "push/push_id.h"

#include <sys/random.h>

#include "base/log.h"

struct push_id
push_id_new(int64_t received_at)
{
	struct push_id id;
	uint64_t milliseconds = (uint64_t)received_at / 1000;

	if (getrandom(id.bytes, sizeof id.bytes, 0) != (ssize_t)sizeof id.bytes)
		log_fatal("the system has no random numbers");
	for (int i = 0; i < 6; i++)
		id.bytes[i] = (unsigned char)(milliseconds >> (8 * (5 - i)));
	id.bytes[6] = (unsigned char)((id.bytes[6] & 0x0f) | 0x70);
	id.bytes[8] = (unsigned char)((id.bytes[8] & 0x3f) | 0x80);
	return id;
}
