/* Changes the file of tokens. */
#include "ctl/token_file.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/path.h"
#include "front/token.h"

enum {
	MODE_AT_FIRST = 0640,
	LOCK_TIME = 10 * 1000,      /* milliseconds for another one that changes it */
};

struct line {
	char  *text;        /* as it was, without its end, to be written again */
	size_t length;      /* of text: a NUL in it stays, for token_set_read to refuse */
	char  *copy;        /* of text, cut into the two that follow */
	char  *name;        /* NULL: not "name:token" */
	char  *token;
	bool   bad;         /* callresultd rejects it */
};

struct token_file {
	char         path[PATH_MAX];     /* of the file itself, not of a symbolic link to it */
	char         folder[PATH_MAX];
	struct line *lines;
	size_t       count;
	bool         exists;
	struct stat  found;              /* of the file that exists */
	int          lock;               /* the folder, locked; -1: not to be changed */
};

/* --- reading ----------------------------------------------------------------------------------------------- */

static struct line
make_line(const char *text, size_t length)
{
	struct line line = { .text = memory_alloc(length + 1), .length = length };

	memcpy(line.text, text, length);
	line.text[length] = '\0';
	line.copy = memory_strdup(line.text);
	line.bad = !token_line_cut(line.copy, length, &line.name, &line.token);
	return line;
}

static void
add_line(struct token_file *file, struct line line)
{
	file->lines = memory_resize(file->lines, file->count + 1, sizeof *file->lines);
	file->lines[file->count++] = line;
}

static void
free_line(struct line *line)
{
	memory_free(line->text);
	memory_free(line->copy);
}

/* The file may be a symbolic link: it is changed where it lies. */
static bool
resolve(struct token_file *file, const char *path)
{
	if (realpath(path, file->path) == NULL) {
		if (errno != ENOENT || strlen(path) >= sizeof file->path)
			return false;
		strcpy(file->path, path);
	}
	return path_folder(file->folder, file->path);
}

static bool
read_lines(struct token_file *file)
{
	FILE *stream = fopen(file->path, "re");
	char *text = NULL;
	size_t room = 0;
	ssize_t length;
	bool read;

	if (stream == NULL)
		return errno == ENOENT && file->lock >= 0;
	file->exists = fstat(fileno(stream), &file->found) == 0;
	while ((length = getline(&text, &room, stream)) >= 0)
		add_line(file, make_line(text, (size_t)length - (text[length - 1] == '\n' ? 1 : 0)));
	read = !ferror(stream) && file->exists;
	free(text);
	fclose(stream);
	return read;
}

struct token_file *
token_file_open(const char *path, bool to_change)
{
	struct token_file *file = memory_zalloc(sizeof *file);
	int problem;

	/* the folder is what can be locked: the file is another one after each change */
	file->lock = -1;
	if (resolve(file, path) && (!to_change || (file->lock = path_lock_folder(file->path, LOCK_TIME)) >= 0) &&
	    read_lines(file))
		return file;
	problem = errno;
	token_file_close(file);
	errno = problem;
	return NULL;
}

void
token_file_close(struct token_file *file)
{
	for (size_t i = 0; i < file->count; i++)
		free_line(&file->lines[i]);
	memory_free(file->lines);
	if (file->lock >= 0)
		close(file->lock);
	memory_free(file);
}

/* --- its tokens -------------------------------------------------------------------------------------------- */

static const struct line *
token_line(const struct token_file *file, size_t i)
{
	const struct line *line = file->lines;

	for (;; line++)
		if (line->name != NULL && i-- == 0)
			return line;
}

size_t
token_file_count(const struct token_file *file)
{
	size_t count = 0;

	for (size_t i = 0; i < file->count; i++)
		count += file->lines[i].name != NULL;
	return count;
}

const char *
token_file_name(const struct token_file *file, size_t i)
{
	return token_line(file, i)->name;
}

const char *
token_file_token(const struct token_file *file, size_t i)
{
	return token_line(file, i)->token;
}

size_t
token_file_bad_line(const struct token_file *file)
{
	for (size_t i = 0; i < file->count; i++)
		if (file->lines[i].bad)
			return i + 1;
	return 0;
}

const char *
token_file_find(const struct token_file *file, const char *name)
{
	for (size_t i = 0; i < file->count; i++)
		if (file->lines[i].name != NULL && strcmp(file->lines[i].name, name) == 0)
			return file->lines[i].token;
	return NULL;
}

/* --- changing ---------------------------------------------------------------------------------------------- */

static struct line
make_token_line(const char *name, const char *token)
{
	size_t size = strlen(name) + strlen(token) + 2;
	char *text = memory_alloc(size);
	struct line line;

	snprintf(text, size, "%s:%s", name, token);
	line = make_line(text, size - 1);
	memory_free(text);
	return line;
}

void
token_file_add(struct token_file *file, const char *name, const char *token)
{
	add_line(file, make_token_line(name, token));
}

void
token_file_rename(struct token_file *file, const char *name, const char *other)
{
	for (size_t i = 0; i < file->count; i++) {
		struct line old = file->lines[i];

		if (old.name == NULL || strcmp(old.name, name) != 0)
			continue;
		file->lines[i] = make_token_line(other, old.token);
		free_line(&old);
	}
}

size_t
token_file_remove(struct token_file *file, const char *name)
{
	size_t kept = 0, count = file->count;

	for (size_t i = 0; i < count; i++) {
		if (file->lines[i].name != NULL && strcmp(file->lines[i].name, name) == 0)
			free_line(&file->lines[i]);
		else
			file->lines[kept++] = file->lines[i];
	}
	file->count = kept;
	return count - kept;
}

static bool
write_lines(const struct token_file *file, FILE *stream)
{
	for (size_t i = 0; i < file->count; i++) {
		fwrite(file->lines[i].text, 1, file->lines[i].length, stream);
		putc('\n', stream);
	}
	return fflush(stream) == 0 && !ferror(stream);
}

/* Whoever could read the file before can read it now, and nobody else. */
static bool
keep_owner(const struct token_file *file, int descriptor)
{
	const struct group *group;

	if (file->exists)
		return ((file->found.st_uid == geteuid() && file->found.st_gid == getegid()) ||
		    fchown(descriptor, file->found.st_uid, file->found.st_gid) == 0) &&
		    fchmod(descriptor, file->found.st_mode & 07777) == 0;
	group = geteuid() == 0 ? getgrnam("callresultd") : NULL;
	return (group == NULL || fchown(descriptor, (uid_t)-1, group->gr_gid) == 0) &&
	    fchmod(descriptor, MODE_AT_FIRST) == 0;
}

/* False, with errno, unless all of it is on the disk.  Closes the descriptor. */
static bool
fill(const struct token_file *file, int descriptor)
{
	FILE *stream = fdopen(descriptor, "w");
	bool filled;

	if (stream == NULL) {
		close(descriptor);
		return false;
	}
	filled = write_lines(file, stream) && keep_owner(file, descriptor) && fsync(descriptor) == 0;
	return fclose(stream) == 0 && filled;
}

bool
token_file_write(struct token_file *file)
{
	char path[PATH_MAX];
	size_t bad_line = token_file_bad_line(file);
	int descriptor = -1;

	/* the worker would not start with such a file, and a reload would change nothing */
	if (bad_line > 0) {
		log_error("tokens file %s, line %zu: expected \"name:token\" with a token of letters, digits and -._~",
		    file->path, bad_line);
		return false;
	}
	if (snprintf(path, sizeof path, "%s/.tokens.XXXXXX", file->folder) < (int)sizeof path)
		descriptor = mkstemp(path);
	if (descriptor >= 0 && fill(file, descriptor) && rename(path, file->path) == 0 && fsync(file->lock) == 0)
		return true;
	log_error("tokens file %s: %s", file->path, strerror(errno));
	if (descriptor >= 0)
		unlink(path);
	return false;
}

void
token_file_url(char *url, size_t size, const char *mount, const char *token)
{
	size_t length = strlen(mount);

	while (length > 0 && mount[length - 1] == '/')
		length--;
	snprintf(url, size, "%.*s/%s", (int)length, mount, token);
}
