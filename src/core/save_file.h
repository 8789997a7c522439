/* SPDX-License-Identifier: BSD-2-Clause */
/* The files behind save.h; for core itself and for tests of modules' save and restore. */
#ifndef LEAT_CORE_SAVE_FILE_H
#define LEAT_CORE_SAVE_FILE_H

#include "core/save.h"

/* Takes the next bytes of the text. 0, or -errno: nothing more is offered. */
typedef int save_sink_fn(void *ctx, const void *bytes, size_t len_bytes);
int save_to_fd(void *fd, const void *bytes, size_t len_bytes); /* a sink; ctx: an int */

/* Written as it comes: what a saver keeps of it is a buffer. NULL without memory. */
struct saver *saver_new(save_sink_fn *sink, void *ctx);
/* The text is whole now, if this says 0; else -errno. */
int saver_end(struct saver *s);
void saver_free(struct saver *s);

/* NULL with a line in ret_why when the file cannot be read, or the text is none of ours. A file of the file system is read where it is
 * (mapped) and has to stay as it is meanwhile; of anything else a copy is made. */
struct loader *loader_new(const char *path, char *ret_why, size_t why_len);
/* From the descriptor's beginning (a file) or from where it is (a pipe). It stays the caller's. */
struct loader *loader_new_fd(int fd, const char *where, char *ret_why, size_t why_len);
/* The text is borrowed as long as the loader lives. */
struct loader *loader_new_text(const char *text, size_t len, char *ret_why, size_t why_len);
void loader_free(struct loader *l);

#endif
