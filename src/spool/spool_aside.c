/* The files that were set aside before a spool was open that could take over their pushes. */
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/path.h"
#include "spool/spool_file.h"

void
spool_aside_add(struct spool_file *file, const char *path, int64_t expected)
{
	struct spool_aside *aside = memory_zalloc(sizeof *aside);

	*aside = (struct spool_aside){ .path = memory_strdup(path), .expected = expected };
	STAILQ_INSERT_TAIL(&file->asides, aside, link);
}

/* Their names end in a digit; those of SQLite's files beside them, and of copies that are not whole, do not. */
void
spool_aside_find(struct spool_file *file)
{
	glob_t found;

	if (!path_find_beside(file->path, "{" SPOOL_DAMAGED_MARK "," SPOOL_COPY_MARK "}*[0-9]", &found))
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		spool_aside_add(file, found.gl_pathv[i],
		    strstr(found.gl_pathv[i] + strlen(file->path), SPOOL_COPY_MARK) != NULL ? 0 : -1);
	globfree(&found);
}

static void
remove_first(struct spool_file *file)
{
	struct spool_aside *aside = STAILQ_FIRST(&file->asides);

	STAILQ_REMOVE_HEAD(&file->asides, link);
	memory_free(aside->path);
	memory_free(aside);
}

void
spool_aside_order(struct spool_file *file)
{
	struct spool_aside *aside;

	while ((aside = STAILQ_FIRST(&file->asides)) != NULL) {
		if (!spool_file_execute(file, "INSERT INTO rescue VALUES (%Q, 1, 0, %lld) ON CONFLICT (file) DO UPDATE"
		    " SET expected = max(expected, excluded.expected)", aside->path, (long long)aside->expected)) {
			spool_file_note(file);
			spool_file_log(file, TROUBLE_WRITING);
			return;
		}
		remove_first(file);
	}
}

void
spool_aside_give_up(struct spool_file *file)
{
	for (struct spool_aside *aside; (aside = STAILQ_FIRST(&file->asides)) != NULL; remove_first(file))
		log_error("spool %s: cannot rescue the pushes in %s; run callresultctl spool rescue: %s", file->path,
		    aside->path, file->problem);
}
