/* SPDX-License-Identifier: BSD-2-Clause */
/* wraps N SEED: N datagrams of two fragments each, from one host to one socket, without a UDP checksum and with identifications
 * that come round every 65,536 of them; 1 % of the fragments are lost, some second halves come late. Whatever the socket receives
 * must be two halves of one datagram. Then a part of it again with net.ipv4.ipfrag_max_dist=0, where halves must be seen to be
 * mixed: without that this would have shown nothing. In virtual time, a microsecond per datagram. */
#include <linux/if_arp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/manual.h"
#include "net/addr.h"
#include "net/iface.h"
#include "net/sysctl.h"
#include "sock/sock.h"
#include "stack/stack_modules.h"
#include "wire/eth.h"
#include "wire/ip4.h"
#include "wire/udp.h"

enum { HALF = 16, LATE_MAX = 8, PORT = 7, POOL_BYTES = 64 << 20 };

static struct {
	struct manual_rt *m;
	struct leat_stack *st;
	struct iface *ifc;
	struct sock *sock;
	uint64_t random;
	uint64_t sent, lost, whole, mixed;
	uint64_t late[LATE_MAX]; /* datagrams whose second half is still to be sent, 0: none */
} t;

static void fail(const char *what)
{
	printf("%s\n", what);
	exit(1);
}

static uint32_t rnd(void)
{
	t.random = t.random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(t.random >> 33);
}

/* --- a device without an outside --- */

static void quiet(struct iface *i)
{
}
static int up(struct iface *i)
{
	iface_set_carrier(i, true);
	return 0;
}
static void xmit(struct iface *i, struct worker *w, struct pkt *const *p, unsigned n)
{
	pkt_free_bulk(w->lc, p, n);
}
static const struct iface_ops ops = {
	.kind = "wraps", .xmit = xmit, .up = up, .down = quiet, .stop = quiet, .free = quiet
};

/* --- datagrams --- */

struct frame {
	struct eth_hdr eth;
	struct ip4_hdr ip;
	uint8_t body[HALF];
};

static void put_body(struct frame *f, uint64_t no, bool second)
{
	if (!second) {
		struct udp_hdr udp = { .sport = be16_of(9),
				       .dport = be16_of(PORT),
				       .len = be16_of(2 * HALF) };
		memcpy(f->body, &udp, sizeof udp);
		memcpy(f->body + sizeof udp, &no, sizeof no);
	} else {
		memcpy(f->body, &no, sizeof no);
		memcpy(f->body + 8, &no, sizeof no);
	}
}

static void send_half(uint64_t no, bool second)
{
	struct worker *w = t.st->worker[0];
	struct frame f = { .eth = { .dst = { 2, 0, 0, 0, 0, 1 }, .src = { 2, 0, 0, 0, 0, 2 } },
			   .ip = { .ver_ihl = 0x45, .ttl = 64, .proto = IP_PROTO_UDP } };
	t.sent++;
	if (rnd() % 100 == 0) {
		t.lost++;
		return;
	}
	f.eth.type = be16_of(ETH_P_IP);
	f.ip.len = be16_of(sizeof f.ip + HALF);
	f.ip.id = be16_of((uint16_t)no);
	f.ip.frag = be16_of(second ? HALF / 8 : IP4_MF);
	f.ip.src = be32_of(0x0a000002);
	f.ip.dst = be32_of(0x0a000001);
	ip4_csum_set(&f.ip);
	put_body(&f, no, second);
	struct pkt *p = pkt_new(w->lc);
	if (!p || !pkt_append(w->lc, p, &f, sizeof f))
		fail("no buffer");
	iface_input(w, t.ifc, &p, 1);
}

static void receive(void)
{
	uint64_t b[3];
	while (sock_recvfrom(t.sock, b, sizeof b, 0, NULL, NULL) == (ssize_t)sizeof b) {
		t.whole++;
		t.mixed += b[0] != b[1];
	}
}

/* One in eight second halves waits for up to as many datagrams to pass. */
static void run(uint64_t n)
{
	t.sent = t.lost = t.whole = t.mixed = 0;
	for (uint64_t no = 1; no <= n; no++) {
		uint64_t *slot = &t.late[no % LATE_MAX];
		if (*slot)
			send_half(*slot, true);
		*slot = 0;
		send_half(no, false);
		if (rnd() % 8)
			send_half(no, true);
		else
			t.late[rnd() % LATE_MAX] = no;
		receive();
		if (no % 64 == 0)
			manual_rt_run(t.m, 64);
	}
	printf("%lu fragments sent, %lu lost, %lu datagrams received, %lu mixed\n", t.sent, t.lost, t.whole,
	       t.mixed);
}

/* --- the host --- */

static void add_device(void)
{
	struct iface_new how = { .name = "eth0",
				 .ops = &ops,
				 .hw_type = ARPHRD_ETHER,
				 .flags = IFF_BROADCAST | IFF_MULTICAST,
				 .mtu = 1500,
				 .mtu_min = 68,
				 .mtu_max = 1500,
				 .mac = { 2, 0, 0, 0, 0, 1 } };
	struct addr a = { .family = AF_INET, .plen = 24, .valid_s = UINT32_MAX, .preferred_s = UINT32_MAX };
	if (iface_add(t.st, &how, &t.ifc) || iface_set_up(t.ifc, true))
		fail("no device");
	a.if_handle = t.ifc->handle;
	a.local.v4 = a.peer.v4 = be32_of(0x0a000001);
	if (addr_add(t.st, &a, false))
		fail("no address");
	view_publish(t.st);
	manual_rt_settle(t.m);
}

static void open_socket(void)
{
	struct sockaddr_in me = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	if (sock_open(t.st, AF_INET, SOCK_DGRAM, 0, NULL, &t.sock) ||
	    sock_bind(t.sock, (const struct sockaddr *)&me, sizeof me))
		fail("no socket");
}

int main(int argc, char **argv)
{
	char why[100];
	uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 0) : 0;
	t.random = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	if (n < 1u << 18) {
		fprintf(stderr,
			"usage: wraps N SEED   (N at least 262144: four rounds of identifications)\n");
		return 2;
	}
	t.m = manual_rt_new(1, t.random);
	if (pkt_pools_init(manual_rt_of(t.m), POOL_BYTES) ||
	    stack_new(manual_rt_of(t.m), "wraps", 1, leat_modules, &t.st))
		fail("no stack");
	add_device();
	open_socket();
	run(n);
	uint64_t mixed = t.mixed, whole = t.whole;
	if (sysctl_set(t.st, "net.ipv4.ipfrag_max_dist", "0", why, sizeof why))
		fail(why);
	run(1 << 18);
	sock_close(t.sock);
	stack_free(t.st);
	pkt_pools_done(manual_rt_of(t.m));
	manual_rt_free(t.m);
	if (mixed || whole < n * 9 / 10 || !t.mixed) {
		printf("FAILED; again: wraps %s %s\n", argv[1], argc > 2 ? argv[2] : "1");
		return 1;
	}
	return 0;
}
