/* The two clocks: one dates what is stored, one measures how long things take. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

/*
 * Microseconds since 1970-01-01 UTC.  Each call of a process returns more than those before, even when the system's
 * clock is set back, so no two of its pushes share one.
 */
int64_t clock_timestamp(void);

/* Milliseconds of the monotonic clock; deadlines are points on it. */
int64_t clock_ms(void);

/* Microseconds of the same clock. */
int64_t clock_us(void);

#endif
