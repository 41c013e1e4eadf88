/* The commands, each in the file of its group; ctl.c has the table of them. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "ctl/ctl.h"

command_run status_run, doctor_run, report_run, import_run, reconcile_run, push_run;
command_run spool_list_run, spool_show_run, spool_drain_run, spool_export_run, spool_rescue_run;
command_run quarantine_list_run, quarantine_show_run, quarantine_retry_run, quarantine_resolve_run;
command_run token_new_run, token_rotate_run, token_list_run, token_revoke_run;

#endif
