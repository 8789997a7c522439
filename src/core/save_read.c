/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading of saved state.
 *
 * Theory of operation: the text is walked where it lies (json_text.h). Entering an object notes where each of its fields begins; a field is
 * looked for from behind the one that was found last, since what reads mostly asks in the order in which was written. A list is
 * gone through with a finger: the next item begins where the last ended. So a list of a million items needs the memory of one. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/json_text.h"
#include "core/save_file.h"

enum { DEPTH_MAX = 16, FIELDS_MAX = 4096, READ_BYTES = 65536, COPY_MAX = 1 << 30 };

struct field {
	const char *key, *val;
	size_t key_len;
};

/* An object or list that we are in. */
struct level {
	const char *at;
	struct field *field; /* of an object */
	unsigned n, room, next; /* next: of the field to look at first */
	const char *item; /* of a list: the finger, on item number item_i; NULL: behind the last */
	size_t n_items, item_i;
	const char *key; /* how we came here, for messages: by that key, or else as that item */
	size_t key_len, index;
};

struct loader {
	struct json_text text;
	struct level level[DEPTH_MAX];
	unsigned depth;
	char why[384];
	bool failed;
	void *mapped, *copy; /* what the text is in, unless it is borrowed */
	size_t mapped_len;
};

/* --- messages --- */

static size_t add(struct loader *l, size_t n, const char *text, size_t len)
{
	if (n >= sizeof l->why)
		return n;
	return n + (size_t)snprintf(l->why + n, sizeof l->why - n, "%s%.*s", n ? "." : "",
				    (int)MIN(len, sizeof l->why), text);
}

static bool fail(struct loader *l, const char *key, const char *what)
{
	char number[24];
	size_t n = 0;
	if (l->failed)
		return false;
	l->failed = true;
	for (unsigned i = 1; i <= l->depth; i++) {
		const struct level *v = &l->level[i];
		snprintf(number, sizeof number, "%zu", v->index);
		n = v->key ? add(l, n, v->key, v->key_len) : add(l, n, number, strlen(number));
	}
	n = add(l, n, key, strlen(key));
	if (n < sizeof l->why)
		snprintf(l->why + n, sizeof l->why - n, ": %s", what);
	return false;
}

int load_bad(struct loader *l, const char *key, const char *what)
{
	fail(l, key, what);
	return -EINVAL;
}

int load_error(const struct loader *l)
{
	return l->failed ? -EINVAL : 0;
}

const char *load_error_text(const struct loader *l)
{
	return l->why;
}

/* --- objects --- */

static bool same_key(const struct field *f, const char *key, size_t len)
{
	return f->key_len == len && !memcmp(f->key, key, len);
}

/* Two fields of one name: which is meant? `seen` has a bit for keys that look alike, so that others need no comparing. */
static bool is_twice(const struct level *v, const struct field *f, uint64_t *seen)
{
	uint64_t bit = f->key_len ? (uint64_t)1 << ((f->key_len * 7 + (uint8_t)f->key[0] +
						     (uint8_t)f->key[f->key_len - 1] * 5u +
						     (uint8_t)f->key[f->key_len / 2] * 3u) %
						    64)
				  : 1;
	bool maybe = *seen & bit;
	*seen |= bit;
	for (unsigned i = 0; maybe && i < v->n; i++)
		if (same_key(&v->field[i], f->key, f->key_len))
			return true;
	return false;
}

static bool grow(struct level *v)
{
	unsigned room = MAX(v->room * 2, 32u);
	struct field *more = realloc(v->field, room * sizeof *more);
	if (!more)
		return false;
	v->field = more;
	v->room = room;
	return true;
}

/* What is wrong with the object at v->at, or NULL. *ret_end is where it ends. */
static const char *index_object(const struct json_text *t, struct level *v, const char **ret_end)
{
	const char *p = json_text_space(t, v->at + 1);
	uint64_t seen = 0;
	v->n = v->next = 0;
	while (p < t->end && *p == '"') {
		const char *key_end = json_text_skip(t, p);
		struct field f = { .key = p + 1, .key_len = (size_t)MAX(key_end - p - 2, 0) };
		f.val = json_text_space(t, MIN(json_text_space(t, key_end) + 1, t->end));
		if (v->n == FIELDS_MAX)
			return "too many fields";
		if (is_twice(v, &f, &seen))
			return "a field that is there twice";
		if (v->n == v->room && !grow(v))
			return "out of memory";
		v->field[v->n++] = f;
		p = json_text_space(t, json_text_skip(t, f.val));
		if (p < t->end && *p == ',')
			p = json_text_space(t, p + 1);
	}
	*ret_end = MIN(p + 1, t->end);
	return NULL;
}

/* Where the value begins; NULL: there is no such field. */
static const char *get(struct loader *l, const char *key)
{
	struct level *v = &l->level[l->depth];
	size_t len = strlen(key);
	for (unsigned k = 0, i = v->next; k < v->n; k++, i++) {
		if (i >= v->n)
			i = 0;
		if (same_key(&v->field[i], key, len)) {
			v->next = i + 1;
			return v->field[i].val;
		}
	}
	return NULL;
}

/* The same if it begins with that. */
static const char *get_kind(struct loader *l, const char *key, char first)
{
	const char *at = get(l, key);
	return at && at < l->text.end && *at == first ? at : NULL;
}

bool load_has(struct loader *l, const char *key)
{
	return get(l, key) != NULL;
}

static struct level *descend(struct loader *l, const char *key, const char *at)
{
	if (l->depth + 1 == DEPTH_MAX) {
		fail(l, key, "nested too deeply");
		return NULL;
	}
	struct level *v = &l->level[++l->depth];
	*v = (struct level){ .at = at, .field = v->field, .room = v->room };
	return v;
}

/* To what get() has just found. */
static struct level *descend_by_key(struct loader *l, const char *key, char first)
{
	const struct level *from = &l->level[l->depth];
	const char *at = get_kind(l, key, first);
	struct level *v = at ? descend(l, key, at) : NULL;
	if (v) {
		v->key = from->field[from->next - 1].key;
		v->key_len = from->field[from->next - 1].key_len;
	}
	return v;
}

static bool enter_object(struct loader *l, struct level *v, const char *key, const char **ret_end)
{
	const char *bad = index_object(&l->text, v, ret_end);
	if (!bad)
		return true;
	l->depth--;
	return fail(l, key, bad);
}

bool load_begin(struct loader *l, const char *key)
{
	struct level *v = descend_by_key(l, key, '{');
	const char *end;
	return v ? enter_object(l, v, key, &end) : fail(l, key, "no such object");
}

void load_end(struct loader *l)
{
	l->depth -= l->depth > 0;
}

/* --- lists --- */

bool load_list(struct loader *l, const char *key, size_t *ret_n)
{
	struct level *v = descend_by_key(l, key, '[');
	if (!v)
		return fail(l, key, "no such list");
	v->item = json_text_space(&l->text, v->at + 1);
	*ret_n = v->n_items = json_text_count(&l->text, v->at);
	return true;
}

/* From the end of an item to the next one. */
static void point_behind(const struct json_text *t, struct level *v, const char *end)
{
	const char *p = json_text_space(t, end);
	v->item = json_text_space(t, MIN(p + 1, t->end));
	v->item_i++;
}

static const char *item_at(struct loader *l, struct level *v, size_t i)
{
	if (i >= v->n_items)
		return NULL;
	if (i < v->item_i) {
		v->item = json_text_space(&l->text, v->at + 1);
		v->item_i = 0;
	}
	while (v->item_i < i)
		point_behind(&l->text, v, json_text_skip(&l->text, v->item));
	return v->item < l->text.end ? v->item : NULL;
}

bool load_item(struct loader *l, size_t i)
{
	char key[24];
	struct level *list = &l->level[l->depth], *v = NULL;
	const char *at = item_at(l, list, i), *end;
	snprintf(key, sizeof key, "%zu", i);
	if (at && *at == '{')
		v = descend(l, key, at);
	if (!v)
		return fail(l, key, "no such object");
	v->index = i;
	if (!enter_object(l, v, key, &end))
		return false;
	point_behind(&l->text, list, end);
	return true;
}

/* --- values --- */

bool load_u64(struct loader *l, const char *key, uint64_t min, uint64_t max, uint64_t *ret)
{
	const char *at = get(l, key);
	uint64_t v;
	if (!at || !json_text_integer(&l->text, at, &v))
		return fail(l, key, "no such integer");
	if (v < min || v > max)
		return fail(l, key, "out of range");
	*ret = v;
	return true;
}

static bool load_list_of_bytes(struct loader *l, const char *key, const char *at, char *ret, size_t ret_len)
{
	size_t n = json_text_count(&l->text, at);
	uint64_t b;
	if (n >= ret_len)
		return fail(l, key, "too long");
	at = json_text_space(&l->text, at + 1);
	for (size_t i = 0; i < n; i++) {
		if (!json_text_integer(&l->text, at, &b) || b < 1 || b > UINT8_MAX)
			return fail(l, key, "not a list of bytes");
		ret[i] = (char)b;
		at = json_text_space(&l->text, json_text_skip(&l->text, at));
		at = json_text_space(&l->text, MIN(at + 1, l->text.end));
	}
	ret[n] = 0;
	return true;
}

bool load_str(struct loader *l, const char *key, char *ret, size_t ret_len)
{
	const char *at = get(l, key);
	if (at && at < l->text.end && *at == '[')
		return load_list_of_bytes(l, key, at, ret, ret_len);
	if (!at || at == l->text.end || *at != '"')
		return fail(l, key, "no such string");
	return json_text_string(&l->text, at, ret, ret_len) || fail(l, key, "too long");
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The text of a string, quotes left out; what is hexadecimal has no escapes. */
static const char *hex_at(struct loader *l, const char *key, size_t *ret_n)
{
	const char *at = get_kind(l, key, '"');
	if (at)
		*ret_n = (size_t)MAX(json_text_skip(&l->text, at) - at - 2, 0);
	return at ? at + 1 : NULL;
}

static bool load_hex(struct loader *l, const char *key, const char *hex, size_t n, uint8_t *ret)
{
	for (size_t i = 0; i < n; i++)
		if (hex_digit(hex[i]) < 0)
			return fail(l, key, "not hexadecimal");
	for (size_t i = 0; i < n / 2; i++)
		ret[i] = (uint8_t)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
	return true;
}

bool load_blob(struct loader *l, const char *key, void *ret, size_t max_bytes, size_t *ret_len)
{
	size_t n;
	const char *hex = hex_at(l, key, &n);
	if (!hex)
		return fail(l, key, "no such bytes");
	if (n % 2 || n / 2 > max_bytes)
		return fail(l, key, "wrong length");
	if (!load_hex(l, key, hex, n, ret))
		return false;
	*ret_len = n / 2;
	return true;
}

bool load_bytes(struct loader *l, const char *key, void *ret, size_t len_bytes)
{
	size_t n;
	const char *hex = hex_at(l, key, &n);
	if (!hex)
		return fail(l, key, "no such bytes");
	if (n != 2 * len_bytes)
		return fail(l, key, "wrong length");
	return load_hex(l, key, hex, n, ret);
}

/* --- life --- */

static struct loader *refuse(struct loader *l, const char *where, const char *what, char *ret_why,
			     size_t why_len)
{
	snprintf(ret_why, why_len, "%s: %s", where, what);
	loader_free(l);
	return NULL;
}

/* Takes l, whose text is p. */
static struct loader *begin(struct loader *l, const char *p, size_t len, const char *where, char *ret_why,
			    size_t why_len)
{
	char what[128];
	const char *end, *bad = NULL;
	int err = json_text_init(&l->text, p, len, what, sizeof what);
	if (err)
		return refuse(l, where, err == -ENOMEM ? "out of memory" : what, ret_why, why_len);
	l->level[0].at = l->text.root;
	if (*l->text.root == '{')
		bad = index_object(&l->text, &l->level[0], &end);
	return bad ? refuse(l, where, bad, ret_why, why_len) : l;
}

struct loader *loader_new_text(const char *text, size_t len, char *ret_why, size_t why_len)
{
	struct loader *l = calloc(1, sizeof *l);
	if (!l)
		return refuse(NULL, "saved state", "out of memory", ret_why, why_len);
	return begin(l, text, len, "saved state", ret_why, why_len);
}

static int map_file(struct loader *l, int fd, const struct stat *st, size_t *ret_len)
{
	void *p = mmap(NULL, (size_t)st->st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	madvise(p, (size_t)st->st_size, MADV_SEQUENTIAL);
	l->mapped = p;
	l->mapped_len = *ret_len = (size_t)st->st_size;
	return 0;
}

static int read_whole(struct loader *l, int fd, size_t *ret_len)
{
	char piece[READ_BYTES], *text;
	FILE *to = open_memstream(&text, ret_len);
	ssize_t n = 0;
	int err = to ? 0 : -ENOMEM;
	while (!err && (n = read(fd, piece, sizeof piece)))
		if (n < 0)
			err = errno == EINTR ? 0 : -errno;
		else if (fwrite(piece, 1, (size_t)n, to) != (size_t)n)
			err = -ENOMEM;
		else if (ftello(to) > COPY_MAX)
			err = -EFBIG;
	if (to && fclose(to))
		err = err ? err : -ENOMEM;
	l->copy = to ? text : NULL;
	return err;
}

struct loader *loader_new_fd(int fd, const char *where, char *ret_why, size_t why_len)
{
	struct loader *l = calloc(1, sizeof *l);
	struct stat st;
	size_t len = 0;
	int err = !l ? -ENOMEM : fstat(fd, &st) ? -errno : 0;
	if (!err)
		err = S_ISREG(st.st_mode) && st.st_size ? map_file(l, fd, &st, &len)
							: read_whole(l, fd, &len);
	if (err)
		return refuse(l, where, strerror(-err), ret_why, why_len);
	return begin(l, l->mapped ? l->mapped : l->copy, len, where, ret_why, why_len);
}

struct loader *loader_new(const char *path, char *ret_why, size_t why_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return refuse(NULL, path, strerror(errno), ret_why, why_len);
	struct loader *l = loader_new_fd(fd, path, ret_why, why_len);
	close(fd);
	return l;
}

void loader_free(struct loader *l)
{
	if (!l)
		return;
	json_text_done(&l->text);
	if (l->mapped)
		munmap(l->mapped, l->mapped_len);
	free(l->copy);
	for (unsigned i = 0; i < DEPTH_MAX; i++)
		free(l->level[i].field);
	free(l);
}
