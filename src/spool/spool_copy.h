/* Saves what a file that was removed, moved or mounted over still holds while it is open.  For this room alone. */
#ifndef SPOOL_COPY_H
#define SPOOL_COPY_H

#include <stdbool.h>

#include "spool/spool_file.h"

#define SPOOL_COPY_MARK ".removed-"      /* in the names of copies, behind that of the spool */

/*
 * Copies the pushes of the file in use, which is not at its path any more, into a file beside that path; file->copy
 * names it, or is NULL when there is nothing to be copied, or nothing can be read.  False, noted, when it cannot be
 * written.
 */
bool spool_copy_moved(struct spool_file *file);

#endif
