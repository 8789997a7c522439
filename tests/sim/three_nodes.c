/* SPDX-License-Identifier: BSD-2-Clause */
/* three_nodes LEAT: three-nodes.sim from C, the same run; docs/howto/write-a-simulation.md shows it. */
#include <stdio.h>

#include "sim/sim.h"

int main(int argc, char **argv)
{
	struct sim *s;
	struct sim_node *a, *r, *b;
	struct sim_ping *p;
	struct sim_ping_stats st;
	const struct sim_opts o = { .seed = 1, .leat = argv[1] };
	const struct sim_wire_conf near = { .up = true, .rate_bps = 100000000, .delay_us = 5 * SIM_MS };
	const struct sim_wire_conf far = {
		.up = true, .rate_bps = 10000000, .delay_us = 20 * SIM_MS, .loss = SIM_ALWAYS / 100
	};
	const struct sim_ping_conf ping = { "10.0.2.2", .count = 100, .size = 56,
					    .interval_us = 100 * SIM_MS };

	if (argc != 2 || sim_new(&o, &s) || sim_node_new(s, "a", 1, &a) || sim_node_new(s, "r", 1, &r) ||
	    sim_node_new(s, "b", 1, &b) || sim_wire_new(s, a, "eth0", r, "eth0", &near, NULL) ||
	    sim_wire_new(s, r, "eth1", b, "eth0", &far, NULL) ||
	    sim_ip(a, "address add 10.0.1.2/24 dev eth0\nroute add default via 10.0.1.1\n") ||
	    sim_ip(r, "address add 10.0.1.1/24 dev eth0\naddress add 10.0.2.1/24 dev eth1\n") ||
	    sim_ip(b, "address add 10.0.2.2/24 dev eth0\nroute add default via 10.0.2.1\n") ||
	    sim_ping(a, &ping, &p))
		return 2;
	sim_run(s, 15 * SIM_SEC);
	sim_ping_stats(p, &st);
	printf("%u sent, %u received, digest %016lx\n", st.sent, st.received, sim_digest(s));
	return sim_free(s) || st.received < 95;
}
