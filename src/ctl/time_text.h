/* Points in time as an administrator writes them. */
#ifndef TIME_TEXT_H
#define TIME_TEXT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Reads "yyyy-mm-ddThh:mm:ss" (or a blank for the T) and a zone, "Z", "+hh" or "+hh:mm", into microseconds since
 * 1970-01-01 UTC.  False for anything else: without a zone it would be another time on another machine.
 */
bool time_text_parse(const char *text, int64_t *microseconds) __attribute__((warn_unused_result));

#endif
