/* The log: one event a line, on stderr or to syslog. */
#include "base/log.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"

enum { LINE_SIZE = 1024 };

static const struct {
	const char *name;
	int         priority;
} levels[] = {
	[LOG_LEVEL_ERROR]   = { "error", LOG_ERR },
	[LOG_LEVEL_WARNING] = { "warning", LOG_WARNING },
	[LOG_LEVEL_INFO]    = { "info", LOG_INFO },
};

static atomic_int max_level = LOG_LEVEL_INFO;
static bool use_syslog;
static const char *program = "callresultd";
static atomic_bool use_journal;
static log_sink *_Atomic current_sink = log_write;

/* systemd names the journal's stream by device and inode; a stderr that was redirected since has others. */
static bool
stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char ours[64];
	struct stat found;

	if (stream == NULL || fstat(STDERR_FILENO, &found) != 0)
		return false;
	snprintf(ours, sizeof ours, "%llu:%llu", (unsigned long long)found.st_dev, (unsigned long long)found.st_ino);
	return strcmp(stream, ours) == 0;
}

void
log_open(enum log_level level, bool to_syslog)
{
	log_set_level(level);
	use_syslog = to_syslog;
	use_journal = stderr_is_journal();
	if (to_syslog)
		openlog("callresultd", LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

void
log_set_level(enum log_level level)
{
	max_level = level;
}

void
log_set_program(const char *name)
{
	program = name;
}

const char *
log_program(void)
{
	return program;
}

/*
 * The length of the control character at p, 0 when there is none: it could forge a line or drive a terminal.  U+0080 to
 * U+009F are two bytes of UTF-8.
 */
static int
control_length(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	if (u[0] == 0xc2 && u[1] >= 0x80 && u[1] <= 0x9f)
		return 2;
	return iscntrl(u[0]) ? 1 : 0;
}

static void
escape(char *out, size_t size, const char *in)
{
	enum { ROOM = 9 };      /* for two bytes escaped and the end */
	size_t used = 0;

	while (*in != '\0' && used + ROOM < size) {
		int length = control_length(in);

		if (length == 0)
			out[used++] = *in++;
		while (length-- > 0)
			used += (size_t)snprintf(out + used, size - used, "\\x%02x", (unsigned char)*in++);
	}
	out[used] = '\0';
}

/* One write a line, so that lines of several threads and processes do not mix. */
void
log_write(int priority, const char *line, size_t length)
{
	if (use_syslog)
		syslog(priority, "%.*s", (int)length, line);
	else
		(void)!write(STDERR_FILENO, line, length);
}

void
log_set_sink(log_sink *sink)
{
	current_sink = sink;
}

static void
emit(enum log_level level, const char *format, va_list arguments)
{
	char message[LINE_SIZE], escaped[LINE_SIZE], line[LINE_SIZE + 32];
	int saved_errno = errno;
	int length;

	if ((int)level <= max_level) {
		vsnprintf(message, sizeof message, format, arguments);
		escape(escaped, sizeof escaped, message);
		/* syslog and the journal know the program; the journal reads the priority (sd-daemon(3)) */
		if (use_syslog)
			length = snprintf(line, sizeof line, "%s: %s", levels[level].name, escaped);
		else if (use_journal)
			length = snprintf(line, sizeof line, "<%d>%s: %s\n", levels[level].priority, levels[level].name,
			    escaped);
		else
			length = snprintf(line, sizeof line, "%s: %s: %s\n", program, levels[level].name, escaped);
		current_sink(levels[level].priority, line, (size_t)length);
	}
	errno = saved_errno;
}

#define EMIT(level)                              \
	do {                                     \
		va_list arguments;               \
		va_start(arguments, format);     \
		emit(level, format, arguments);  \
		va_end(arguments);               \
	} while (0)

void
log_error(const char *format, ...)
{
	EMIT(LOG_LEVEL_ERROR);
}

void
log_warning(const char *format, ...)
{
	EMIT(LOG_LEVEL_WARNING);
}

void
log_info(const char *format, ...)
{
	EMIT(LOG_LEVEL_INFO);
}

void
log_fatal(const char *format, ...)
{
	EMIT(LOG_LEVEL_ERROR);
	exit(1);
}

bool
log_limit_allows(struct log_limit *limit, int64_t period)
{
	int64_t now = clock_ms(), next = limit->next;

	return now >= next && atomic_compare_exchange_strong(&limit->next, &next, now + period);
}
