/* SPDX-License-Identifier: BSD-2-Clause */
/* A capture as it is written: pcapng, with an interface for each device and kind of link as it first appears. */
#ifndef LEAT_LEAT_CAPTURE_FILE_H
#define LEAT_LEAT_CAPTURE_FILE_H

#include "leat/client.h"

struct capture_file;

/* "-" is standard output. 0, or 1 after a line on standard error. */
int capture_file_open(const char *path, const char *daemon, uint32_t snap, struct capture_file **ret);
/* A message LEAT_CMD_CAPTURE_RECORD. */
void capture_file_put(struct capture_file *f, const struct answer *a);
/* Everything so far goes out. False: nobody reads it any more, or it cannot be written. */
bool capture_file_flush(struct capture_file *f);
int capture_file_fd(const struct capture_file *f); /* for poll(): has its reader gone? */
/* With what the daemon counted. 0, or 1 after a line; a pipe whose reader has gone is no failure. NULL is welcome. */
int capture_file_close(struct capture_file *f, uint64_t matched, uint64_t lost);

#endif
