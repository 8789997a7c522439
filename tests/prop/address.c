/* SPDX-License-Identifier: BSD-2-Clause */
/* Who is called what:
 *
 *	node n on lo		10.255.0.n/32, fd00:ff::n/128
 *	everybody on wire w	10.1.w.255, ff02::1
 *	the group on wire w	239.1.1.w, ff02::1:w
 *	wire w, end e		10.1.w.(1 + e + 2k)/24, fd00:1:w::(1 + e + 2k)/64, the k-th address of that end
 *	VLAN n on wire w, end e	10.(1 + n).w.(1 + e)/24, fd00:(1 + n):w::(1 + e)/64 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "prop.h"
#include "wire/text.h"

struct prop_addr addr_of_node(unsigned node, bool v6)
{
	if (!v6)
		return (struct prop_addr){ AF_INET, 32, { .b = { 10, 255, 0, (uint8_t)node } }, 0 };
	return (struct prop_addr){ AF_INET6, 128, { .b = { 0xfd, 0, 0, 0xff, [15] = (uint8_t)node } }, 0 };
}

struct prop_addr addr_of_end(unsigned wire, unsigned end, unsigned number, bool v6)
{
	uint8_t host = (uint8_t)(1 + end + 2 * number);
	if (!v6)
		return (struct prop_addr){ AF_INET, 24, { .b = { 10, 1, (uint8_t)wire, host } }, 0 };
	return (struct prop_addr){
		AF_INET6, 64, { .b = { 0xfd, 0, 0, 1, 0, (uint8_t)wire, [15] = host } }, 0
	};
}

struct prop_addr addr_of_vlan(unsigned wire, unsigned end, unsigned number, bool v6)
{
	struct prop_addr a = addr_of_end(wire, end, 0, v6);
	a.a.b[v6 ? 3 : 1] = (uint8_t)(1 + number);
	return a;
}

struct prop_addr addr_of_group(unsigned wire, bool v6)
{
	if (!v6)
		return (struct prop_addr){
			AF_INET, 32, { .b = { 239, 1, 1, (uint8_t)wire } }, (uint8_t)wire
		};
	return (struct prop_addr){
		AF_INET6, 128, { .b = { 0xff, 2, [13] = 1, [15] = (uint8_t)wire } }, (uint8_t)wire
	};
}

bool addr_choose(const struct world *w, unsigned node, uint32_t kind, unsigned salt, struct prop_addr *ret)
{
	unsigned n = 0, ends[2 * WIRES_MAX];
	if (kind == ADDR_LO4 || kind == ADDR_LO6) {
		*ret = addr_of_node(node, kind == ADDR_LO6);
		return true;
	}
	for (unsigned i = 1; i <= WIRES_MAX; i++)
		for (unsigned e = 0; e < 2; e++)
			if (w->wire[i].w && w->wire[i].node[e] == node)
				ends[n++] = i * 2 + e;
	if (!n)
		return false;
	unsigned wire = ends[salt % n] / 2, end = ends[salt % n] % 2;
	if (kind == ADDR_ALL4)
		*ret = (struct prop_addr){ AF_INET, 24, { .b = { 10, 1, (uint8_t)wire, 255 } }, 0 };
	else if (kind == ADDR_ALL6)
		*ret = (struct prop_addr){ AF_INET6, 128, { .b = { 0xff, 2, [15] = 1 } }, (uint8_t)wire };
	else if (kind == ADDR_GROUP4 || kind == ADDR_GROUP6)
		*ret = addr_of_group(wire, kind == ADDR_GROUP6);
	else
		*ret = addr_of_end(wire, end, 0, kind == ADDR_WIRE6);
	return true;
}

static bool is_of_an_end(const struct world *w, unsigned node, const struct prop_addr *a)
{
	unsigned wire = a->family == AF_INET ? a->a.b[2] : a->a.b[5];
	unsigned host = a->family == AF_INET ? a->a.b[3] : a->a.b[15];
	if (!wire || wire > WIRES_MAX || !w->wire[wire].w || !host)
		return false;
	unsigned net = a->family == AF_INET ? a->a.b[1] : a->a.b[3];
	if (net < 1 || net > 1 + VLANS_MAX)
		return false;
	if (net > 1) {
		struct prop_addr tagged = addr_of_vlan(wire, (host - 1) % 2, net - 1, a->family == AF_INET6);
		return w->wire[wire].node[(host - 1) % 2] == node && !memcmp(&tagged.a, &a->a, sizeof a->a);
	}
	struct prop_addr is = addr_of_end(wire, (host - 1) % 2, (host - 1) / 2, a->family == AF_INET6);
	return w->wire[wire].node[(host - 1) % 2] == node && !memcmp(&is.a, &a->a, sizeof is.a);
}

bool addr_is_of(const struct world *w, unsigned node, const struct prop_addr *a)
{
	struct prop_addr own = addr_of_node(node, a->family == AF_INET6);
	if (a->family == AF_INET6 && ip6_is_link_local(&a->a.v6))
		return true; /* they follow from MACs, which change */
	return !memcmp(&own.a, &a->a, sizeof own.a) || is_of_an_end(w, node, a);
}

void addr_text(const struct prop_addr *a, char to[static 64])
{
	if (a->family == AF_INET)
		ip4_text(a->a.v4, to);
	else
		ip6_text(&a->a.v6, to);
}
