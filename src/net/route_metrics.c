/* SPDX-License-Identifier: BSD-2-Clause */
/* RTA_METRICS: what a route says of the way beyond it. All of it is kept and shown; here act the MTU and its lock, and the hop
 * limit; the others are for transports (TCP heeds RTAX_CC_ALGO and its lock). Checks, bounds and words are those of Linux's
 * ip_metrics_convert(). */
#include <errno.h>
#include <string.h>

#include "net/route_fill.h"

enum {
	ADVMSS_MAX = 65535 - 40,
	MTU_MAX = 65535 - 15,
	FEATURES_KNOWN = 0x1f, /* RTAX_FEATURE_*: ECN, SACK, timestamps, all fragments, microseconds */
};

const char *const route_metric_names[RTAX_MAX + 1] = {
	[RTAX_LOCK] = "lock",
	[RTAX_MTU] = "mtu",
	[RTAX_WINDOW] = "window",
	[RTAX_RTT] = "rtt",
	[RTAX_RTTVAR] = "rttvar",
	[RTAX_SSTHRESH] = "ssthresh",
	[RTAX_CWND] = "cwnd",
	[RTAX_ADVMSS] = "advmss",
	[RTAX_REORDERING] = "reordering",
	[RTAX_HOPLIMIT] = "hoplimit",
	[RTAX_INITCWND] = "initcwnd",
	[RTAX_FEATURES] = "features",
	[RTAX_RTO_MIN] = "rto_min",
	[RTAX_INITRWND] = "initrwnd",
	[RTAX_QUICKACK] = "quickack",
	[RTAX_FASTOPEN_NO_COOKIE] = "fastopen_no_cookie",
};

uint32_t route_metric_bound(unsigned type, uint32_t v)
{
	switch (type) {
	case RTAX_ADVMSS:
		return MIN(v, (uint32_t)ADVMSS_MAX);
	case RTAX_MTU:
		return MIN(v, (uint32_t)MTU_MAX);
	case RTAX_HOPLIMIT:
		return MIN(v, (uint32_t)UINT8_MAX);
	default:
		return v;
	}
}

/* Those of the room cc, whom this room does not know (stack/tcp_cc_test.c compares). */
bool route_cc_algo_known(const char *name)
{
	static const char *const known[] = { "reno", "cubic", "bic", "dctcp", "bbr" };
	for (unsigned i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(name, known[i]))
			return true;
	return false;
}

static int read_cc_algo(const struct nlattr *a, struct fib_nh *nh, struct nl_ext *ext)
{
	char name[FIB_CC_ALGO_MAX] = "";
	size_t len = strnlen(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a));
	memcpy(name, mnl_attr_get_payload(a), MIN(len, sizeof name - 1));
	if (!route_cc_algo_known(name))
		return nl_bad(ext, NULL, -EINVAL, "Unknown tcp congestion algorithm");
	memcpy(nh->cc_algo, name, sizeof nh->cc_algo);
	return 0;
}

static int read_one(const struct nlattr *a, struct fib_nh *nh, struct nl_ext *ext)
{
	unsigned type = mnl_attr_get_type(a);
	if (!type)
		return 0;
	if (type > RTAX_MAX)
		return nl_bad(ext, NULL, -EINVAL, "Invalid metric type");
	if (type == RTAX_CC_ALGO)
		return read_cc_algo(a, nh, ext);
	if (mnl_attr_get_payload_len(a) != sizeof(uint32_t))
		return nl_bad(ext, a, -EINVAL, "Invalid attribute in metrics");
	uint32_t v = mnl_attr_get_u32(a);
	if (type == RTAX_FEATURES && v & ~(uint32_t)FEATURES_KNOWN)
		return nl_bad(ext, NULL, -EINVAL, "Unknown flag set in feature mask in metrics attribute");
	nh->metric[type] = route_metric_bound(type, v);
	return 0;
}

int route_read_metrics(const struct nlattr *nest, struct fib_nh *nh, struct nl_ext *ext)
{
	const struct nlattr *a;
	int err = 0;
	if (!nest)
		return 0;
	mnl_attr_for_each_nested(a, nest)
	{
		err = read_one(a, nh, ext);
		if (err)
			break;
	}
	return err;
}

void route_put_metrics(struct nl_buf *b, const struct fib_nh *nh)
{
	bool any = false;
	size_t nest = nl_nest_noflag(b, RTA_METRICS);
	for (uint16_t type = 1; type <= RTAX_MAX; type++) {
		bool is_name = type == RTAX_CC_ALGO;
		if (is_name ? !nh->cc_algo[0] : !nh->metric[type])
			continue;
		if (is_name)
			nl_put_str(b, type, nh->cc_algo);
		else
			nl_put_u32(b, type, nh->metric[type]);
		any = true;
	}
	if (any)
		nl_nest_end(b, nest);
	else
		nl_nest_cancel(b, nest);
}
