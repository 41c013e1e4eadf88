/* What all commands of callresultctl share: how one is described, and what is ready when it runs. */
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

/* What a command needs before it runs; each needs those before it. */
enum {
	NEEDS_SETTINGS = 1,     /* the configuration is read */
	NEEDS_DATABASE = 2,     /* there is a connection, and the schema fits */
	NEEDS_SPOOL = 4,        /* the spool is open */
};

struct command_option {
	const char *name;       /* without the dashes; NULL ends the list */
	const char *argument;   /* how --help calls what follows; NULL: nothing does.  With "..." at its end it may
	                           be given again, and its values are joined by line ends */
	const char *help;
};

enum { OPTIONS_MAX = 9, ARGUMENTS_ANY = -1 };

struct ctl;

/* Gives the exit status. */
typedef int command_run(struct ctl *ctl);

struct command {
	const char           *name;         /* one word or two: "spool list" */
	const char           *arguments;    /* as the synopsis has them */
	const char           *summary;
	int                   min, max;     /* arguments; ARGUMENTS_ANY: no limit */
	unsigned              needs;
	bool                  has_json;
	struct command_option options[OPTIONS_MAX];
	command_run          *run;
};

struct ctl {
	const struct command *command;
	int                   argc;             /* of the command's arguments */
	char                **argv;
	const char           *config;
	const char           *given_conninfo;   /* by -d; NULL: none */
	bool                  json;
	const char           *values[OPTIONS_MAX];   /* of the command's options; "" of one without argument */
	struct settings       settings;
	bool                  has_settings;
	struct db            *db;               /* connected, where the command needs it */
	struct spool         *spool;            /* open, where the command needs it */
};

enum { CTL_QUERY_TIME = 60 * 1000 };    /* milliseconds for a question to the database */

/* Reads the configuration, once.  False, logged, when it is bad. */
bool ctl_read_settings(struct ctl *ctl);

/* The connection string of -d, or else of the configuration. */
const char *ctl_conninfo(const struct ctl *ctl);

/* Connects ctl->db.  False, logged, when it cannot, or the schema does not fit. */
bool ctl_connect(struct ctl *ctl) __attribute__((warn_unused_result));

/* The value of an option of the command; NULL when it is not given. */
const char *ctl_option(const struct ctl *ctl, const char *name);

/*
 * Its value as a whole number between min and max, or the fallback when it is not given.  False, logged, when it is
 * not such a number.
 */
bool ctl_number_option(const struct ctl *ctl, const char *name, int64_t fallback, int64_t min, int64_t max,
    int64_t *number);

/* Says what is wrong with the command line and where help is; gives CTL_USAGE. */
int ctl_usage_error(const struct ctl *ctl, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints the tables as the command line wants them, and frees them. */
void ctl_print(const struct ctl *ctl, struct table **tables, int count);

/* db_query with CTL_QUERY_TIME; NULL, logged, when it failed. */
struct db_rows *ctl_query(struct db *db, const char *text, const char *const *parameters, int count);

/* In the text of a query: a point in time as COLUMN_TIME has it. */
#define CTL_TIME(value) "to_char((" value ") AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"

/* Adds all cells of the rows, which have the columns of the table. */
void ctl_add_rows(struct table *table, const struct db_rows *rows);

#endif
