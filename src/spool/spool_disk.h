/* The disk that the spool's file lies on, for this room alone.  Each call may wait for the disk. */
#ifndef SPOOL_DISK_H
#define SPOOL_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "spool/spool_file.h"

/*
 * Whether pushes of so many bytes can be put: into pages of the file that are free, or with enough of the disk left to
 * others afterwards.
 */
bool spool_disk_has_room(const struct spool_file *file, int64_t bytes);

/*
 * The reserve: bytes of the disk that are held by a file beside the spool, so that pushes can be taken out of the
 * spool when others have filled the disk.  Made when there is room for it; given up when it is needed: true when
 * there was one.
 */
void spool_disk_keep_reserve(const struct spool_file *file);
bool spool_disk_give_up_reserve(const struct spool_file *file);

/* Gives the disk back what a file that is empty does not need.  False when that is to be tried again later. */
bool spool_disk_shrink(struct spool_file *file);

#endif
