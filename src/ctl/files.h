/* The files that a command line names, and whether saved answers of the query interface are all there. */
#ifndef FILES_H
#define FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct files {
	char  **paths;
	size_t  count;
	int64_t bytes;          /* of all, as far as known */
};

/*
 * Adds the file, or all files of the folder in the order of their names, but for hidden ones, sockets and the like;
 * what is named itself is always added, and "-" is standard input.  False, logged, when a folder cannot be read.
 */
bool files_add(struct files *files, int count, char **paths);
void files_free(struct files *files);

/* What answers say of how many records there are in all, and how many those hold that say the same. */
struct totals {
	struct total { int64_t said, held; } *each;
	size_t count;
};

/* said 0: the answer does not say. */
void totals_add(struct totals *totals, int64_t said, int64_t held);

/* Warns of pages that are not there, and frees. */
void totals_warn(struct totals *totals);

#endif
