/* How far this system's clock is ahead of the database server's: measured when connecting, noted in each push. */
#ifndef CLOCK_AHEAD_H
#define CLOCK_AHEAD_H

#include <stdint.h>

/* Microseconds, as last measured: 0 until then, negative when this clock is behind.  Safe in any thread. */
int64_t clock_ahead(void);
void clock_set_ahead(int64_t microseconds);

#endif
