/* The commands, each in the file of its group; ctl.c has the table of them. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "ctl/ctl.h"

int status_run(struct ctl *ctl, int argc, char **argv);
int doctor_run(struct ctl *ctl, int argc, char **argv);
int report_run(struct ctl *ctl, int argc, char **argv);
int import_run(struct ctl *ctl, int argc, char **argv);
int reconcile_run(struct ctl *ctl, int argc, char **argv);

int spool_list_run(struct ctl *ctl, int argc, char **argv);
int spool_show_run(struct ctl *ctl, int argc, char **argv);
int spool_drain_run(struct ctl *ctl, int argc, char **argv);
int spool_export_run(struct ctl *ctl, int argc, char **argv);
int spool_rescue_run(struct ctl *ctl, int argc, char **argv);

int quarantine_list_run(struct ctl *ctl, int argc, char **argv);
int quarantine_show_run(struct ctl *ctl, int argc, char **argv);
int quarantine_retry_run(struct ctl *ctl, int argc, char **argv);
int quarantine_resolve_run(struct ctl *ctl, int argc, char **argv);

int token_new_run(struct ctl *ctl, int argc, char **argv);
int token_rotate_run(struct ctl *ctl, int argc, char **argv);
int token_list_run(struct ctl *ctl, int argc, char **argv);
int token_revoke_run(struct ctl *ctl, int argc, char **argv);

int push_run(struct ctl *ctl, int argc, char **argv);

#endif
