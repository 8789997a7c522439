/* SPDX-License-Identifier: BSD-2-Clause */
/* The devices that need nothing from outside the process, as a module of a stack: it has "lo" from the start and knows
 * how to open the other kinds. It starts behind every module that watches interfaces and so stops before them: when it
 * takes its interfaces away, they are still there to be told. */
#include "dev/dev.h"

#include "dev/dummy.h"
#include "dev/generator.h"
#include "dev/loopback.h"
#include "dev/mem.h"
#include "dev/pcap.h"
#include "dev/sink.h"
#include "dev/vrf.h"
#include "net/iface.h"

static const struct iface_kind *const kinds[] = { &dummy_kind, &generator_kind, &mem_kind,
						  &pcap_kind,  &sink_kind,      &vrf_kind };

struct dev_stack {
	struct iface_kind kind[ARRAY_SIZE(kinds)]; /* copies, for their list links */
};

static int dev_init(struct leat_stack *st)
{
	struct dev_stack *d = stack_state(st, MODULE_dev);
	struct iface *lo;
	int err = loopback_new(st, &lo);
	for (unsigned i = 0; !err && i < ARRAY_SIZE(kinds); i++) {
		d->kind[i] = *kinds[i];
		iface_kind_add(st, &d->kind[i]);
	}
	return err;
}

static bool is_ours(const struct iface *i)
{
	static const char *const ours[] = { "dummy", "generator", "loopback", "pcap", "sink", "veth", "vrf" };
	for (unsigned k = 0; k < ARRAY_SIZE(ours); k++)
		if (!strcmp(i->ops->kind, ours[k]))
			return true;
	return false;
}

static void dev_unlink(struct leat_stack *st)
{
	struct dev_stack *d = stack_state(st, MODULE_dev);
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++)
		iface_kind_remove(st, &d->kind[i]);
	for (uint32_t after = 0;;) {
		struct iface *i = iface_next(st, after);
		if (!i)
			break;
		after = i->ifindex;
		if (is_ours(i))
			iface_delete(i);
	}
}

const struct module dev_module = {
	.name = "dev",
	.id = MODULE_dev,
	.stack_size = sizeof(struct dev_stack),
	.init = dev_init,
	.unlink = dev_unlink,
};
