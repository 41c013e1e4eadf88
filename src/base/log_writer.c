/* A thread that writes the log. */
#include "base/log_writer.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "base/log.h"
#include "base/thread.h"

enum {
	LINES_MAX = 1000,
	LAST_TIME = 1,          /* seconds for what is queued when the process exits */
};

struct line {
	STAILQ_ENTRY(line) link;
	int          priority;
	size_t       length;
	char         text[];
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t arrival = PTHREAD_COND_INITIALIZER;
static pthread_cond_t written = PTHREAD_COND_INITIALIZER;
static STAILQ_HEAD(, line) lines = STAILQ_HEAD_INITIALIZER(lines);
static int queued;              /* lines, with the one that is being written */
static int64_t dropped, reported;

/* A log_sink. */
static void
put(int priority, const char *text, size_t length)
{
	/* not memory_alloc(), which logs when there is no memory */
	struct line *line = malloc(sizeof *line + length);

	if (line != NULL) {
		*line = (struct line){ .priority = priority, .length = length };
		memcpy(line->text, text, length);
	}
	pthread_mutex_lock(&mutex);
	if (line != NULL && queued < LINES_MAX) {
		STAILQ_INSERT_TAIL(&lines, line, link);
		queued++;
		line = NULL;
		pthread_cond_signal(&arrival);
	} else {
		dropped++;
	}
	pthread_mutex_unlock(&mutex);
	free(line);
}

/* With the mutex: takes the oldest line, which counts as queued until it is written. */
static struct line *
take(void)
{
	struct line *line;

	while ((line = STAILQ_FIRST(&lines)) == NULL)
		pthread_cond_wait(&arrival, &mutex);
	STAILQ_REMOVE_HEAD(&lines, link);
	return line;
}

static void *
run(void *argument)
{
	(void)argument;
	pthread_mutex_lock(&mutex);
	for (;;) {
		struct line *line = take();
		int64_t missing;

		pthread_mutex_unlock(&mutex);
		log_write(line->priority, line->text, line->length);
		free(line);
		pthread_mutex_lock(&mutex);
		queued--;
		pthread_cond_signal(&written);
		missing = dropped - reported;
		reported = dropped;
		pthread_mutex_unlock(&mutex);
		if (missing > 0)
			log_warning("log: dropped lines because the reader of the log fell behind lines=%lld",
			    (long long)missing);
		pthread_mutex_lock(&mutex);
	}
	return NULL;
}

static void
write_last_lines(void)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += LAST_TIME;
	pthread_mutex_lock(&mutex);
	while (queued > 0 && pthread_cond_timedwait(&written, &mutex, &end) == 0)
		;
	pthread_mutex_unlock(&mutex);
}

/* A cookie_write_function_t of fopencookie(3), which gets whole lines. */
static ssize_t
print(void *cookie, const char *bytes, size_t size)
{
	const char *end = bytes + size, *line_end;
	char line[256];

	(void)cookie;
	for (; bytes < end; bytes = line_end + 1) {
		line_end = memchr(bytes, '\n', (size_t)(end - bytes));
		if (line_end == NULL)
			line_end = end;
		snprintf(line, sizeof line, "%.*s", (int)(line_end - bytes), bytes);
		if (*line != '\0')
			log_warning("a library says: %s", line);
	}
	return (ssize_t)size;
}

/* Logs what libraries print: libpq prints a server's notices while it connects, and could block there. */
static void
listen_to_libraries(void)
{
	FILE *stream = fopencookie(NULL, "w", (cookie_io_functions_t){ .write = print });

	if (stream == NULL)
		return;
	setvbuf(stream, NULL, _IOLBF, BUFSIZ);
	stderr = stream;
}

void
log_writer_start(void)
{
	pthread_detach(thread_start(run, NULL, "the thread that writes the log"));
	log_set_sink(put);
	listen_to_libraries();
	atexit(write_last_lines);
}

int64_t
log_writer_dropped(void)
{
	int64_t count;

	pthread_mutex_lock(&mutex);
	count = dropped;
	pthread_mutex_unlock(&mutex);
	return count;
}
