/* The files that a command line names, and whether saved answers of the query interface are complete. */
#ifndef FILES_H
#define FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct files {
	char  **paths;
	size_t  count;
	int64_t bytes;          /* of all, as far as is known */
};

/*
 * Adds what each path names: a file, "-" for standard input, or all files of a folder in the order of their names, but
 * for hidden ones, sockets and the like.  False, logged, when a folder cannot be read.
 */
bool files_add(struct files *files, int count, char **paths) __attribute__((warn_unused_result));
void files_free(struct files *files);

/* The totalCount that answers give, and how many records the answers with the same one contain. */
struct totals {
	struct total { int64_t total_count, records; } *each;
	size_t count;
};

/* Adds an answer; total_count 0: it has none. */
void totals_add(struct totals *totals, int64_t total_count, int64_t records);

/* Warns of missing pages, and frees.  False: there are some. */
bool totals_warn(struct totals *totals);

#endif
