/* Runs a fuzzer's function over the files of its corpus, as a test: tests/fuzz/corpus/NAME/... for tests/fuzz/NAME. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reference.h"

static const char *volatile current;

static void
name_current(int signal_number)
{
	psignal(signal_number, current);
}

/* In memory of its exact size, so that a byte read behind it is noticed. */
static void
replay(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes;
	long size;

	if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0) {
		printf("Bail out! %s cannot be read\n", path);
		exit(1);
	}
	rewind(file);
	bytes = malloc(size > 0 ? (size_t)size : 1);
	if (fread(bytes, 1, (size_t)size, file) != (size_t)size)
		abort();
	fclose(file);
	current = path;
	LLVMFuzzerTestOneInput(bytes, (size_t)size);
	free(bytes);
}

int
main(int argc, char **argv)
{
	const char *source = getenv("CALLRESULTD_SRC"), *name = strrchr(argv[0], '/');
	char folder[512], path[1024];
	const struct dirent *entry;
	int count = 0;
	DIR *files;

	(void)argc;
	signal(SIGABRT, name_current);
	snprintf(folder, sizeof folder, "%s/tests/fuzz/corpus%s", source != NULL ? source : ".", name != NULL ? name :
	    argv[0]);
	files = opendir(folder);
	while (files != NULL && (entry = readdir(files)) != NULL)
		if (entry->d_name[0] != '.') {
			snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
			replay(path);
			count++;
		}
	if (files != NULL)
		closedir(files);
	printf("%s 1 - %d files of %s\n1..1\n", count > 0 ? "ok" : "not ok", count, folder);
	return count > 0 ? 0 : 1;
}
