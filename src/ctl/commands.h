/* The commands, each in the file of its group; ctl.c has the table of them. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "ctl/ctl.h"

command_run cmd_status, cmd_doctor, cmd_report, cmd_import, cmd_reconcile, cmd_push;
command_run cmd_spool_list, cmd_spool_show, cmd_spool_drain, cmd_spool_export, cmd_spool_rescue;
command_run cmd_quarantine_list, cmd_quarantine_show, cmd_quarantine_retry, cmd_quarantine_resolve;
command_run cmd_token_new, cmd_token_rotate, cmd_token_list, cmd_token_revoke;

#endif
