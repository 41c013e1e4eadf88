/* The files that a command line names, and whether saved answers of the query interface are complete. */
#include "ctl/files.h"

#include <errno.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/memory.h"

static void
add_path(struct files *files, const char *path, int64_t size)
{
	files->paths = memory_resize(files->paths, files->count + 1, sizeof *files->paths);
	files->paths[files->count++] = memory_strdup(path);
	files->bytes += size;
}

static int
compare_names(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool
add_tree(struct files *files, char *path)
{
	char *const roots[] = { path, NULL };
	FTS *tree = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, compare_names);
	FTSENT *entry;

	if (tree == NULL) {
		log_error("%s: %s", path, strerror(errno));
		return false;
	}
	while ((entry = fts_read(tree)) != NULL) {
		bool hidden = entry->fts_level > 0 && entry->fts_name[0] == '.';

		if (entry->fts_info == FTS_D && hidden)
			fts_set(tree, entry, FTS_SKIP);
		else if (entry->fts_info != FTS_D && entry->fts_info != FTS_DP && !hidden &&
		    (entry->fts_level == 0 || entry->fts_info != FTS_DEFAULT))
			add_path(files, entry->fts_path,
			    entry->fts_info == FTS_F ? (int64_t)entry->fts_statp->st_size : 0);
	}
	fts_close(tree);
	return true;
}

bool
files_add(struct files *files, int count, char **paths)
{
	bool listed = true;

	for (int i = 0; i < count; i++) {
		if (strcmp(paths[i], "-") == 0)
			add_path(files, paths[i], 0);
		else
			listed &= add_tree(files, paths[i]);
	}
	return listed;
}

void
files_free(struct files *files)
{
	for (size_t i = 0; i < files->count; i++)
		memory_free(files->paths[i]);
	memory_free(files->paths);
}

void
totals_add(struct totals *totals, int64_t total_count, int64_t records)
{
	size_t i = 0;

	if (total_count == 0)
		return;
	while (i < totals->count && totals->each[i].total_count != total_count)
		i++;
	if (i == totals->count) {
		totals->each = memory_resize(totals->each, totals->count + 1, sizeof *totals->each);
		totals->each[totals->count++] = (struct total){ total_count, 0 };
	}
	totals->each[i].records += records;
}

/* Answers to several questions may have the same totalCount: together they contain a multiple of it. */
bool
totals_warn(struct totals *totals)
{
	bool whole = true;

	for (size_t i = 0; i < totals->count; i++) {
		const struct total *total = &totals->each[i];

		if (total->records >= total->total_count && total->records % total->total_count == 0)
			continue;
		log_warning("the answers with totalCount %lld contain %lld records: fetch the missing pages"
		    " (showDetail=1, pageSize=100, each pageNum)", (long long)total->total_count,
		    (long long)total->records);
		whole = false;
	}
	memory_free(totals->each);
	return whole;
}
