/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtio-net header (virtio 1.2, 5.1.6) as the kernel's packet and tun sockets use it: 10 bytes in host byte order.
 * The peer is the kernel, but the numbers are often some other host's, so each is checked before anybody relies on it. */
#include "dev/vnet.h"

#include <linux/if_ether.h>
#include <netinet/in.h>

/* VIRTIO_NET_HDR_GSO_UDP_L4, which the headers of Debian 12 do not have yet. */
enum { GSO_UDP_L4 = 5 };

enum { TCP_CSUM_OFF = 16, UDP_CSUM_OFF = 6, TCP_HDR_MIN = 20, UDP_HDR = 8 };

/* Where header fields lie in the first piece; all of it must be there. */
static bool csum_fits(const struct pkt *p, unsigned start, unsigned off)
{
	return start >= ETH_HLEN && start + off + 2 <= p->head_len;
}

static void set_partial(struct pkt *p, unsigned start, unsigned off)
{
	p->csum = PKT_CSUM_PARTIAL;
	p->csum_start = (uint16_t)(p->headroom + start);
	p->csum_off = (uint16_t)off;
}

/* The kind of large packet, or PKT_GSO_NONE when there is no such, or not with these fields. */
static enum pkt_gso gso_kind(const struct virtio_net_hdr *h)
{
	bool ecn = h->gso_type & VIRTIO_NET_HDR_GSO_ECN;
	switch (h->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return h->csum_offset == TCP_CSUM_OFF ? PKT_GSO_TCP4 : PKT_GSO_NONE;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return h->csum_offset == TCP_CSUM_OFF ? PKT_GSO_TCP6 : PKT_GSO_NONE;
	case GSO_UDP_L4:
		return h->csum_offset == UDP_CSUM_OFF && !ecn ? PKT_GSO_UDP_L4 : PKT_GSO_NONE;
	default:
		return PKT_GSO_NONE;
	}
}

static enum drop parse_gso(const struct virtio_net_hdr *h, struct pkt *p)
{
	enum pkt_gso kind = gso_kind(h);
	unsigned l4_len = kind == PKT_GSO_UDP_L4 ? UDP_HDR : TCP_HDR_MIN;
	/* virtio 1.2, 5.1.6.2: a large packet always comes with a partial checksum */
	if (kind == PKT_GSO_NONE || h->gso_size == 0 || !(h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) ||
	    h->csum_start + l4_len > p->head_len)
		return DROP_BAD_OFFLOAD;
	p->gso = (uint8_t)(kind | (h->gso_type & VIRTIO_NET_HDR_GSO_ECN ? PKT_GSO_ECN : 0));
	p->gso_size = h->gso_size;
	p->gso_segs = 0;
	return DROP_NONE;
}

enum drop vnet_parse(const struct virtio_net_hdr *h, struct pkt *p)
{
	bool partial = h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM;
	if (likely(!partial && h->gso_type == VIRTIO_NET_HDR_GSO_NONE)) {
		p->csum = h->flags & VIRTIO_NET_HDR_F_DATA_VALID ? PKT_CSUM_UNNECESSARY : PKT_CSUM_NONE;
		return DROP_NONE;
	}
	if (partial && !csum_fits(p, h->csum_start, h->csum_offset))
		return DROP_BAD_OFFLOAD;
	if (h->gso_type != VIRTIO_NET_HDR_GSO_NONE) {
		enum drop why = parse_gso(h, p);
		if (why)
			return why;
	}
	set_partial(p, h->csum_start, h->csum_offset);
	return DROP_NONE;
}

/* The length of the transport header at csum_start, as far as hdr_len is a promise to the device (5.1.6.2.2). */
static unsigned l4_hdr_len(const struct pkt *p, unsigned start)
{
	if ((p->gso & PKT_GSO_TYPE_MASK) == PKT_GSO_UDP_L4)
		return UDP_HDR;
	return start + TCP_HDR_MIN <= p->head_len ? p->data[start + 12] / 16 * 4U : TCP_HDR_MIN;
}

void vnet_emit(const struct pkt *p, unsigned shift, struct virtio_net_hdr *ret)
{
	static const uint8_t types[PKT_GSO_TYPE_MASK + 1] = {
		[PKT_GSO_TCP4] = VIRTIO_NET_HDR_GSO_TCPV4,
		[PKT_GSO_TCP6] = VIRTIO_NET_HDR_GSO_TCPV6,
		[PKT_GSO_UDP_L4] = GSO_UDP_L4,
	};
	uint8_t type = types[p->gso & PKT_GSO_TYPE_MASK];
	unsigned start = (unsigned)(p->csum_start - p->headroom);
	*ret = (struct virtio_net_hdr){ 0 };
	if (p->csum == PKT_CSUM_PARTIAL) {
		ret->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		ret->csum_start = (uint16_t)(start + shift);
		ret->csum_offset = p->csum_off;
	} /* 5.1.6.2.1: DATA_VALID is for the other direction */
	if (type) {
		ret->gso_type = type | (p->gso & PKT_GSO_ECN ? VIRTIO_NET_HDR_GSO_ECN : 0);
		ret->gso_size = p->gso_size;
		ret->hdr_len = (uint16_t)(start + shift + l4_hdr_len(p, start));
	}
}

enum drop vnet_guess_partial(struct pkt *p)
{
	const uint8_t *f = p->data;
	unsigned l4 = 0;
	uint8_t proto = 0;
	if (p->head_len >= ETH_HLEN + 20 && f[12] == ETH_P_IP >> 8 && f[13] == (ETH_P_IP & 0xff)) {
		l4 = ETH_HLEN + (f[ETH_HLEN] & 15) * 4U;
		proto = f[ETH_HLEN + 9];
	} else if (p->head_len >= ETH_HLEN + 40 && f[12] == ETH_P_IPV6 >> 8 && f[13] == (ETH_P_IPV6 & 0xff)) {
		l4 = ETH_HLEN + 40;
		proto = f[ETH_HLEN + 6];
	}
	unsigned off = proto == IPPROTO_TCP ? TCP_CSUM_OFF : UDP_CSUM_OFF;
	if ((proto != IPPROTO_TCP && proto != IPPROTO_UDP) || !csum_fits(p, l4, off))
		return DROP_BAD_OFFLOAD;
	set_partial(p, l4, off);
	return DROP_NONE;
}
