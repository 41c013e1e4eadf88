/* What the running callresultd says of itself, asked at its socket as a web server would. */
#ifndef WORKER_H
#define WORKER_H

#include <stdbool.h>

/*
 * Its metrics, as text to be given to memory_free; NULL, with the reason in *problem, when it cannot be asked.  Waits
 * a few seconds at most.  Asking connects, which would start a service that systemd starts on demand: see
 * probe_listens first.
 */
char *worker_metrics(const char *listen, const char **problem);

/* Reads the value of a series, which is named with its labels.  False when metrics (or NULL) has no such. */
bool worker_value(const char *metrics, const char *series, double *value) __attribute__((warn_unused_result));

/* The greatest value of the series of one name, whatever their labels; 0 when there is none. */
double worker_greatest(const char *metrics, const char *name);

#endif
