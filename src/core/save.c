/* SPDX-License-Identifier: BSD-2-Clause */
/* Saving and restoring a whole stack: each module's object, one after another. The text comes and goes in a stream (save_write.c,
 * save_read.c); while it does the other lcores stand still. Who cannot let them wait has a copy of the process write it (netlink's
 * LEAT_CMD_SAVE). */
#include "core/save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/knob.h"
#include "core/save_file.h"
#include "core/stack.h"

enum { FORMAT = 1 };

/* --- saving --- */

/* In reverse, as they stop: who keeps packets lets them go, and the modules below, which count, are saved after that. */
static int save_modules(struct leat_stack *st, struct saver *s)
{
	unsigned i = 0;
	int err = 0;
	save_begin(s, "modules");
	while (st->modules[i])
		i++;
	while (i-- && !err) {
		const struct module *m = st->modules[i];
		if (!m->save && !m->knobs)
			continue;
		save_begin(s, m->name);
		knobs_save(st, m, s);
		err = m->save ? m->save(st, s) : 0;
		save_end(s);
	}
	save_end(s);
	return err;
}

int stack_save_to(struct leat_stack *st, save_sink_fn *sink, void *ctx)
{
	struct saver *s = saver_new(sink, ctx);
	if (!s)
		return -ENOMEM;
	st->rt->ops->pause(st->rt);
	save_u64(s, "leat_save_format", FORMAT);
	save_str(s, "version", LEAT_VERSION);
	save_str(s, "name", st->name);
	save_u64(s, "workers", st->n_workers);
	save_bytes(s, "flow_key", st->flow_key, sizeof st->flow_key);
	int err = save_modules(st, s);
	st->rt->ops->resume(st->rt);
	int text_err = saver_end(s);
	saver_free(s);
	return err ? err : text_err;
}

int stack_save_fd(struct leat_stack *st, int fd)
{
	return stack_save_to(st, save_to_fd, &fd);
}

/* By way of PATH.new, so that an old file stays whole until the new one is. */
static int save_whole(struct leat_stack *st, const char *path)
{
	char tmp[4096];
	if ((size_t)snprintf(tmp, sizeof tmp, "%s.new", path) >= sizeof tmp)
		return -ENAMETOOLONG;
	int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	int err = stack_save_fd(st, fd);
	if (close(fd) && !err)
		err = -errno;
	if (!err && rename(tmp, path))
		err = -errno;
	if (err)
		unlink(tmp);
	return err;
}

int stack_save(struct leat_stack *st, const char *path, char *ret_why, size_t why_len)
{
	int err = save_whole(st, path);
	if (err)
		snprintf(ret_why, why_len, "%s: %s", path, strerror(-err));
	return err;
}

static int to_stream(void *f, const void *bytes, size_t len_bytes)
{
	return fwrite(bytes, 1, len_bytes, f) == len_bytes ? 0 : -ENOMEM;
}

int stack_save_text(struct leat_stack *st, char **ret_text, size_t *ret_len)
{
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	if (!f)
		return -ENOMEM;
	int err = stack_save_to(st, to_stream, f);
	if (fclose(f) && !err)
		err = -ENOMEM;
	if (err) {
		free(text);
		return err;
	}
	*ret_text = text;
	*ret_len = len;
	return 0;
}

/* --- restoring --- */

/* The settings of all modules, before any of them is told what there was. */
static int restore_knobs(struct leat_stack *st, struct loader *l)
{
	int err = 0;
	for (unsigned i = 0; !err && st->modules[i]; i++) {
		const struct module *m = st->modules[i];
		if (!m->knobs || !load_has(l, m->name))
			continue;
		if (!load_begin(l, m->name))
			return -EINVAL;
		err = knobs_restore(st, m, l);
		load_end(l);
	}
	return err;
}

static int restore_modules(struct leat_stack *st, struct loader *l)
{
	int err = load_begin(l, "modules") ? restore_knobs(st, l) : -EINVAL;
	for (unsigned i = 0; !err && st->modules[i]; i++) {
		const struct module *m = st->modules[i];
		if (!m->restore ||
		    !load_has(l, m->name)) /* a module that the saved stack did not have starts afresh */
			continue;
		if (!load_begin(l, m->name))
			return -EINVAL;
		err = m->restore(st, l);
		if (!err)
			err = load_error(l);
		load_end(l);
		view_publish(st);
	}
	return err;
}

/* Takes l, which may be NULL. */
static int restore_stack(struct leat_stack *st, struct loader *l, const char *where, char *ret_why,
			 size_t why_len)
{
	uint64_t format;
	int err = -EINVAL;
	if (!l)
		return err;
	st->rt->ops->pause(st->rt);
	if (load_u64(l, "leat_save_format", FORMAT, FORMAT, &format) &&
	    load_bytes(l, "flow_key", st->flow_key, sizeof st->flow_key)) {
		toeplitz_init(&st->flow_toeplitz, st->flow_key);
		err = restore_modules(st, l);
	}
	st->rt->ops->resume(st->rt);
	if (err)
		snprintf(ret_why, why_len, "%s: %s", where,
			 load_error(l) ? load_error_text(l) : strerror(-err));
	loader_free(l);
	return err;
}

int stack_restore(struct leat_stack *st, const char *path, char *ret_why, size_t why_len)
{
	return restore_stack(st, loader_new(path, ret_why, why_len), path, ret_why, why_len);
}

int stack_restore_text(struct leat_stack *st, const char *text, size_t len, char *ret_why, size_t why_len)
{
	return restore_stack(st, loader_new_text(text, len, ret_why, why_len), "saved state", ret_why,
			     why_len);
}

int stack_restore_fd(struct leat_stack *st, int fd, const char *where, char *ret_why, size_t why_len)
{
	return restore_stack(st, loader_new_fd(fd, where, ret_why, why_len), where, ret_why, why_len);
}
