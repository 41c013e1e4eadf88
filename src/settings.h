/* The configuration: one table of keys.  The reader walks it, and so does the test that checks the documents. */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"

struct settings {
	/* [server] */
	char          *listen;
	int64_t        threads;
	int64_t        max_body;         /* bytes */
	int64_t        reply_deadline;   /* milliseconds */
	/* [auth] */
	char          *tokens;           /* a path */
	bool           allow_anonymous;
	/* [database] */
	char          *conninfo;
	int64_t        writers;
	int64_t        batch_records;
	char          *call_timezone;
	/* [spool] */
	char          *spool_path;
	int64_t        spool_max_size;   /* bytes */
	/* [log] */
	int64_t        log_level;        /* enum log_level */
	bool           log_to_syslog;
};

enum settings_type {
	SETTING_TEXT,
	SETTING_PATH,        /* absolute */
	SETTING_ADDRESS,     /* a text that address_parse() takes */
	SETTING_NUMBER,
	SETTING_SIZE,        /* bytes; K, M and G multiply by 1024 */
	SETTING_TIME,        /* milliseconds; written with ms, s or m */
	SETTING_FLAG,        /* yes or no */
	SETTING_LOG_LEVEL,
	SETTING_LOG_TO,
};

struct settings_key {
	const char        *section;
	const char        *name;
	enum settings_type type;
	size_t             offset;           /* in struct settings */
	const char        *fallback;         /* the default, as it would stand in the file */
	int64_t            min, max;         /* of numbers, sizes and times */
};

extern const struct settings_key settings_keys[];
extern const size_t settings_key_count;

/*
 * Sets the defaults and reads the file over them.  False, logged, when the file cannot be read or has a fault: a line
 * that is neither a section nor a key, or a key that is unknown, given twice or has a bad value.  The log names the
 * first fault with its line.
 */
bool settings_read(struct settings *settings, const char *path) __attribute__((warn_unused_result));

/* Also after a settings_read() that failed. */
void settings_free(struct settings *settings);

#endif
