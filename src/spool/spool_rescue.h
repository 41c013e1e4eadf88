/*
 * Takes the pushes that can still be read of a damaged file over into the spool, a part at a time.  For this room
 * alone.
 */
#ifndef SPOOL_RESCUE_H
#define SPOOL_RESCUE_H

#include <stdbool.h>
#include <stdint.h>

#include "spool/spool_file.h"

struct spool_rescue {
	struct spool_file  *file;       /* the spool */
	struct spool_pages *pages;      /* of the damaged file */
	char               *path;       /* of it */
	int64_t             page;       /* the next one */
	int64_t             found;      /* pushes so far, also those that were there already */
	int64_t             taken;      /* of them those that were not */
	int64_t             bytes;      /* of the present part */
	enum spool_result   result;     /* of the present part */
};

/* From that page on.  NULL, with errno, when the file cannot be opened. */
struct spool_rescue *spool_rescue_open(struct spool_file *file, const char *path, int64_t page);
void spool_rescue_close(struct spool_rescue *rescue);

/* Whether there is more to be read. */
bool spool_rescue_is_due(const struct spool_rescue *rescue);

/* How many pages the damaged file has. */
int64_t spool_rescue_pages(const struct spool_rescue *rescue);

/*
 * Takes over the next part, within a transaction of the caller's, who begins it and ends it with the result.  When it
 * fails, or the transaction does, the rescue is to be opened anew.
 */
enum spool_result spool_rescue_part(struct spool_rescue *rescue);

/*
 * The keeper's: goes on with the rescue that the file says is due, whoever has begun it.  *rescue is NULL at first
 * and when there is none.  What it has done, and what is lost, is logged.
 */
void spool_rescue_go_on(struct spool_file *file, struct spool_rescue **rescue);

#endif
