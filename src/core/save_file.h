/* SPDX-License-Identifier: BSD-2-Clause */
/* The files behind save.h; for core itself and for tests of modules' save and restore. */
#ifndef LEAT_CORE_SAVE_FILE_H
#define LEAT_CORE_SAVE_FILE_H

#include "core/save.h"

struct saver *saver_new(void); /* NULL without memory */
void saver_free(struct saver *s);
/* By way of PATH.new, so that an old file stays whole until the new one is. 0 or -errno. */
int saver_write(struct saver *s, const char *path);

/* What has been written as text, to be freed with free(). 0 or -errno. */
int saver_text(struct saver *s, char **ret_text, size_t *ret_len);

/* NULL with a line in ret_why when the file cannot be read, or the text is none of ours. */
struct loader *loader_new(const char *path, char *ret_why, size_t why_len);
struct loader *loader_new_text(const char *text, size_t len, char *ret_why, size_t why_len);
void loader_free(struct loader *l);

#endif
