/* Reads from the system what Prometheus expects of every process. */
#include "metrics/process_metrics.h"

#include <dirent.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static void
write_one(FILE *file, const char *name, const char *type, double value, const char *help)
{
	fprintf(file, "# HELP %s %s\n# TYPE %s %s\n%s %.15g\n", name, help, name, type, name, value);
}

/* Seconds since 1970: field 22 of proc(5)'s stat counts from the boot. */
static bool
read_start_time(double *seconds)
{
	FILE *file = fopen("/proc/self/stat", "re");
	char text[1024];
	unsigned long long ticks;
	size_t length = file != NULL ? fread(text, 1, sizeof text - 1, file) : 0;
	const char *rest;
	struct timespec now, up;

	if (file != NULL)
		fclose(file);
	text[length] = '\0';
	/* the program's name may hold anything, but its bracket is the last */
	rest = strrchr(text, ')');
	if (rest == NULL || sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u"
	    " %*d %*d %*d %*d %*d %*d %llu", &ticks) != 1)
		return false;
	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &up);
	*seconds = (double)(now.tv_sec - up.tv_sec) + (double)(now.tv_nsec - up.tv_nsec) / 1e9 +
	    (double)ticks / (double)sysconf(_SC_CLK_TCK);
	return true;
}

static bool
read_resident(double *bytes)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long long pages;
	bool read = file != NULL && fscanf(file, "%*u %llu", &pages) == 1;

	if (file != NULL)
		fclose(file);
	if (read)
		*bytes = (double)pages * (double)sysconf(_SC_PAGESIZE);
	return read;
}

static int
count_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int count = -3;     /* ".", ".." and the directory's own */

	if (directory == NULL)
		return -1;
	while (readdir(directory) != NULL)
		count++;
	closedir(directory);
	return count;
}

static double
seconds_of(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

void
process_metrics_write(FILE *file)
{
	struct rlimit limit;
	struct rusage usage;
	double value;

	if (read_start_time(&value))
		write_one(file, "process_start_time_seconds", "gauge", value,
		    "Start time of the process, in seconds since 1970.");
	if (getrusage(RUSAGE_SELF, &usage) == 0)
		write_one(file, "process_cpu_seconds_total", "counter",
		    seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime), "CPU time used, user and system.");
	if (read_resident(&value))
		write_one(file, "process_resident_memory_bytes", "gauge", value, "Resident memory.");
	if ((value = count_descriptors()) >= 0)
		write_one(file, "process_open_fds", "gauge", value, "Open file descriptors.");
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		write_one(file, "process_max_fds", "gauge", (double)limit.rlim_cur,
		    "File descriptors that may be open.");
}
