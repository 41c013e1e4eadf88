/* What Prometheus expects of every process, under its names for it. */
#ifndef PROCESS_METRICS_H
#define PROCESS_METRICS_H

#include <stdio.h>

/* Writes it, and leaves out what the system does not tell. */
void process_metrics_write(FILE *file);

#endif
