/* Finds the pages that a spool's log (-wal) has committed and its file does not have yet.  For spool_pages.c alone. */
#ifndef SPOOL_WAL_H
#define SPOOL_WAL_H

#include <stdint.h>

struct spool_wal {
	int      descriptor;    /* -1: there is no log */
	int64_t  pages;         /* in the file, by the last commit in the log; 0: there is none */
	int64_t *offsets;       /* of pages 1 to pages in the log; 0: in the file itself */
};

/* Reads the log of the spool at that path; one that is not there, or is damaged, has no pages. */
void spool_wal_open(struct spool_wal *wal, const char *spool_path);
void spool_wal_close(struct spool_wal *wal);

/* A number of four bytes, big endian as all of SQLite's formats. */
uint32_t spool_wal_number(const unsigned char *at);

#endif
