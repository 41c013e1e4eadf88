/* How far this system's clock is ahead of the database server's. */
#include "base/clock_ahead.h"

static _Atomic int64_t ahead;

int64_t
clock_ahead(void)
{
	return ahead;
}

void
clock_set_ahead(int64_t microseconds)
{
	ahead = microseconds;
}
