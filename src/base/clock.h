/* The two clocks: one that dates what is stored, one that measures how long things take. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

/*
 * Microseconds since 1970-01-01 UTC, greater at every call of the process even when the system's clock is set
 * back: no two pushes of a process share one.
 */
int64_t clock_timestamp(void);

/* Milliseconds of the monotonic clock; deadlines are points on it. */
int64_t clock_ms(void);

/* Microseconds of the same clock, for how long things took. */
int64_t clock_us(void);

#endif
