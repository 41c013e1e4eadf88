/* Takes over into the spool what can still be read of a damaged file, a part at a time.  For this room alone. */
#ifndef SPOOL_RESCUE_H
#define SPOOL_RESCUE_H

#include <stdbool.h>
#include <stdint.h>

#include "spool/spool_file.h"

struct spool_rescue {
	struct spool_file  *file;       /* the spool's */
	struct spool_pages *pages;      /* of the damaged file */
	char               *path;       /* of the damaged file */
	int64_t             page, count;        /* the next page, of so many */
	int64_t             found;      /* pushes so far */
	int64_t             taken;      /* of them, those that the spool did not have */
	int64_t             bytes;      /* of the present part */
	enum spool_result   result;     /* of the present part */
};

/* Opens the damaged file at path, to be read from that page on.  NULL, with errno, when it cannot. */
struct spool_rescue *spool_rescue_open(struct spool_file *file, const char *path, int64_t page);
void spool_rescue_close(struct spool_rescue *rescue);

/* Whether there is more to be read. */
bool spool_rescue_is_due(const struct spool_rescue *rescue);

/*
 * Takes over the next part, a small one where there is little room, in a transaction that the caller has begun and
 * ends with the result.  When either fails, the rescue is to be opened anew.
 */
enum spool_result spool_rescue_part(struct spool_rescue *rescue) __attribute__((warn_unused_result));

/*
 * For the keeper: goes on with the rescue that the file says is due, whoever has begun it.  *rescue is NULL at first,
 * and when none is due.  Logs at the end what was rescued and what is lost.  Returns whether it took over a part, so
 * that the next one is due at once.
 */
bool spool_rescue_go_on(struct spool_file *file, struct spool_rescue **rescue)
    __attribute__((warn_unused_result));

#endif
