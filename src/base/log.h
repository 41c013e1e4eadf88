/*
 * The log: one event a line.
 * - "callresultd: level: message" on stderr,
 * - "<priority>level: message" on a stderr that is systemd's journal,
 * - "level: message" to syslog.
 *
 * Messages are in lower case without a full stop.  They never hold what a sender sent, nor a token, a password or a
 * signed URL; control characters in them are escaped, so that a line stays one line.  After log_open() all functions
 * are safe in any thread, and they keep errno.
 */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO };

/* Until this call, messages of every level go to stderr. */
void log_open(enum log_level level, bool to_syslog);
void log_set_level(enum log_level level);

/* The name before each message, in place of callresultd; it is not copied. */
void log_set_program(const char *name);

/* The program name; also PostgreSQL's application_name. */
const char *log_program(void);

/* Writes a whole line to the log; blocks while its reader does not read.  priority: as syslog(3) has it. */
void log_write(int priority, const char *line, size_t length);

/* Hands lines to sink, in the thread that logs, instead of log_write(). */
typedef void log_sink(int priority, const char *line, size_t length);
void log_set_sink(log_sink *sink);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Limits a line that may repeat, because a flood of lines is an outage too.  Starts as {0}. */
struct log_limit {
	_Atomic int64_t next;    /* clock_ms() from which the line may be logged again */
};

enum { LOG_PAUSE = 60 * 1000 };     /* milliseconds between two lines alike, where a file does not say otherwise */

/* True at most once in period milliseconds. */
bool log_limit_allows(struct log_limit *limit, int64_t period) __attribute__((warn_unused_result));

/* Logs an error and ends the process with status 1. */
_Noreturn void log_fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
