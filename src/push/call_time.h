/* callTimeStr: the sender's local date and time of a call. */
#ifndef CALL_TIME_H
#define CALL_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/*
 * Reads exactly "yyyy-mm-dd hh:mm:ss": a day of the calendar and a time of day, years 1970 to 9999.  False for anything
 * else.  microseconds: since 1970-01-01 00:00:00 of the same local time, whatever its zone.
 */
bool call_time_parse(struct slice text, int64_t *microseconds) __attribute__((warn_unused_result));

#endif
