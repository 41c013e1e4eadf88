/* The disk that the spool's file lies on, for this room alone.  Each call may wait for the disk. */
#ifndef SPOOL_DISK_H
#define SPOOL_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "spool/spool_file.h"

/* Whether so many bytes can be put: on free pages of the file, or so that SPOOL_FREE_FLOOR of the disk is left. */
bool spool_disk_has_room(const struct spool_file *file, int64_t bytes) __attribute__((warn_unused_result));

/*
 * The reserve is a file beside the spool that holds bytes of the disk, so that pushes can be taken out of the spool
 * when others have filled the disk.  It is made while there is room, and given up when it is needed: false when there
 * is none.
 */
void spool_disk_keep_reserve(const struct spool_file *file);
bool spool_disk_give_up_reserve(const struct spool_file *file) __attribute__((warn_unused_result));

/* Gives the room that an empty file does not need back to the disk.  False when that is to be tried again. */
bool spool_disk_shrink(struct spool_file *file) __attribute__((warn_unused_result));

#endif
