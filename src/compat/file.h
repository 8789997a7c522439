/* SPDX-License-Identifier: BSD-2-Clause */
/* Files as old tools read them: trees of names, each with those who render what is read and take what is written. Control lcore. */
#ifndef LEAT_COMPAT_FILE_H
#define LEAT_COMPAT_FILE_H

#include <sys/stat.h>

#include "compat/request.h"
#include "net/fib.h"
#include "wire/text.h"

enum {
	FILE_PATH_MAX = 256,
	FILE_PIECE = 8192, /* bytes of a message */
	FILE_RECORD_MAX = 3072, /* bytes that one call of a renderer adds at most */
};

/* Blanks, so that what came since is that wide. */
static inline void text_pad(struct text *t, size_t since, size_t width)
{
	if (t->len < since + width)
		text_add(t, "%*s", (int)(since + width - t->len), "");
}

/* How far a reader is: zero at first, by keys, since tables change between two pieces. */
struct file_pos {
	uint64_t key[4];
	struct fib_route route;
	bool ended;
};
/* Adds the next record. 1: there may be more; 0: that was the last; -errno. */
typedef int file_render_fn(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *to);

struct file_stat {
	mode_t mode; /* 0: there is nothing */
	char target[FILE_PATH_MAX]; /* of a symbolic link */
};
struct file_entry {
	char name[KNOB_NAME_MAX];
	mode_t mode;
};

/* Paths are those below `at`; "": the tree itself. */
struct file_tree {
	const char *at;
	void (*stat)(struct leat_stack *st, const char *path, struct file_stat *ret);
	/* The next entry of a directory; false: no more. pos is zero at first. */
	bool (*list)(struct leat_stack *st, const char *path, struct file_pos *pos, struct file_entry *ret);
	file_render_fn *read;
	/* A text that ends with NUL, in somebody's name. 0 or -errno. */
	int (*write)(struct leat_stack *st, const struct nl_creds *who, const char *path, const char *text);
};
extern const struct file_tree file_sysctl, file_class, file_devices, file_net;

extern const struct module files_module;

#endif
