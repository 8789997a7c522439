/* SPDX-License-Identifier: BSD-2-Clause */
/* The generic netlink family "leat_file".
 *
 * Theory of operation: a path's beginning chooses the tree, the tree does the rest. What is read is a dump: record after record is
 * rendered into a message, and the place of the next one is kept by its key, so a file of a million routes is made as its reader
 * takes it, costs a message of memory, and holds up nobody. As with Linux's files a reader sees each record as it is when its turn
 * comes. */
#include "compat/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "leat/file.h"
#include "netlink/genl.h"

static const struct nl_policy file_policy[LEAT_FILE_A_MAX_PLUS_1] = {
	[LEAT_FILE_A_PATH] = { NL_NUL_STRING, .max = FILE_PATH_MAX - 1, .name = "LEAT_FILE_A_PATH" },
	[LEAT_FILE_A_TEXT] = { NL_BYTES, .max = 4096, .name = "LEAT_FILE_A_TEXT" },
};

/* --- finding --- */

static const struct file_tree *const trees[] = { &file_net, &file_sysctl, &file_class, &file_devices };

/* The tree that a path is in, and the path below it. */
static const struct file_tree *find_tree(const char *path, const char **ret_below)
{
	for (unsigned k = 0; k < ARRAY_SIZE(trees); k++) {
		size_t len = strlen(trees[k]->at);
		if (strncmp(path, trees[k]->at, len) || (path[len] && path[len] != '/'))
			continue;
		*ret_below = path + len + (path[len] == '/');
		return trees[k];
	}
	return NULL;
}

struct found {
	const struct file_tree *tree;
	const char *path; /* below it */
	struct file_stat st;
};

static int find(const struct nl_req *r, struct found *ret)
{
	const struct nlattr *a = r->attrs[LEAT_FILE_A_PATH];
	if (!a)
		return nl_missing(r->ext, NULL, LEAT_FILE_A_PATH, "A path is wanted");
	ret->st.mode = 0;
	ret->tree = find_tree(mnl_attr_get_str(a), &ret->path);
	if (ret->tree)
		ret->tree->stat(r->st, ret->path, &ret->st);
	return ret->st.mode ? 0 : -ENOENT;
}

/* --- commands --- */

static void begin(const struct nl_req *r, uint8_t cmd, uint16_t flags)
{
	genl_begin(r->reply, r->msg->nlmsg_type, cmd, LEAT_FILE_GENL_VERSION, flags, r->msg->nlmsg_seq,
		   r->portid);
}

static int stat_one(struct nl_req *r)
{
	struct found f;
	int err = find(r, &f);
	if (err)
		return err;
	begin(r, LEAT_FILE_CMD_STAT, 0);
	nl_put_u32(r->reply, LEAT_FILE_A_MODE, f.st.mode);
	if (S_ISLNK(f.st.mode))
		nl_put_str(r->reply, LEAT_FILE_A_TARGET, f.st.target);
	return nl_end(r->reply);
}

static struct file_pos *pos_of(struct nl_dump *d)
{
	if (!d->priv)
		d->priv = calloc(1, sizeof(struct file_pos));
	return d->priv;
}

static int list(struct nl_req *r, struct nl_dump *d)
{
	struct file_pos *pos = pos_of(d);
	struct file_entry e;
	struct found f;
	int err = find(r, &f);
	if (err)
		return err;
	if (!pos)
		return -ENOMEM;
	if (!S_ISDIR(f.st.mode))
		return -ENOTDIR;
	for (struct file_pos next = *pos; f.tree->list(r->st, f.path, &next, &e); *pos = next) {
		begin(r, LEAT_FILE_CMD_LIST, NLM_F_MULTI);
		nl_put_str(r->reply, LEAT_FILE_A_NAME, e.name);
		nl_put_u32(r->reply, LEAT_FILE_A_MODE, e.mode);
		if (nl_end(r->reply))
			return 1;
	}
	return 0;
}

/* As many records as fit into a piece. 0 or -errno. */
static int render(struct leat_stack *st, const struct found *f, struct file_pos *pos, struct text *t)
{
	while (!pos->ended && t->size - t->len > FILE_RECORD_MAX) {
		int more = f->tree->read(st, f->path, pos, t);
		if (more < 0)
			return more;
		pos->ended = !more;
	}
	return 0;
}

static int read_all(struct nl_req *r, struct nl_dump *d)
{
	char piece[FILE_PIECE];
	struct file_pos *pos = pos_of(d);
	struct found f;
	int err = find(r, &f);
	if (err)
		return err;
	if (!pos)
		return -ENOMEM;
	if (!S_ISREG(f.st.mode))
		return S_ISDIR(f.st.mode) ? -EISDIR : -EINVAL;
	while (!pos->ended) {
		struct text t = text_of(piece, sizeof piece);
		struct file_pos next = *pos;
		err = render(r->st, &f, &next, &t);
		if (err)
			return err;
		begin(r, LEAT_FILE_CMD_READ, NLM_F_MULTI);
		nl_put(r->reply, LEAT_FILE_A_TEXT, piece, t.len);
		if (nl_end(r->reply))
			return 1;
		*pos = next;
	}
	return 0;
}

static int write_one(struct nl_req *r)
{
	const struct nlattr *a = r->attrs[LEAT_FILE_A_TEXT];
	const struct nl_creds who = { .uid = r->uid, .may_configure = r->may_configure };
	char text[FILE_PIECE];
	struct found f;
	int err = find(r, &f);
	if (err)
		return err;
	if (!a)
		return nl_missing(r->ext, NULL, LEAT_FILE_A_TEXT, "A text is wanted");
	if (!S_ISREG(f.st.mode) || !f.tree->write)
		return -EINVAL;
	snprintf(text, sizeof text, "%.*s", (int)mnl_attr_get_payload_len(a),
		 (const char *)mnl_attr_get_payload(a));
	return f.tree->write(r->st, &who, f.path, text);
}

enum { A = LEAT_FILE_A_MAX_PLUS_1 - 1 };
static const struct nl_msg file_msgs[] = {
	{ LEAT_FILE_CMD_STAT, 0, 0, A, file_policy, stat_one, NULL, "LEAT_FILE_CMD_STAT" },
	{ LEAT_FILE_CMD_LIST, 0, 0, A, file_policy, NULL, list, "LEAT_FILE_CMD_LIST" },
	{ LEAT_FILE_CMD_READ, 0, 0, A, file_policy, NULL, read_all, "LEAT_FILE_CMD_READ" },
	{ LEAT_FILE_CMD_WRITE, NL_ADMIN, 0, A, file_policy, write_one, NULL, "LEAT_FILE_CMD_WRITE" },
	{ 0 },
};

static const struct nl_family file_family = {
	.name = LEAT_FILE_GENL_NAME,
	.protocol = NETLINK_GENERIC,
	.version = LEAT_FILE_GENL_VERSION,
	.msgs = file_msgs,
	.parse_flags = NL_STRICT | NL_EXACT,
};
static const struct nl_family *const file_families[] = { &file_family, NULL };

const struct module files_module = {
	.name = "files",
	.id = MODULE_files,
	.netlink = file_families,
};
