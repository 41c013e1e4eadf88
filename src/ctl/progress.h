/* Shows how far long work is: a line on standard error, redrawn in place, where that is a terminal. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdint.h>

struct progress;

/* doing names the work, what names the units, and total is how many there are.  Both strings must last. */
struct progress *progress_start(const char *doing, const char *what, int64_t total);

/* Shows that done units are done, at most ten times a second. */
void progress_set(struct progress *progress, int64_t done);

/* Wipes the line, and frees. */
void progress_end(struct progress *progress);

#endif
