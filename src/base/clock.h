/* The two clocks: one dates what is stored, one measures how long things take. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

/*
 * Microseconds since 1970-01-01 UTC.  Rises with every call in a process, even when the system's clock is set back, so
 * no two pushes of a process share a timestamp.
 */
int64_t clock_timestamp(void);

/* Milliseconds of the monotonic clock; deadlines are points on it. */
int64_t clock_ms(void);

/* Microseconds of the same clock. */
int64_t clock_us(void);

#endif
