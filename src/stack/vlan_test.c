/* SPDX-License-Identifier: BSD-2-Clause */
/* VLANs in a whole stack: tags in the frame and in the descriptor alike, one in another, and how they follow what is below. */
#include "net/iface_internal.h"
#include "net/sysctl.h"
#include "stack/rig.h"

#define HOST "10.0.5.2"
#define LEAT "10.0.5.1"

enum { VID = 5 };

static struct iface *vlan_on(struct rig *r, const char *lower, const char *name, unsigned vid,
			     const char *proto)
{
	char options[64], why[100] = "";
	struct iface_kind *k = iface_kind_find(r->st, "vlan");
	assert_non_null(k);
	snprintf(options, sizeof options, "link=%s,id=%u,proto=%s", lower, vid, proto);
	assert_int_equal(k->open(r->st, name, options, why, sizeof why), 0);
	struct iface *i = iface_by_name(r->st, name);
	assert_non_null(i);
	assert_int_equal(iface_set_up(i, true), 0);
	return i;
}

/* An address on the VLAN and a neighbour that needs no asking. */
static void inhabit(struct rig *r, struct iface *i)
{
	struct neigh_info n = { .if_handle = i->handle, .state = NUD_PERMANENT, .has_mac = true };
	rig_addr(r, i, LEAT, 24, 0);
	n.addr = ipaddr_of(HOST, &n.family);
	memcpy(n.mac, r->a.mac, sizeof n.mac);
	assert_int_equal(neigh_set(r->st, &n, NLM_F_CREATE | NLM_F_REPLACE), 0);
	manual_rt_settle(r->m);
	rig_clear(&r->a);
}

/* An echo request, and with one more tag in front of those it has. */
static void frame_echo(struct frame *f, const struct rig *r)
{
	struct ip4_msg ip = ip4_packet(HOST, LEAT);
	frame_ip4(f, &r->a, &ip, 100);
}
static void put_tag(struct frame *f, uint16_t proto, uint16_t tci)
{
	const uint8_t tag[4] = { (uint8_t)(proto >> 8), (uint8_t)proto, (uint8_t)(tci >> 8), (uint8_t)tci };
	memmove(f->b + 16, f->b + 12, f->len - 12);
	memcpy(f->b + 12, tag, sizeof tag);
	f->len += 4;
}

/* The answer, with n tags of these in the frame, outermost first. */
static void expect_reply(struct rig *r, const uint16_t (*tags)[2], unsigned n)
{
	const struct rig_frame *f = rig_next(&r->a);
	struct ip4_msg ip;
	struct icmp4_msg m;
	assert_non_null(f);
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(f->b[12 + 4 * i] << 8 | f->b[13 + 4 * i], tags[i][0]);
		assert_int_equal(f->b[14 + 4 * i] << 8 | f->b[15 + 4 * i], tags[i][1]);
	}
	assert_memory_equal(f->b, r->a.mac, 6);
	uint32_t at = 14 + 4 * n;
	assert_int_equal(ip4_parse(cur_of(f->b + at, f->len - at), &ip), DROP_NONE);
	assert_int_equal(icmp4_parse(ip.body, &m), DROP_NONE);
	assert_int_equal(m.type, ICMP4_ECHO_REPLY);
	assert_null(rig_next(&r->a));
}

static void a_tag_may_be_in_the_frame_or_in_the_descriptor(void **state)
{
	static const uint16_t tags[][2] = { { ETH_P_8021Q, VID } };
	struct rig *r = rig_new(workers, 0);
	struct iface *v = vlan_on(r, "wa", "v5", VID, "802.1Q");
	struct iface_worker_stats s, before;
	struct frame f;
	inhabit(r, v);
	iface_stats(v, &before); /* reports of groups */
	frame_echo(&f, r);
	struct pkt *p = rig_pkt(r, f.b, f.len, 0);
	p->vlan_proto = ETH_P_8021Q;
	p->vlan_tci = VID;
	rig_send_pkt(r, &r->a, p);
	expect_reply(r, tags, 1);
	put_tag(&f, ETH_P_8021Q, VID);
	rig_send(r, &r->a, &f);
	expect_reply(r, tags, 1);
	rig_send_pkt(r, &r->a, rig_pkt(r, f.b, f.len, 16)); /* the tag's end lies in another piece */
	expect_reply(r, tags, 1);
	iface_stats(v, &s);
	assert_int_equal(s.rx_packets, 3);
	assert_int_equal(s.rx_bytes, 3 * (f.len - 4));
	assert_int_equal(s.tx_packets, 3 + before.tx_packets);
	rig_free(r);
}

static void a_device_that_takes_tags_gets_them_beside_the_frame(void **state)
{
	struct rig *r = rig_new(workers, IFACE_TX_VLAN);
	struct frame f;
	inhabit(r, vlan_on(r, "wa", "v5", VID, "802.1ad"));
	frame_echo(&f, r);
	put_tag(&f, ETH_P_8021AD, VID);
	rig_send(r, &r->a, &f);
	const struct rig_frame *got = rig_next(&r->a);
	assert_non_null(got);
	assert_int_equal(got->meta.vlan_proto, ETH_P_8021AD);
	assert_int_equal(got->meta.vlan_tci, VID);
	assert_int_equal(got->b[12] << 8 | got->b[13], ETH_P_IP);
	rig_free(r);
}

static void tags_nest(void **state)
{
	static const uint16_t tags[][2] = {
		{ ETH_P_8021AD, 100 }, { ETH_P_8021Q, 7 }, { ETH_P_8021Q, 7 }, { ETH_P_8021Q, 4094 }
	};
	struct rig *r = rig_new(workers, 0);
	struct frame f;
	vlan_on(r, "wa", "s", 100, "802.1ad");
	vlan_on(r, "s", "c", 7, "802.1Q");
	vlan_on(r, "c", "d", 7, "802.1Q");
	inhabit(r, vlan_on(r, "d", "e", 4094, "802.1Q"));
	frame_echo(&f, r);
	for (unsigned i = ARRAY_SIZE(tags); i > 0; i--)
		put_tag(&f, tags[i - 1][0], tags[i - 1][1]);
	rig_send(r, &r->a, &f);
	expect_reply(r, tags, ARRAY_SIZE(tags));
	rig_free(r);
}

static void tags_that_nobody_made_fall_by_name(void **state)
{
	struct rig *r = rig_new(workers, 0);
	struct frame f;
	inhabit(r, vlan_on(r, "wa", "v5", VID, "802.1Q"));
	frame_echo(&f, r);
	put_tag(&f, ETH_P_8021Q, VID + 1);
	rig_send(r, &r->a, &f);
	frame_echo(&f, r);
	put_tag(&f, ETH_P_8021AD, VID);
	rig_send(r, &r->a, &f);
	frame_echo(&f, r);
	put_tag(&f, ETH_P_8021Q, VID);
	rig_send(r, &r->b, &f);
	assert_int_equal(rig_drops(r, "vlan-input", DROP_VLAN_UNKNOWN), 3);
	f.len = 15;
	rig_send(r, &r->a, &f);
	assert_int_equal(rig_drops(r, "vlan-input", DROP_TRUNCATED), 1);
	rig_expect_silence(r);
	rig_free(r);
}

static void a_priority_tag_is_no_vlan(void **state)
{
	struct rig *r = rig_new(workers, 0);
	struct frame f;
	struct ip4_msg ip = ip4_packet("10.0.1.2", "10.0.1.1");
	rig_neigh(r, &r->a, "10.0.1.2");
	frame_ip4(&f, &r->a, &ip, 100);
	put_tag(&f, ETH_P_8021Q, 0xa000);
	rig_send(r, &r->a, &f);
	expect_reply(r, NULL, 0);
	rig_free(r);
}

static void an_address_of_its_own_is_heard(void **state)
{
	static const uint16_t tags[][2] = { { ETH_P_8021Q, VID } };
	static const uint8_t mac[6] = { 2, 5, 5, 5, 5, 5 }, wider[6] = { 2, 6, 6, 6, 6, 6 };
	struct rig *r = rig_new(workers, 0);
	struct iface *v = vlan_on(r, "wa", "v5", VID, "802.1Q");
	struct frame f;
	assert_int_equal(iface_set_mac(v, mac), 0); /* what is known of neighbours goes by that */
	inhabit(r, v);
	frame_echo(&f, r);
	memcpy(f.b, mac, 6);
	put_tag(&f, ETH_P_8021Q, VID);
	rig_send(r, &r->a, &f);
	expect_reply(r, tags, 1);
	frame_echo(&f, r); /* the lower interface's is another station's now */
	put_tag(&f, ETH_P_8021Q, VID);
	rig_send(r, &r->a, &f);
	assert_int_equal(rig_drops(r, "eth-demux", DROP_OTHER_HOST), 1);
	struct iface *w6 = vlan_on(r, "wa", "v6", 6, "802.1Q");
	assert_int_equal(iface_set_up(r->a.ifc, false), 0);
	assert_int_equal(iface_set_mac(r->a.ifc, wider), 0);
	assert_memory_equal(w6->mac, wider, 6); /* follows */
	assert_memory_equal(v->mac, mac, 6);
	rig_free(r);
}

static void what_happens_below_happens_above(void **state)
{
	struct rig *r = rig_new(workers, 0);
	struct iface *v = vlan_on(r, "wa", "v5", VID, "802.1Q"), *w = vlan_on(r, "v5", "v7", 7, "802.1Q");
	assert_true(iface_is_up(w));
	iface_set_carrier(r->a.ifc, false);
	assert_false(v->carrier || w->carrier);
	iface_set_carrier(r->a.ifc, true);
	assert_true(iface_is_up(v) && iface_is_up(w));
	assert_int_equal(iface_set_up(r->a.ifc, false), 0);
	assert_false(v->flags & IFF_UP || w->flags & IFF_UP);
	assert_int_equal(iface_set_up(w, true), -ENETDOWN);
	assert_int_equal(iface_set_up(r->a.ifc, true), 0);
	assert_true(iface_is_up(v) && iface_is_up(w));
	assert_int_equal(iface_set_mtu(v, 1501), -ERANGE);
	assert_int_equal(iface_set_mtu(r->a.ifc, 1400), 0);
	assert_int_equal(v->mtu, 1400);
	assert_int_equal(w->mtu, 1400);
	iface_delete(r->a.ifc);
	assert_null(iface_by_name(r->st, "v5"));
	assert_null(iface_by_name(r->st, "v7"));
	rig_free(r);
}

static void a_vlan_says_how_to_open_it_again(void **state)
{
	struct rig *r = rig_new(workers, 0);
	char words[200];
	struct iface *v = vlan_on(r, "wb", "v5", VID, "802.1ad");
	v->ops->describe(v, words, sizeof words);
	assert_string_equal(words, "vlan:v5,link=wb,id=5,proto=802.1ad");
	rig_free(r);
}

static int change(struct iface *i, const char *options)
{
	char why[100] = "";
	return i->ops->change(i, options, why, sizeof why);
}

/* The bits of the first tag of the next frame on that wire. */
static unsigned next_bits(struct rig_wire *wire)
{
	const struct rig_frame *f = rig_next(wire);
	assert_non_null(f);
	assert_int_equal(f->b[12] << 8 | f->b[13], ETH_P_8021Q);
	return f->b[14] >> 5;
}

/* Linux: rt_tos2priority() of what is forwarded; answers of the stack itself have none. */
static void ipv4_leaves_with_the_priority_of_its_service(void **state)
{
	static const struct {
		uint8_t tos, bits;
	} as[] = { { 0, 1 }, { 0x10, 5 }, { 0x08, 2 }, { 0x18, 4 }, { 0x02, 1 }, { 0xb8, 4 } };
	struct rig *r = rig_new(workers, 0);
	struct iface *v = vlan_on(r, "wa", "v5", VID, "802.1Q");
	struct ip4_msg ip = ip4_packet("10.0.2.2", HOST);
	struct frame f;
	inhabit(r, v);
	rig_neigh(r, &r->b, "10.0.2.2");
	frame_ip4(&f, &r->b, &ip, 20);
	rig_send(r, &r->b, &f);
	assert_int_equal(next_bits(&r->a), 0); /* without a map */
	assert_int_equal(change(v, "egress=0:1/6:5/2:2/4:4"), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(as); i++) {
		ip.tos = as[i].tos;
		frame_ip4(&f, &r->b, &ip, 20);
		rig_send(r, &r->b, &f);
		assert_int_equal(next_bits(&r->a), as[i].bits);
	}
	char why[100];
	assert_int_equal(sysctl_set(r->st, "net.ipv4.ip_forward_update_priority", "0", why, sizeof why), 0);
	ip.tos = 0x10;
	frame_ip4(&f, &r->b, &ip, 20);
	rig_send(r, &r->b, &f);
	assert_int_equal(next_bits(&r->a), 1); /* that it came with, which is none */
	ip = ip4_packet(HOST, LEAT);
	ip.tos = 0x10; /* is answered with the same, and has none */
	frame_ip4(&f, &r->a, &ip, 20);
	put_tag(&f, ETH_P_8021Q, VID);
	rig_send(r, &r->a, &f);
	assert_int_equal(next_bits(&r->a), 1);
	rig_free(r);
}

/* From bits to bits by way of this host, where nothing else says what a packet is. */
static void ipv6_keeps_the_priority_it_came_with(void **state)
{
	static const uint8_t bits[8] = { 0, 0, 0, 6, 0, 0, 0, 2 };
	struct rig *r = rig_new(workers, 0);
	struct iface *in = vlan_on(r, "wb", "v5", VID, "802.1Q"),
		     *out = vlan_on(r, "wa", "v6", VID, "802.1Q");
	struct neigh_info n = {
		.family = AF_INET6, .if_handle = out->handle, .state = NUD_PERMANENT, .has_mac = true
	};
	struct ip6_msg ip = ip6_packet("2001:db8:5::2", "2001:db8:6::2");
	struct frame f;
	rig_addr(r, in, "2001:db8:5::1", 64, IFA_F_NODAD);
	rig_addr(r, out, "2001:db8:6::1", 64, IFA_F_NODAD);
	n.addr.v6 = ip6_of("2001:db8:6::2");
	memcpy(n.mac, r->a.mac, sizeof n.mac);
	assert_int_equal(neigh_set(r->st, &n, NLM_F_CREATE | NLM_F_REPLACE), 0);
	assert_int_equal(change(in, "ingress=3:40/7:9"), 0);
	assert_int_equal(change(out, "egress=40:6/9:2"), 0);
	manual_rt_run(r->m, 5 * SEC);
	rig_clear(&r->a);
	for (unsigned i = 0; i < ARRAY_SIZE(bits); i++) {
		frame_ip6(&f, &r->b, &ip, NULL, 0, 20);
		put_tag(&f, ETH_P_8021Q, (uint16_t)(i << 13 | VID));
		rig_send(r, &r->b, &f);
		assert_int_equal(next_bits(&r->a), bits[i]);
	}
	rig_free(r);
}

static void maps_are_kept_and_refused_whole(void **state)
{
	struct rig *r = rig_new(workers, 0);
	char words[400], many[200] = "egress=0:1";
	struct iface *v = vlan_on(r, "wb", "v5", VID, "802.1Q");
	assert_int_equal(change(v, "loose=1,ingress=1:2/3:4294967295,egress=2:3/18:4/1:1"), 0);
	assert_int_equal(change(v, "ingress=1:0,egress=2:7"), 0);
	v->ops->describe(v, words, sizeof words);
	assert_string_equal(
		words, "vlan:v5,link=wb,id=5,proto=802.1Q,loose=1,ingress=3:4294967295,egress=2:7/18:4/1:1");
	assert_int_equal(change(v, "ingress=1:5/x"), -EINVAL);
	for (unsigned i = 1; i <= 16; i++)
		snprintf(many + strlen(many), sizeof many - strlen(many), "/%u:1", i);
	assert_int_equal(change(v, many), -ENOSPC);
	v->ops->describe(v, words, sizeof words);
	assert_string_equal(
		words, "vlan:v5,link=wb,id=5,proto=802.1Q,loose=1,ingress=3:4294967295,egress=2:7/18:4/1:1");
	rig_free(r);
}

/* loose_binding: up and down by its own will, but with the carrier from below. */
static void a_loose_vlan_is_not_taken_along(void **state)
{
	struct rig *r = rig_new(workers, 0);
	struct iface *v = vlan_on(r, "wa", "v5", VID, "802.1Q");
	assert_int_equal(change(v, "loose=1"), 0);
	assert_int_equal(iface_set_up(r->a.ifc, false), 0);
	assert_true(v->flags & IFF_UP);
	assert_false(iface_is_up(v));
	assert_int_equal(iface_set_up(v, false), 0);
	assert_int_equal(iface_set_up(v, true), 0);
	assert_int_equal(iface_set_up(v, false), 0);
	assert_int_equal(iface_set_up(r->a.ifc, true), 0);
	assert_false(v->flags & IFF_UP);
	rig_free(r);
}

static struct leat_stack *saved_again(struct leat_stack *st)
{
	struct leat_stack *again;
	char *text, why[200] = "";
	size_t len;
	assert_int_equal(stack_save_text(st, &text, &len), 0);
	assert_int_equal(stack_new(st->rt, "again", workers, leat_modules, &again), 0);
	assert_int_equal(stack_restore_text(again, text, len, why, sizeof why), 0);
	free(text);
	return again;
}

/* An interface may be made under a number of its own, higher than that of what is made upon it later. */
static void what_lies_on_a_higher_number_comes_back(void **state)
{
	struct rig *r = rig_new(workers, 0);
	char why[100] = "";
	iface_state(r->st)->want_ifindex = 77;
	assert_int_equal(iface_kind_find(r->st, "dummy")->open(r->st, "d0", "", why, sizeof why), 0);
	assert_int_equal(iface_set_up(iface_by_name(r->st, "d0"), true), 0);
	iface_state(r->st)->want_ifindex = 50;
	vlan_on(r, "d0", "v5", VID, "802.1Q");
	iface_state(r->st)->want_ifindex = 0;
	struct leat_stack *again = saved_again(r->st);
	assert_int_equal(iface_by_name(again, "v5")->ifindex, 50);
	assert_int_equal(iface_by_name(again, "d0")->ifindex, 77);
	stack_free(again);
	rig_free(r);
}

TWICE(a_tag_may_be_in_the_frame_or_in_the_descriptor)
TWICE(a_device_that_takes_tags_gets_them_beside_the_frame)
TWICE(tags_nest)
TWICE(tags_that_nobody_made_fall_by_name)
TWICE(a_priority_tag_is_no_vlan)
TWICE(an_address_of_its_own_is_heard)
TWICE(what_happens_below_happens_above)
TWICE(a_vlan_says_how_to_open_it_again)
TWICE(what_lies_on_a_higher_number_comes_back)
TWICE(ipv4_leaves_with_the_priority_of_its_service)
TWICE(ipv6_keeps_the_priority_it_came_with)
TWICE(maps_are_kept_and_refused_whole)
TWICE(a_loose_vlan_is_not_taken_along)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(a_tag_may_be_in_the_frame_or_in_the_descriptor),
		BOTH(a_device_that_takes_tags_gets_them_beside_the_frame),
		BOTH(tags_nest),
		BOTH(tags_that_nobody_made_fall_by_name),
		BOTH(a_priority_tag_is_no_vlan),
		BOTH(an_address_of_its_own_is_heard),
		BOTH(what_happens_below_happens_above),
		BOTH(a_vlan_says_how_to_open_it_again),
		BOTH(what_lies_on_a_higher_number_comes_back),
		BOTH(ipv4_leaves_with_the_priority_of_its_service),
		BOTH(ipv6_keeps_the_priority_it_came_with),
		BOTH(maps_are_kept_and_refused_whole),
		BOTH(a_loose_vlan_is_not_taken_along),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
