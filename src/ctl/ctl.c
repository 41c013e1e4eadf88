/*
 * callresultctl: what an administrator does besides running callresultd.  The table of commands, what each needs before
 * it runs, and the command line.
 */
#include "ctl/ctl.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/streams.h"
#include "ctl/commands.h"

static const struct command commands[] = {
	{ "status", "", "show what callresultd, its database and its spool are doing", 0, 0, NEEDS_SETTINGS, true,
	    { { 0 } }, cmd_status },
	{ "doctor", "", "find what could lose or refuse data, and how to cure it", 0, 0, NEEDS_SETTINGS, true,
	    { { 0 } }, cmd_doctor },
	{ "import", "FILE|FOLDER...", "store saved pushes or saved answers of the query interface", 1, ARGUMENTS_ANY,
	    NEEDS_DATABASE, true, {
	    { "as-of", "TIME|file", "count as received at this time (2026-11-22T08:00:00+08:00), or when the file was"
	    " last changed" },
	    { "dry-run", NULL, "read the files but store nothing" },
	    { 0 } }, cmd_import },
	{ "reconcile", "FILE|FOLDER...", "compare saved answers of the query interface with the database", 1,
	    ARGUMENTS_ANY, NEEDS_DATABASE, true, {
	    { "import", NULL, "store the missing calls" },
	    { "day", "DATE", "the day of the answers with counts: compare the calls of that day" },
	    { 0 } }, cmd_reconcile },
	{ "report", "", "report on campaigns as text, CSV, JSON or a web page with charts", 0, 0, NEEDS_DATABASE,
	    true, {
	    { "campaign", "ID...", "only these campaigns" },
	    { "vdn", "NUMBER", "only this virtual call centre" },
	    { "since", "DATE", "only calls from this day on" },
	    { "until", "DATE", "only calls up to and including this day" },
	    { "format", "FORMAT", "text (default), csv, json or html" },
	    { "numbers", NULL, "include the numbers to call again" },
	    { "lang", "LANGUAGE", "en (default) or zh: titles, headings and causes in Chinese" },
	    { "o", "FILE", "write to this file" },
	    { 0 } }, cmd_report },
	{ "spool list", "", "list the pushes waiting in the spool", 0, 0, NEEDS_SPOOL, true,
	    { { 0 } }, cmd_spool_list },
	{ "spool show", "ID", "print the body of a push in the spool as it was sent", 1, 1, NEEDS_SPOOL, false,
	    { { 0 } }, cmd_spool_show },
	{ "spool drain", "", "store the pushes waiting in the spool now", 0, 0, NEEDS_SPOOL, true, {
	    { "give-up", "SECONDS", "give up after this long without progress (default 30)" },
	    { 0 } }, cmd_spool_drain },
	{ "spool export", "FOLDER", "copy the pushes in the spool to files that import reads", 1, 1, NEEDS_SPOOL, true,
	    { { 0 } }, cmd_spool_export },
	{ "spool rescue", "FILE", "recover what is still readable in a damaged spool", 1, 1, NEEDS_SPOOL, true,
	    { { 0 } }, cmd_spool_rescue },
	{ "quarantine list", "", "list what could not be stored, and why", 0, 0, NEEDS_DATABASE, true, {
	    { "all", NULL, "include settled entries" },
	    { "limit", "COUNT", "only the newest COUNT entries (default: all)" },
	    { 0 } }, cmd_quarantine_list },
	{ "quarantine show", "ID", "print the text of an entry as it was sent", 1, 1, NEEDS_DATABASE, false,
	    { { 0 } }, cmd_quarantine_show },
	{ "quarantine retry", "ID...", "store entries after all, as sent or as corrected", 0, ARGUMENTS_ANY,
	    NEEDS_DATABASE, true, {
	    { "all", NULL, "every open entry" },
	    { "with", "FILE", "for one entry: store this text instead of what was sent" },
	    { 0 } }, cmd_quarantine_retry },
	{ "quarantine resolve", "ID...", "mark entries as settled by hand", 1, ARGUMENTS_ANY, NEEDS_DATABASE, true,
	    { { 0 } }, cmd_quarantine_resolve },
	{ "token new", "NAME", "create a token and print the callBackUrl", 1, 1, NEEDS_SETTINGS, true, {
	    { "url", "BASE", "the URL of callresultd's mount (default https://HOST/callresult)" },
	    { 0 } }, cmd_token_new },
	{ "token rotate", "NAME", "create a new token; the old one stays valid as NAME-old", 1, 1, NEEDS_SETTINGS,
	    true, {
	    { "url", "BASE", "the URL of callresultd's mount (default https://HOST/callresult)" },
	    { 0 } }, cmd_token_rotate },
	{ "token list", "", "list the tokens, how often each was used, and when last", 0, 0, NEEDS_SETTINGS, true,
	    { { 0 } }, cmd_token_list },
	{ "token revoke", "NAME", "revoke a token", 1, 1, NEEDS_SETTINGS, true, { { 0 } }, cmd_token_revoke },
	{ "push", "[URL] FILE", "post a file as the platform does", 1, 2, NEEDS_NOTHING, true, {
	    { "token", "NAME", "URL is only the mount; add the token of this NAME from the tokens file" },
	    { "url-file", "FILE", "read the URL from the first line of this file (-: standard input)" },
	    { "times", "COUNT", "push at most this often, 1 to 6 (default 2)" },
	    { "wait", "SECONDS", "wait this long before the third and the fifth push (default 600)" },
	    { "timeout", "SECONDS", "wait this long for an answer (default 30)" },
	    { "cacert", "FILE", "trust only the certificates in this file" },
	    { 0 } }, cmd_push },
};

/* --- help -------------------------------------------------------------------------------------------------- */

static void
usage(FILE *file)
{
	fputs("usage: callresultctl [-c FILE] [-d CONNINFO] [--json] COMMAND [ARGUMENT...]\n", file);
}

static void
help(void)
{
	usage(stdout);
	puts("  -c FILE      read this configuration (default: $CALLRESULTD_CONF, else " CONFIG_FILE ")\n"
	    "  -d CONNINFO  connect to this database, not the configured one; no password allowed\n"
	    "  --json       print JSON\n"
	    "  -V           print the version and exit\n"
	    "  -h           print this and exit\n\n"
	    "Commands, each with --help:");
	for (int i = 0; i < ELEMENTS(commands); i++)
		printf("  %-19s %s\n", commands[i].name, commands[i].summary);
}

static void
help_command(const struct command *command)
{
	printf("usage: callresultctl [-c FILE] [-d CONNINFO] %s%s%s%s\n%s\n", command->name,
	    command->has_json || command->options[0].name != NULL ? " [OPTION...]" : "",
	    *command->arguments != '\0' ? " " : "", command->arguments, command->summary);
	if (command->has_json)
		puts("  --json              print JSON");
	for (const struct command_option *option = command->options; option->name != NULL; option++) {
		char text[64];

		snprintf(text, sizeof text, "%s%s%s%s", option->name[1] == '\0' ? "-" : "--", option->name,
		    option->argument != NULL ? " " : "", option->argument != NULL ? option->argument : "");
		printf("  %-19s %s\n", text, option->help);
	}
}

/* --- options ----------------------------------------------------------------------------------------------- */

/* The command's options as getopt_long wants them, by their number; json and help come after them. */
static void
fill_options(const struct command *command, struct option options[OPTIONS_MAX + 3])
{
	int count = 0;

	for (; command->options[count].name != NULL; count++)
		options[count] = (struct option){ command->options[count].name,
			command->options[count].argument != NULL ? required_argument : no_argument, NULL, count };
	if (command->has_json)
		options[count++] = (struct option){ "json", no_argument, NULL, 'j' };
	options[count++] = (struct option){ "help", no_argument, NULL, 'h' };
	options[count] = (struct option){ 0 };
}

/* '?' when the command has none of that name. */
static int
find_option(const struct command *command, const char *name)
{
	for (int i = 0; command->options[i].name != NULL; i++)
		if (strcmp(command->options[i].name, name) == 0)
			return i;
	return '?';
}

static void
set_option(struct ctl *ctl, int option, const char *value)
{
	const char *before = ctl->values[option], *argument = ctl->command->options[option].argument;
	char *joined;

	if (before != NULL && argument != NULL && strstr(argument, "...") != NULL) {
		size_t size = strlen(before) + strlen(value) + 2;

		joined = memory_alloc(size);
		snprintf(joined, size, "%s\n%s", before, value);
		value = joined;     /* until the program ends */
	}
	ctl->values[option] = value;
}

/* The options behind the command.  Returns the exit status when nothing is left to do, else -1. */
static int
read_command_options(struct ctl *ctl, int argc, char **argv)
{
	struct option options[OPTIONS_MAX + 3];
	int option;

	fill_options(ctl->command, options);
	optind = 0;     /* begin anew */
	while ((option = getopt_long(argc, argv, "ho:", options, NULL)) != -1) {
		if (option == 'o')
			option = find_option(ctl->command, "o");
		if (option == 'h') {
			help_command(ctl->command);
			return CTL_FINE;
		}
		if (option == '?')
			return ctl_usage_error(ctl, "%s: unknown option, or an option without its value",
			    ctl->command->name);
		if (option == 'j')
			ctl->json = true;
		else
			set_option(ctl, option, optarg != NULL ? optarg : "");
	}
	return -1;
}

/* Those in front of the command.  Returns the exit status when nothing is left to do, else -1. */
static int
read_global_options(struct ctl *ctl, int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' }, { 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "+c:d:hV", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			ctl->config = optarg;
			break;
		case 'd':
			ctl->given_conninfo = optarg;
			break;
		case 'j':
			ctl->json = true;
			break;
		case 'V':
			puts("callresultctl " PACKAGE_VERSION);
			return CTL_FINE;
		case 'h':
			help();
			return CTL_FINE;
		default:
			usage(stderr);
			return CTL_USAGE;
		}
	}
	return -1;
}

/* --- what a command needs -------------------------------------------------------------------------------- */

static bool
prepare(struct ctl *ctl)
{
	enum needs needs = ctl->command->needs;

	if (needs != NEEDS_NOTHING && !ctl_read_settings(ctl))
		return false;
	return needs == NEEDS_SPOOL ? ctl_open_spool(ctl) : needs != NEEDS_DATABASE || ctl_connect(ctl);
}

static void
clean_up(struct ctl *ctl)
{
	db_free(ctl->db);
	spool_close(ctl->spool);
	if (ctl->has_settings)
		settings_free(&ctl->settings);
}

/* --- the command line -------------------------------------------------------------------------------------- */

/* Whether the words at argv begin with the command's name; *words: how many it has. */
static bool
is_named(const struct command *command, int argc, char **argv, int *words)
{
	const char *second = strchr(command->name, ' ');
	size_t length = second != NULL ? (size_t)(second - command->name) : strlen(command->name);

	*words = second != NULL ? 2 : 1;
	return argc >= *words && strlen(argv[0]) == length && strncmp(argv[0], command->name, length) == 0 &&
	    (second == NULL || strcmp(argv[1], second + 1) == 0);
}

static const struct command *
find_command(int argc, char **argv, int *words)
{
	for (int i = 0; i < ELEMENTS(commands); i++)
		if (is_named(&commands[i], argc, argv, words))
			return &commands[i];
	return NULL;
}

/* Prints the commands of a group, such as "spool".  False when there is no such group. */
static bool
help_group(FILE *file, const char *group)
{
	bool found = false;

	for (int i = 0; i < ELEMENTS(commands); i++)
		if (strncmp(commands[i].name, group, strlen(group)) == 0 && commands[i].name[strlen(group)] == ' ') {
			fprintf(file, "%s%-19s %s\n", found ? "  " : "usage: callresultctl COMMAND [ARGUMENT...]\n  ",
			    commands[i].name, commands[i].summary);
			found = true;
		}
	return found;
}

static int
run_help(struct ctl *ctl, int argc, char **argv)
{
	int words;

	ctl->command = argc > 0 ? find_command(argc, argv, &words) : NULL;
	if (ctl->command != NULL)
		help_command(ctl->command);
	else if (argc == 0)
		help();
	else if (!help_group(stdout, argv[0]))
		return ctl_usage_error(ctl, "there is no command %s", argv[0]);
	return CTL_FINE;
}

static int
run_command(struct ctl *ctl, int argc, char **argv)
{
	int status = read_command_options(ctl, argc, argv);

	if (status >= 0)
		return status;
	ctl->argc = argc - optind;
	ctl->argv = argv + optind;
	if (ctl->argc < ctl->command->min || (ctl->command->max != ARGUMENTS_ANY && ctl->argc > ctl->command->max))
		return ctl_usage_error(ctl, "%s: too %s arguments", ctl->command->name,
		    ctl->argc < ctl->command->min ? "few" : "many");
	if (ctl->json && !ctl->command->has_json)
		return ctl_usage_error(ctl, "%s does not print JSON", ctl->command->name);
	status = prepare(ctl) ? ctl->command->run(ctl) : CTL_WRONG;
	clean_up(ctl);
	return status;
}

static int
dispatch(struct ctl *ctl, int argc, char **argv)
{
	int words;

	if (argc == 0) {
		usage(stderr);
		return CTL_USAGE;
	}
	if (strcmp(argv[0], "help") == 0)
		return run_help(ctl, argc - 1, argv + 1);
	ctl->command = find_command(argc, argv, &words);
	if (ctl->command != NULL) {
		argv[words - 1] = (char []){ "callresultctl" };   /* as getopt names the program */
		return run_command(ctl, argc - words + 1, argv + words - 1);
	}
	if (argc > 1 && strcmp(argv[1], "--help") == 0 && help_group(stdout, argv[0]))
		return CTL_FINE;
	/* what follows is not quoted: it may be a URL with a token */
	if (help_group(stderr, argv[0]))
		return argc == 1 ? CTL_USAGE : ctl_usage_error(ctl, "%s has only these commands", argv[0]);
	return ctl_usage_error(ctl, "there is no command %s", argv[0]);
}

int
main(int argc, char **argv)
{
	struct ctl ctl = { .config = getenv("CALLRESULTD_CONF") };
	int status;

	streams_fill();
	log_set_program("callresultctl");
	log_open(LOG_LEVEL_WARNING, false);
	umask(077);
	if (ctl.config == NULL)
		ctl.config = CONFIG_FILE;
	status = read_global_options(&ctl, argc, argv);
	if (status >= 0)
		return status;
	/* every user may read the list of processes */
	if (ctl.given_conninfo != NULL && db_conninfo_has_password(ctl.given_conninfo))
		return ctl_usage_error(&ctl, "-d contains a password, which every user could read in the list of"
		    " processes: put it into the password file (PGPASSFILE) or a service instead");
	if (ctl.given_conninfo != NULL && !db_conninfo_valid(ctl.given_conninfo))
		return ctl_usage_error(&ctl, "-d needs a connection string of libpq");
	status = dispatch(&ctl, argc - optind, argv + optind);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		log_error("standard output: %s", strerror(errno));
		status = status == CTL_FINE ? CTL_WRONG : status;
	}
	return status;
}
