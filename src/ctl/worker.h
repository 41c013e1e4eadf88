/* The metrics of the running callresultd, which are asked for at its socket, as a web server would. */
#ifndef WORKER_H
#define WORKER_H

#include <stdbool.h>

/*
 * Its metrics, as text that the caller gives to memory_free.  NULL, with *problem, when callresultd does not answer
 * within seconds.  Connecting would start a service that is stopped: call probe_listens first.
 */
char *worker_metrics(const char *listen, const char **problem);

/* Reads the value of a series, named with its labels.  False when metrics is NULL or has no such series. */
bool worker_value(const char *metrics, const char *series, double *value) __attribute__((warn_unused_result));

/* The greatest value of all series of a name; 0 when there is none. */
double worker_greatest(const char *metrics, const char *name);

#endif
