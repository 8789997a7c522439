/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses of interfaces, IPv4 and IPv6 in one table. */
#ifndef LEAT_NET_ADDR_H
#define LEAT_NET_ADDR_H

#include <linux/if_addr.h>

#include "net/iface.h"

enum addr_origin { ADDR_ADMIN, ADDR_SLAAC };

struct addr {
	struct hash_node node; /* by family and address */
	struct list link; /* of the interface, control lcore */
	uint32_t if_handle;
	uint8_t family; /* AF_INET, AF_INET6 */
	uint8_t plen, scope; /* RT_SCOPE_* */
	uint8_t origin; /* enum addr_origin */
	uint32_t flags; /* IFA_F_*; IFA_F_TENTATIVE: not ours yet */
	struct ipaddr local, peer, broadcast; /* IFA_LOCAL, IFA_ADDRESS, IFA_BROADCAST */
	uint32_t valid_s, preferred_s; /* lifetimes as asked; UINT32_MAX: for ever */
	uint64_t created_us, updated_us;
	char label[IFACE_NAME_MAX];
	uint8_t proto; /* IFA_PROTO */
	uint8_t retries; /* IPv6, stable and private: how many made before it were somebody's */
	bool tokenized; /* its identifier is the interface's token */
	bool anycast; /* the anycast address of its subnet's routers is joined for it (anycast.h) */
	bool renewed; /* temporary: it has its successor */
	uint32_t metric; /* IFA_RT_PRIORITY */
	uint32_t regen_count; /* public: temporary ones made since one lasted */
	struct ip6 pub; /* temporary: the public one it stands beside */
	struct timer regen;
	struct leat_stack *st;
	struct timer expiry;
	struct deferred deferred;
};

/* --- any worker, within a turn. The result is good until the end of the turn. --- */

/* Is it an address of this stack (any interface, not tentative)? */
const struct addr *addr_find(const struct worker *w, uint8_t family, const struct ipaddr *a);
/* The same among those of one VRF, each of which may have the same; 0: of what is in none. */
const struct addr *addr_find_in(const struct worker *w, uint32_t vrf_handle, uint8_t family,
				const struct ipaddr *a);
/* An address of that interface, tentative ones included (neighbour discovery needs to know). */
const struct addr *addr_find_on(const struct worker *w, uint32_t if_handle, uint8_t family,
				const struct ipaddr *a);
/* An address of that interface in whose subnet both lie, or NULL. */
const struct addr *addr_with_subnet(const struct worker *w, uint32_t if_handle, uint8_t family,
				    const struct ipaddr *a, const struct ipaddr *b);
/* Has that interface any address of the family? */
bool addr_any_on(const struct worker *w, uint32_t if_handle, uint8_t family);
/* Source for a packet to dst leaving through `out` (RFC 6724; addr_select.c has the rules). false: none. */
bool addr_select_source(const struct worker *w, const struct iface *out, uint8_t family,
			const struct ipaddr *dst, struct ipaddr *ret);
/* The same as a socket wishes: prefs are the bits of IPV6_ADDR_PREFERENCES (RFC 5014), 0: none. */
bool addr_select_source_as(const struct worker *w, const struct iface *out, uint8_t family,
			   const struct ipaddr *dst, uint32_t prefs, struct ipaddr *ret);

/* --- control lcore --- */

/* Adds (or, with replace, updates) as RTM_NEWADDR does: connected and local routes, RTM_NEWADDR and RTM_NEWROUTE
 * notifications; IPv6 addresses start tentative and go through duplicate address detection unless IFA_F_NODAD.
 * `how` is copied. 0, -EEXIST, -EINVAL, -ENOBUFS, -ENOMEM. */
int addr_add(struct leat_stack *st, const struct addr *how, bool replace);
/* As RTM_DELADDR does, with its routes, and its secondaries as Linux has it. 0 or -EADDRNOTAVAIL. */
int addr_delete(struct leat_stack *st, uint32_t if_handle, uint8_t family, const struct ipaddr *local,
		uint8_t plen);
/* In order of arrival; both families. NULL: no more. */
struct addr *addr_first(struct leat_stack *st, const struct iface *i);
struct addr *addr_next(struct leat_stack *st, const struct iface *i, const struct addr *a);
/* Rooms that follow addresses (groups to listen to, duplicate detection) watch them come and go. An IPv6 address that has
 * to be tested is ADDED with IFA_F_TENTATIVE; addr_dad_done() ends that. GOING: it can still be found. CHANGED: its flags. */
enum addr_event { ADDR_ADDED, ADDR_CHANGED, ADDR_GOING };
struct addr_watch {
	struct list link;
	void (*event)(struct addr_watch *w, struct leat_stack *st, const struct addr *a, enum addr_event e);
};
void addr_watch_add(struct leat_stack *st, struct addr_watch *w);
void addr_watch_remove(struct leat_stack *st, struct addr_watch *w);
/* Neighbour discovery decides the end of duplicate detection (RFC 4862, 5.4). Harmless when the address has gone meanwhile. */
void addr_dad_done(struct leat_stack *st, uint32_t if_handle, const struct ip6 *a, bool duplicate);

extern const struct module addr_module;

#endif
