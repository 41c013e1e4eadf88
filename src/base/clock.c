/* The two clocks. */
#include "base/clock.h"

#include <stdatomic.h>
#include <time.h>

int64_t
clock_timestamp(void)
{
	static _Atomic int64_t latest;
	struct timespec now;
	int64_t stamp, before;

	clock_gettime(CLOCK_REALTIME, &now);
	before = latest;
	do {
		stamp = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
		if (stamp <= before)
			stamp = before + 1;
	} while (!atomic_compare_exchange_weak(&latest, &before, stamp));
	return stamp;
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
