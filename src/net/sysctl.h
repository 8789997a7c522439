/* SPDX-License-Identifier: BSD-2-Clause */
/* The knobs of all modules by name, as sysctl(8) shows them: those per interface once for each interface and for "default".
 * Control lcore. */
#ifndef LEAT_NET_SYSCTL_H
#define LEAT_NET_SYSCTL_H

#include "core/stack.h"

struct iface;

/* One knob in one place. */
struct sysctl {
	const struct module *module;
	const struct knob *knob;
	struct iface *iface; /* of one per interface; NULL: "default" */
	void *base;
};

/* "net.ipv4.conf.eth0.forwarding", or with slashes. Where the name of an interface has the separator in it, the other one
 * stands for it, as with sysctl: net.ipv4.conf.eth0/1.forwarding. 0, -ENOENT. */
int sysctl_find(struct leat_stack *st, const char *name, struct sysctl *ret);
/* Whether a stack of these modules could have one of that name: its interface may still have to come. */
bool sysctl_is_known(const struct module *const *modules, const char *name);
/* The name that one of an interface's has for "default"; false: it is known to none, or is no interface's. */
bool sysctl_default_name(const struct module *const *modules, const char *name, char to[KNOB_NAME_MAX]);
void sysctl_name(const struct sysctl *s, char to[KNOB_NAME_MAX]); /* with dots */
void sysctl_value(const struct sysctl *s, char to[KNOB_TEXT_MAX]);
/* 0, -ENOENT, -EINVAL, or what the knob's check says; then with a line in ret_why. */
int sysctl_set(struct leat_stack *st, const char *name, const char *value, char *ret_why, size_t why_len);

/* All of them. pos is zeroed at first and opaque after; holds no pointers, so that tables may change meanwhile. */
struct sysctl_pos {
	uint64_t module, row, after; /* after: 0 "default" comes next, else 1 + ifindex of the last */
};
bool sysctl_next(struct leat_stack *st, struct sysctl_pos *pos, struct sysctl *ret);

/* What an interface has set otherwise than its knobs are by default: an object "knobs". */
void knobs_save_iface(const struct iface *i, struct saver *s);
int knobs_restore_iface(struct iface *i, struct loader *l); /* 0, -EINVAL */

#endif
