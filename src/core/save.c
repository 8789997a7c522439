/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/save.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/knob.h"
#include "core/save_file.h"
#include "core/stack.h"

enum { DEPTH_MAX = 16, FORMAT = 1 };

struct saver {
	json_t *at[DEPTH_MAX]; /* at[0] is the root; borrowed from their parents above that */
	unsigned depth;
	int err;
};

struct loader {
	json_t *at[DEPTH_MAX];
	char path[256]; /* of the object we are in, for messages */
	size_t path_len[DEPTH_MAX];
	unsigned depth;
	char why[384];
	bool failed;
};

/* --- writing --- */

static void put(struct saver *s, const char *key, json_t *v) /* takes v */
{
	json_t *at = s->at[s->depth];
	int bad = !v                  ? -1
		  : json_is_array(at) ? json_array_append_new(at, v)
				      : json_object_set_new(at, key, v);
	if (bad && !s->err)
		s->err = -ENOMEM;
}

static void enter(struct saver *s, const char *key, json_t *v)
{
	if (s->depth + 1 == DEPTH_MAX) {
		json_decref(v);
		s->err = -EOVERFLOW;
		return;
	}
	put(s, key, v);
	s->at[++s->depth] = v;
}

void save_u64(struct saver *s, const char *key, uint64_t v)
{
	put(s, key, json_integer((json_int_t)v));
}

/* Names of interfaces may be any bytes, JSON's strings not: what is no UTF-8 is a list of its bytes. */
static json_t *json_of_bytes(const char *v)
{
	json_t *list = json_array();
	for (; *v; v++)
		json_array_append_new(list, json_integer((uint8_t)*v));
	return list;
}

void save_str(struct saver *s, const char *key, const char *v)
{
	json_t *text = json_string(v);
	put(s, key, text ? text : json_of_bytes(v));
}

void save_bytes(struct saver *s, const char *key, const void *p, size_t len_bytes)
{
	const uint8_t *b = p;
	char *hex = malloc(len_bytes * 2 + 1);
	if (!hex) {
		s->err = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < len_bytes; i++)
		snprintf(hex + 2 * i, 3, "%02x", b[i]);
	hex[len_bytes * 2] = 0;
	put(s, key, json_string(hex));
	free(hex);
}

void save_begin(struct saver *s, const char *key)
{
	enter(s, key, json_object());
}

void save_list(struct saver *s, const char *key)
{
	enter(s, key, json_array());
}

void save_item(struct saver *s)
{
	enter(s, NULL, json_object());
}

void save_end(struct saver *s)
{
	if (s->depth)
		s->depth--;
}

int save_error(const struct saver *s)
{
	return s->err;
}

struct saver *saver_new(void)
{
	struct saver *s = calloc(1, sizeof *s);
	if (s)
		s->at[0] = json_object();
	if (s && !s->at[0]) {
		free(s);
		return NULL;
	}
	return s;
}

void saver_free(struct saver *s)
{
	if (!s)
		return;
	json_decref(s->at[0]);
	free(s);
}

int saver_write(struct saver *s, const char *path)
{
	char tmp[4096];
	if (s->err)
		return s->err;
	if ((size_t)snprintf(tmp, sizeof tmp, "%s.new", path) >= sizeof tmp)
		return -ENAMETOOLONG;
	if (json_dump_file(s->at[0], tmp, JSON_INDENT(1)) || rename(tmp, path)) {
		int err = errno ? -errno : -EIO;
		remove(tmp);
		return err;
	}
	return 0;
}

int saver_text(struct saver *s, char **ret_text, size_t *ret_len)
{
	char *text = s->err ? NULL : json_dumps(s->at[0], JSON_INDENT(1));
	if (!text)
		return s->err ? s->err : -ENOMEM;
	*ret_text = text;
	*ret_len = strlen(text);
	return 0;
}

/* --- reading --- */

static bool fail(struct loader *l, const char *key, const char *what)
{
	if (!l->failed)
		snprintf(l->why, sizeof l->why, "%s%s%s: %s", l->path, l->path[0] ? "." : "", key, what);
	l->failed = true;
	return false;
}

static json_t *get(struct loader *l, const char *key)
{
	return json_object_get(l->at[l->depth], key);
}

bool load_has(struct loader *l, const char *key)
{
	return get(l, key) != NULL;
}

int load_bad(struct loader *l, const char *key, const char *what)
{
	fail(l, key, what);
	return -EINVAL;
}

bool load_u64(struct loader *l, const char *key, uint64_t min, uint64_t max, uint64_t *ret)
{
	json_t *v = get(l, key);
	if (!json_is_integer(v))
		return fail(l, key, "no such integer");
	uint64_t u = (uint64_t)json_integer_value(v);
	if (u < min || u > max)
		return fail(l, key, "out of range");
	*ret = u;
	return true;
}

static bool load_list_of_bytes(struct loader *l, const char *key, const json_t *list, char *ret,
			       size_t ret_len)
{
	size_t n = json_array_size(list);
	if (n >= ret_len)
		return fail(l, key, "too long");
	for (size_t i = 0; i < n; i++) {
		const json_t *b = json_array_get(list, i);
		if (!json_is_integer(b) || json_integer_value(b) < 1 || json_integer_value(b) > UINT8_MAX)
			return fail(l, key, "not a list of bytes");
		ret[i] = (char)json_integer_value(b);
	}
	ret[n] = 0;
	return true;
}

bool load_str(struct loader *l, const char *key, char *ret, size_t ret_len)
{
	json_t *v = get(l, key);
	if (json_is_array(v))
		return load_list_of_bytes(l, key, v, ret, ret_len);
	if (!json_is_string(v))
		return fail(l, key, "no such string");
	if (json_string_length(v) >= ret_len)
		return fail(l, key, "too long");
	memcpy(ret, json_string_value(v), json_string_length(v) + 1);
	return true;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool load_blob(struct loader *l, const char *key, void *ret, size_t max_bytes, size_t *ret_len)
{
	json_t *v = get(l, key);
	if (!json_is_string(v))
		return fail(l, key, "no such bytes");
	const char *hex = json_string_value(v);
	size_t n = json_string_length(v);
	if (n % 2 || n / 2 > max_bytes)
		return fail(l, key, "wrong length");
	for (size_t i = 0; i < n; i++)
		if (hex_digit(hex[i]) < 0)
			return fail(l, key, "not hexadecimal");
	for (size_t i = 0; i < n / 2; i++)
		((uint8_t *)ret)[i] = (uint8_t)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
	*ret_len = n / 2;
	return true;
}

bool load_bytes(struct loader *l, const char *key, void *ret, size_t len_bytes)
{
	json_t *v = get(l, key);
	size_t n;
	if (json_is_string(v) && json_string_length(v) != 2 * len_bytes)
		return fail(l, key, "wrong length");
	return load_blob(l, key, ret, len_bytes, &n);
}

static bool descend(struct loader *l, const char *key, json_t *v)
{
	if (l->depth + 1 == DEPTH_MAX)
		return fail(l, key, "nested too deeply");
	l->path_len[l->depth] = strlen(l->path);
	l->at[++l->depth] = v;
	size_t at = strlen(l->path);
	snprintf(l->path + at, sizeof l->path - at, "%s%s", at ? "." : "", key);
	return true;
}

bool load_begin(struct loader *l, const char *key)
{
	json_t *v = get(l, key);
	return json_is_object(v) ? descend(l, key, v) : fail(l, key, "no such object");
}

bool load_list(struct loader *l, const char *key, size_t *ret_n)
{
	json_t *v = get(l, key);
	if (!json_is_array(v))
		return fail(l, key, "no such list");
	*ret_n = json_array_size(v);
	return descend(l, key, v);
}

bool load_item(struct loader *l, size_t i)
{
	char key[24];
	json_t *v = json_array_get(l->at[l->depth], i);
	snprintf(key, sizeof key, "%zu", i);
	return json_is_object(v) ? descend(l, key, v) : fail(l, key, "no such object");
}

void load_end(struct loader *l)
{
	if (!l->depth)
		return;
	l->depth--;
	l->path[l->path_len[l->depth]] = 0;
}

int load_error(const struct loader *l)
{
	return l->failed ? -EINVAL : 0;
}

const char *load_error_text(const struct loader *l)
{
	return l->why;
}

static struct loader *loader_of(json_t *root, const char *where, const json_error_t *e, char *ret_why,
				size_t why_len)
{
	struct loader *l = root ? calloc(1, sizeof *l) : NULL;
	if (l)
		l->at[0] = root;
	else
		snprintf(ret_why, why_len, "%s: line %d: %s", where, e->line,
			 root ? "out of memory" : e->text);
	if (!l)
		json_decref(root);
	return l;
}

struct loader *loader_new(const char *path, char *ret_why, size_t why_len)
{
	json_error_t e = { 0 };
	return loader_of(json_load_file(path, JSON_REJECT_DUPLICATES, &e), path, &e, ret_why, why_len);
}

struct loader *loader_new_text(const char *text, size_t len, char *ret_why, size_t why_len)
{
	json_error_t e = { 0 };
	return loader_of(json_loadb(text, len, JSON_REJECT_DUPLICATES, &e), "saved state", &e, ret_why,
			 why_len);
}

void loader_free(struct loader *l)
{
	if (!l)
		return;
	json_decref(l->at[0]);
	free(l);
}

/* --- a whole stack --- */

/* In reverse, as they stop: who keeps packets lets them go, and the modules below, which count, are saved after that. */
static void save_modules(struct leat_stack *st, struct saver *s)
{
	unsigned i = 0;
	save_begin(s, "modules");
	while (st->modules[i])
		i++;
	while (i--) {
		const struct module *m = st->modules[i];
		if (!m->save && !m->knobs)
			continue;
		save_begin(s, m->name);
		knobs_save(st, m, s);
		int err = m->save ? m->save(st, s) : 0;
		if (err && !s->err)
			s->err = err;
		save_end(s);
	}
	save_end(s);
}

static void save_stack(struct leat_stack *st, struct saver *s)
{
	st->rt->ops->pause(st->rt);
	save_u64(s, "leat_save_format", FORMAT);
	save_str(s, "version", LEAT_VERSION);
	save_str(s, "name", st->name);
	save_u64(s, "workers", st->n_workers);
	save_bytes(s, "flow_key", st->flow_key, sizeof st->flow_key);
	save_modules(st, s);
	st->rt->ops->resume(st->rt);
}

int stack_save(struct leat_stack *st, const char *path, char *ret_why, size_t why_len)
{
	struct saver *s = saver_new();
	if (!s)
		return -ENOMEM;
	save_stack(st, s);
	int err = saver_write(s, path);
	if (err)
		snprintf(ret_why, why_len, "%s: %s", path, strerror(-err));
	saver_free(s);
	return err;
}

int stack_save_text(struct leat_stack *st, char **ret_text, size_t *ret_len)
{
	struct saver *s = saver_new();
	if (!s)
		return -ENOMEM;
	save_stack(st, s);
	int err = saver_text(s, ret_text, ret_len);
	saver_free(s);
	return err;
}

/* The settings of all modules, before any of them is told what there was. */
static int restore_knobs(struct leat_stack *st, struct loader *l)
{
	int err = 0;
	for (unsigned i = 0; !err && st->modules[i]; i++) {
		const struct module *m = st->modules[i];
		if (!m->knobs || !get(l, m->name))
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
		    !get(l, m->name)) /* a module that the saved stack did not have starts afresh */
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
		snprintf(ret_why, why_len, "%s: %s", where, l->failed ? l->why : strerror(-err));
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
