/* The tables of the spool's file.  For spool_file.c alone. */
#ifndef SPOOL_SCHEMA_H
#define SPOOL_SCHEMA_H

#include "spool/spool_file.h"

/*
 * Makes the tables where they are not there, and upgrades those of the first version.  False when it cannot; the file
 * is to be closed then.
 */
bool spool_schema_upgrade(struct spool_file *file) __attribute__((warn_unused_result));

#endif
