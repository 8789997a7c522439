/* SPDX-License-Identifier: BSD-2-Clause */
/* Saved state: typed fields by name, nested, no pointers. The file is JSON, so a person can read it and a newer
 * leat can skip what it does not know. It is written as it comes and read where it lies: a list may have a million items. A module writes its own object; a loader checks every field it reads: files are
 * outside input. Control lcore only. */
#ifndef LEAT_CORE_SAVE_H
#define LEAT_CORE_SAVE_H

#include "base/base.h"

struct saver;
struct loader;

/* Writing. Errors stick: save_error() once at the end is enough. Integers are full 64-bit. No object has two fields of one name. */
void save_u64(struct saver *s, const char *key, uint64_t v);
void save_str(struct saver *s, const char *key, const char *v);
void save_bytes(struct saver *s, const char *key, const void *p, size_t len_bytes); /* as hex */
void save_begin(struct saver *s, const char *key); /* a nested object */
void save_end(struct saver *s);
/* Then save_item() ... save_end() each, and save_end() for the list. */
void save_list(struct saver *s, const char *key);
void save_item(struct saver *s);
int save_error(const struct saver *s);
void save_failed(struct saver *s, int err); /* -errno: what the writer of a field found */

/* Reading. false: absent, of another type or out of range; the first such is remembered with its path in the file. */
bool load_u64(struct loader *l, const char *key, uint64_t min, uint64_t max, uint64_t *ret);
bool load_str(struct loader *l, const char *key, char *ret, size_t ret_len);
bool load_bytes(struct loader *l, const char *key, void *ret, size_t len_bytes); /* exactly that many */
/* As load_bytes() with any length up to max_bytes. */
bool load_blob(struct loader *l, const char *key, void *ret, size_t max_bytes, size_t *ret_len);
bool load_begin(struct loader *l, const char *key);
void load_end(struct loader *l);
bool load_list(struct loader *l, const char *key, size_t *ret_n);
/* Enter item i; load_end() leaves it, once more leaves the list. In order: to go back costs a walk from the list's beginning. */
bool load_item(struct loader *l, size_t i);
bool load_has(struct loader *l, const char *key); /* whether there is such a field, of whatever type */
/* The field is wrong in a way the reader alone can tell; -EINVAL. */
int load_bad(struct loader *l, const char *key, const char *what);
int load_error(const struct loader *l); /* 0 or -EINVAL */
const char *load_error_text(const struct loader *l);

#endif
