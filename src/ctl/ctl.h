/* What the commands of callresultctl share: how each is described, and what is ready when it runs. */
#ifndef CTL_H
#define CTL_H

#include <stdbool.h>
#include <stdint.h>

#include "ctl/table.h"
#include "db/db.h"
#include "settings.h"
#include "spool/spool.h"

/* Exit statuses. */
enum { CTL_FINE = 0, CTL_WRONG = 1, CTL_USAGE = 2 };

/* What is ready when a command runs. */
enum needs {
	NEEDS_NOTHING,
	NEEDS_SETTINGS,     /* the configuration is read */
	NEEDS_DATABASE,     /* and the database is connected, with a schema that fits */
	NEEDS_SPOOL,        /* or the spool is open instead */
};

struct command_option {
	const char *name;       /* without the dashes; NULL ends the list */
	const char *argument;   /* its name in --help; NULL: the option has none.  With "..." at its end the option may
	                           be given again, and its values are joined by line ends */
	const char *help;
};

enum { OPTIONS_MAX = 9, ARGUMENTS_ANY = -1 };

struct ctl;
struct token_file;

/* Returns the exit status. */
typedef int command_run(struct ctl *ctl);

struct command {
	const char           *name;         /* one word or two, such as "spool list" */
	const char           *arguments;    /* as in the synopsis */
	const char           *summary;
	int                   min, max;     /* how many arguments; ARGUMENTS_ANY: no limit */
	enum needs            needs;
	bool                  has_json;
	struct command_option options[OPTIONS_MAX];
	command_run          *run;
};

struct ctl {
	const struct command *command;
	int                   argc;             /* the command's arguments, without its options */
	char                **argv;
	const char           *config;
	const char           *given_conninfo;   /* by -d; NULL: none */
	bool                  json;
	const char           *values[OPTIONS_MAX];   /* of its options, see ctl_option */
	struct settings       settings;
	bool                  has_settings;
	struct db            *db;               /* connected, where the command needs it */
	struct spool         *spool;            /* open, where the command needs it */
};

enum { CTL_QUERY_TIME = 60 * 1000 };    /* milliseconds for a query */

/* Reads the configuration, once.  False, logged, when it is bad. */
bool ctl_read_settings(struct ctl *ctl) __attribute__((warn_unused_result));

/* The connection string of -d, or else of the configuration. */
const char *ctl_conninfo(const struct ctl *ctl);

/* Connects ctl->db, and checks its schema.  False, logged, when either fails. */
bool ctl_connect(struct ctl *ctl) __attribute__((warn_unused_result));

/* Opens ctl->spool.  False, logged, when that fails. */
bool ctl_open_spool(struct ctl *ctl) __attribute__((warn_unused_result));

/* token_file_open() with the configured file.  NULL, logged, when that fails. */
struct token_file *ctl_open_tokens(const struct ctl *ctl, bool to_change) __attribute__((warn_unused_result));

/* The value of an option of the command, "" for one without argument; NULL when it is not given. */
const char *ctl_option(const struct ctl *ctl, const char *name);

/* That value as a number, or the fallback when it is not given.  False, logged, unless it is between min and max. */
bool ctl_number_option(const struct ctl *ctl, const char *name, int64_t fallback, int64_t min, int64_t max,
    int64_t *number) __attribute__((warn_unused_result));

/* Whether the value of an option is a day, such as "2026-11-27", or is not given.  False, logged, otherwise. */
bool ctl_is_day_option(const struct ctl *ctl, const char *name) __attribute__((warn_unused_result));

/* Logs what is wrong with the command line, and where help is; returns CTL_USAGE. */
int ctl_usage_error(const struct ctl *ctl, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints the tables, as JSON after --json, and frees them. */
void ctl_print(const struct ctl *ctl, struct table **tables, int count);

/* db_query with CTL_QUERY_TIME.  NULL, logged, when it failed. */
struct db_rows *ctl_query(struct db *db, const char *text, const char *const *parameters, int count)
    __attribute__((warn_unused_result));

/* In the text of a query: a point in time as COLUMN_TIME wants it. */
#define CTL_TIME(value) "to_char((" value ") AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"

/* Adds all cells of the rows, whose columns are the table's. */
void ctl_add_rows(struct table *table, const struct db_rows *rows);

#endif
