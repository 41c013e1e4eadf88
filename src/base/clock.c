/* The two clocks. */
#include "base/clock.h"

#include <stdatomic.h>
#include <time.h>

int64_t
clock_timestamp(void)
{
	static _Atomic int64_t latest;
	struct timespec now;
	int64_t timestamp, before;

	clock_gettime(CLOCK_REALTIME, &now);
	before = latest;
	do {
		timestamp = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
		if (timestamp <= before)
			timestamp = before + 1;
	} while (!atomic_compare_exchange_weak(&latest, &before, timestamp));
	return timestamp;
}

int64_t
clock_ms(void)
{
	return clock_us() / 1000;
}

int64_t
clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
