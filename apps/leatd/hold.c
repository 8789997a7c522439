/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: a clsact qdisc gets one cls_bpf filter on each side that drops everything (TC_ACT_SHOT). Packet
 * sockets see what arrives before the ingress filter does; what leat sends goes past the qdisc layer
 * (PACKET_QDISC_BYPASS) and so past the egress filter. The kernel's own addresses, ARP, ND, MLD, DHCP on the interface
 * are then of no effect, in either direction.
 *
 * The filter is classic BPF, which needs no bpf() call and so works in a user namespace too. Before its "return SHOT" it
 * loads four constants: a mark, the id of the helper that made it (two words), and what else was changed. Whoever dumps
 * filters can therefore tell a filter of ours, see whether its helper lives (it listens on an abstract socket named
 * after the id), and undo the rest when it does not. No state file can be lost or lie. */
#include "hold.h"

#include <errno.h>
#include <net/if.h> /* before <linux/...> that clash with it otherwise */
#include <libmnl/libmnl.h>
#include <linux/ethtool.h>
#include <linux/filter.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { FILTER_HANDLE = 0x1ea7, FILTER_PRIO = 1, FILTER_MARK = 0x6c656174 /* "leat" */, FILTER_LEN = 5 };
enum { ADD = NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, DEL = NLM_F_ACK };
enum { WORD_MARK, WORD_ID_HIGH, WORD_ID_LOW, WORD_CHANGED };

static const uint32_t sides[] = { TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS),
				  TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS) };

static struct nlmsghdr *tc_msg(struct hold *h, void *buf, uint16_t type, uint16_t flags, struct tcmsg where,
			       const char *kind)
{
	struct nlmsghdr *n = mnl_nlmsg_put_header(buf);
	n->nlmsg_type = type;
	n->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	n->nlmsg_seq = ++h->seq;
	*(struct tcmsg *)mnl_nlmsg_put_extra_header(n, sizeof where) = where;
	if (kind)
		mnl_attr_put_strz(n, TCA_KIND, kind);
	return n;
}

/* Sends one request and gives every answer to cb. 0 or -errno. */
static int talk(struct hold *h, struct nlmsghdr *n, mnl_cb_t cb, void *data)
{
	char buf[16384];
	int run = MNL_CB_OK;
	if (send(h->nl, n, n->nlmsg_len, 0) < 0)
		return -errno;
	while (run > MNL_CB_STOP) {
		ssize_t len = recv(h->nl, buf, sizeof buf, 0);
		if (len < 0)
			return -errno;
		run = mnl_cb_run(buf, (size_t)len, n->nlmsg_seq, 0, cb, data);
	}
	return run < 0 ? -errno : 0;
}

static int clsact(struct hold *h, unsigned ifindex, bool add)
{
	char buf[256];
	struct tcmsg where = { .tcm_ifindex = (int)ifindex,
			       .tcm_parent = TC_H_CLSACT,
			       .tcm_handle = TC_H_CLSACT & TC_H_MAJ_MASK };
	return talk(h, tc_msg(h, buf, add ? RTM_NEWQDISC : RTM_DELQDISC, add ? ADD : DEL, where, "clsact"),
		    NULL, NULL);
}

static int filter(struct hold *h, unsigned ifindex, uint32_t side, bool add, unsigned changed)
{
	const struct sock_filter prog[FILTER_LEN] = {
		[WORD_MARK] = BPF_STMT(BPF_LD | BPF_IMM, FILTER_MARK),
		[WORD_ID_HIGH] = BPF_STMT(BPF_LD | BPF_IMM, (uint32_t)(h->id >> 32)),
		[WORD_ID_LOW] = BPF_STMT(BPF_LD | BPF_IMM, (uint32_t)h->id),
		[WORD_CHANGED] = BPF_STMT(BPF_LD | BPF_IMM, changed),
		[FILTER_LEN - 1] = BPF_STMT(BPF_RET | BPF_K, TC_ACT_SHOT),
	};
	struct tcmsg where = { .tcm_ifindex = (int)ifindex,
			       .tcm_parent = side,
			       .tcm_handle = FILTER_HANDLE,
			       .tcm_info = TC_H_MAKE(FILTER_PRIO << 16, __builtin_bswap16(ETH_P_ALL)) };
	char buf[512];
	struct nlmsghdr *n =
		tc_msg(h, buf, add ? RTM_NEWTFILTER : RTM_DELTFILTER, add ? ADD : DEL, where, "bpf");
	if (add) {
		struct nlattr *o = mnl_attr_nest_start(n, TCA_OPTIONS);
		mnl_attr_put_u32(n, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
		mnl_attr_put_u16(n, TCA_BPF_OPS_LEN, FILTER_LEN);
		mnl_attr_put(n, TCA_BPF_OPS, sizeof prog, prog);
		mnl_attr_nest_end(n, o);
	}
	return talk(h, n, NULL, NULL);
}

/* What filters an interface has. */
struct seen {
	bool ours;
	uint64_t id;
	unsigned changed, filters;
};

static int see_bpf(const struct nlattr *a, void *data)
{
	struct seen *s = data;
	struct sock_filter prog[FILTER_LEN];
	if (mnl_attr_get_type(a) != TCA_BPF_OPS || mnl_attr_get_payload_len(a) != sizeof prog)
		return MNL_CB_OK;
	memcpy(prog, mnl_attr_get_payload(a), sizeof prog);
	s->ours |= prog[WORD_MARK].k == FILTER_MARK;
	s->id = (uint64_t)prog[WORD_ID_HIGH].k << 32 | prog[WORD_ID_LOW].k;
	s->changed = prog[WORD_CHANGED].k;
	return MNL_CB_OK;
}

static int see_filter(const struct nlmsghdr *n, void *data)
{
	struct seen *s = data;
	const struct tcmsg *t = mnl_nlmsg_get_payload(n);
	const struct nlattr *a;
	if (n->nlmsg_type == RTM_NEWTFILTER && t->tcm_handle)
		s->filters++;
	mnl_attr_for_each (a, n, sizeof *t)
		if (t->tcm_handle == FILTER_HANDLE && mnl_attr_get_type(a) == TCA_OPTIONS)
			mnl_attr_parse_nested(a, see_bpf, s);
	return MNL_CB_OK;
}

static struct seen look(struct hold *h, unsigned ifindex)
{
	struct seen s = { 0 };
	for (unsigned i = 0; i < 2; i++) {
		char buf[256];
		struct tcmsg where = { .tcm_ifindex = (int)ifindex, .tcm_parent = sides[i] };
		talk(h, tc_msg(h, buf, RTM_GETTFILTER, NLM_F_DUMP, where, NULL), see_filter, &s);
	}
	return s;
}

static socklen_t alive_name(uint64_t id, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	int n = snprintf(ret->sun_path + 1, sizeof ret->sun_path - 1, "leat-helper-%016llx",
			 (unsigned long long)id);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
}

/* Anybody can listen on an abstract name; only one who runs with our rights is believed. */
static bool is_alive(uint64_t id)
{
	struct sockaddr_un a;
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t len = alive_name(id, &a);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool yes = fd >= 0 && connect(fd, (struct sockaddr *)&a, len) == 0 &&
		   getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &(socklen_t){ sizeof peer }) == 0 &&
		   peer.uid == geteuid();
	if (fd >= 0)
		close(fd);
	return yes;
}

static int set_up(struct hold *h, const char *ifname, bool up)
{
	struct ifreq r = { 0 };
	snprintf(r.ifr_name, sizeof r.ifr_name, "%s", ifname);
	if (ioctl(h->nl, SIOCGIFFLAGS, &r))
		return -errno;
	r.ifr_flags = (short)(up ? r.ifr_flags | IFF_UP : r.ifr_flags & ~IFF_UP);
	return ioctl(h->nl, SIOCSIFFLAGS, &r) ? -errno : 0;
}

static bool ethtool(struct hold *h, const char *ifname, uint32_t cmd, uint32_t *data)
{
	struct ethtool_value v = { .cmd = cmd, .data = *data };
	struct ifreq r = { .ifr_data = (char *)&v };
	snprintf(r.ifr_name, sizeof r.ifr_name, "%s", ifname);
	if (ioctl(h->nl, SIOCETHTOOL, &r))
		return false;
	*data = v.data;
	return true;
}

static unsigned offloads_on(struct hold *h, const char *ifname)
{
	uint32_t gro = 0, flags = 0;
	ethtool(h, ifname, ETHTOOL_GGRO, &gro);
	ethtool(h, ifname, ETHTOOL_GFLAGS, &flags);
	return (gro ? HOLD_GRO_OFF : 0) | (flags & ETH_FLAG_LRO ? HOLD_LRO_OFF : 0);
}

static void offloads_set(struct hold *h, const char *ifname, unsigned which, bool on)
{
	uint32_t gro = on, flags = 0;
	if (which & HOLD_GRO_OFF)
		ethtool(h, ifname, ETHTOOL_SGRO, &gro);
	if (!(which & HOLD_LRO_OFF) || !ethtool(h, ifname, ETHTOOL_GFLAGS, &flags))
		return;
	flags = on ? flags | ETH_FLAG_LRO : flags & ~(uint32_t)ETH_FLAG_LRO;
	ethtool(h, ifname, ETHTOOL_SFLAGS, &flags);
}

int hold_init(struct hold *h)
{
	struct sockaddr_un a;
	if (getrandom(&h->id, sizeof h->id, 0) != sizeof h->id)
		return -EIO;
	h->nl = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	h->alive = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (h->nl < 0 || h->alive < 0)
		return -errno;
	socklen_t len = alive_name(h->id, &a);
	if (bind(h->alive, (struct sockaddr *)&a, len) || listen(h->alive, 128))
		return -errno;
	return 0;
}

void hold_undo(struct hold *h, unsigned ifindex, unsigned changed)
{
	char ifname[IFNAMSIZ];
	if (!if_indextoname(ifindex, ifname))
		return; /* it is gone, or lives in another namespace now */
	offloads_set(h, ifname, changed, true);
	if (changed & HOLD_MADE_UP)
		set_up(h, ifname, false);
	for (unsigned i = 0; i < 2; i++)
		filter(h, ifindex, sides[i], false, 0);
	if (changed & HOLD_MADE_CLSACT && look(h, ifindex).filters == 0)
		clsact(h, ifindex, false);
}

/* -EBUSY when its holder lives. */
static int free_from_the_dead(struct hold *h, unsigned ifindex)
{
	struct seen s = look(h, ifindex);
	if (s.ours && is_alive(s.id))
		return -EBUSY;
	if (s.ours)
		hold_undo(h, ifindex, s.changed);
	return 0;
}

void hold_sweep(struct hold *h)
{
	struct if_nameindex *all = if_nameindex();
	for (struct if_nameindex *i = all; i && i->if_index; i++)
		free_from_the_dead(h, i->if_index);
	if (all)
		if_freenameindex(all);
}

/* May it be held? *ret_up: it is up. */
static int check(struct hold *h, const char *ifname, bool *ret_up, char *why, size_t why_len)
{
	struct ifreq r = { 0 };
	snprintf(r.ifr_name, sizeof r.ifr_name, "%s", ifname);
	if (free_from_the_dead(h, if_nametoindex(ifname))) {
		snprintf(why, why_len, "%s is held by a leatd", ifname);
		return -EBUSY;
	}
	if (ioctl(h->nl, SIOCGIFFLAGS, &r)) {
		snprintf(why, why_len, "there is no interface %s in this network namespace", ifname);
		return -ENODEV;
	}
	*ret_up = r.ifr_flags & IFF_UP;
	if (ioctl(h->nl, SIOCGIFHWADDR, &r) || r.ifr_hwaddr.sa_family != ARPHRD_ETHER) {
		snprintf(why, why_len, "%s is not an Ethernet interface", ifname);
		return -EMEDIUMTYPE;
	}
	return 0;
}

int hold_take(struct hold *h, const char *ifname, bool plain, unsigned *ret_ifindex, unsigned *ret_changed,
	      char *why, size_t why_len)
{
	const char *step = "clsact";
	bool up;
	int err = check(h, ifname, &up, why, why_len);
	if (err)
		return err;
	unsigned ifindex = *ret_ifindex = if_nametoindex(ifname);
	unsigned changed = (up ? 0 : HOLD_MADE_UP) | (plain ? offloads_on(h, ifname) : 0);
	err = clsact(h, ifindex, true);
	changed |= err ? 0 : HOLD_MADE_CLSACT;
	if (err && err != -EEXIST)
		goto failed;
	step = "a cls_bpf filter";
	err = filter(h, ifindex, sides[0], true, changed);
	if (!err)
		err = filter(h, ifindex, sides[1], true, changed);
	if (err)
		goto undo;
	offloads_set(h, ifname, changed, false);
	step = "IFF_UP";
	err = set_up(h, ifname, true);
	if (err)
		goto undo;
	*ret_changed = changed;
	return 0;
undo:
	hold_undo(h, ifindex, changed);
failed:
	snprintf(why, why_len, "the kernel refused %s on %s: %s", step, ifname, strerror(-err));
	return err;
}
