/* How far long work is: a line on standard error, drawn over and over, where that is a terminal. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdint.h>

struct progress;

/* what names the units that are counted; both must outlive it. */
struct progress *progress_start(const char *doing, const char *what, int64_t total);

/* So many are done by now. */
void progress_set(struct progress *progress, int64_t done);

/* Wipes the line. */
void progress_end(struct progress *progress);

#endif
