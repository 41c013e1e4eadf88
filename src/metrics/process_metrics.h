/* What Prometheus expects of every process, under the names it has for that. */
#ifndef PROCESS_METRICS_H
#define PROCESS_METRICS_H

#include <stdio.h>

/* What the system does not tell is left out. */
void process_metrics_write(FILE *file);

#endif
