/* SPDX-License-Identifier: BSD-2-Clause */
/* flood IFNAME KIND SECONDS MAC [RATE]: sends frames of a kind (frames.h) to the station MAC through a ring that the kernel shares,
 * as fast as the link takes them or RATE a second, and prints how many those were. */
#include <assert.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "frames.h"

enum { SLOT = 2048, SLOTS = 1024, BLOCK = 1 << 16, BATCH = 64, FRAME_AT = 32 };
static_assert(FRAME_AT == TPACKET_ALIGN(sizeof(struct tpacket2_hdr)), "where the kernel looks for it");

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint8_t *ring_open(const char *ifname, int *ret_fd)
{
	struct tpacket_req req = { .tp_block_size = BLOCK,
				   .tp_block_nr = SLOTS * SLOT / BLOCK,
				   .tp_frame_size = SLOT,
				   .tp_frame_nr = SLOTS };
	struct sockaddr_ll ll = { .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(ifname) };
	int fd = socket(AF_PACKET, SOCK_RAW, 0), version = TPACKET_V2, yes = 1;
	if (fd < 0 || !ll.sll_ifindex)
		die(ifname);
	if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) ||
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof yes) ||
	    setsockopt(fd, SOL_PACKET, PACKET_LOSS, &yes, sizeof yes) ||
	    setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &req, sizeof req) ||
	    bind(fd, (struct sockaddr *)&ll, sizeof ll))
		die("packet socket");
	uint8_t *mem = mmap(NULL, SLOTS * SLOT, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mem == MAP_FAILED)
		die("mmap");
	*ret_fd = fd;
	return mem;
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void send_one(struct flood *f, uint8_t *slot, const struct flood_kind *k)
{
	struct tpacket2_hdr *h = (struct tpacket2_hdr *)slot;
	f->b = slot + FRAME_AT;
	k->make(f);
	h->tp_len = f->len;
	__atomic_store_n(&h->tp_status, TP_STATUS_SEND_REQUEST, __ATOMIC_RELEASE);
}

static unsigned long run(struct flood *f, const char *ifname, const struct flood_kind *k, double seconds,
			 double rate)
{
	int fd;
	uint8_t *mem = ring_open(ifname, &fd);
	double start = now(), t;
	unsigned long n = 0;
	while ((t = now() - start) < seconds) {
		if (rate > 0 && (double)n > rate * t) {
			usleep(500);
			continue;
		}
		for (unsigned i = 0; i < BATCH; i++, n++)
			send_one(f, mem + n % SLOTS * SLOT, k);
		if (sendto(fd, NULL, 0, 0, NULL, 0) < 0)
			usleep(1000); /* no carrier yet */
	}
	close(fd);
	return n;
}

int main(int argc, char **argv)
{
	struct flood f = { .seed = 0x9e3779b97f4a7c15ULL, .own = { 2, 0x66, 0, 0, 0, 2 } };
	const struct flood_kind *k = argc > 2 ? flood_kind_find(argv[2]) : NULL;
	if (argc < 5 || !k ||
	    sscanf(argv[4], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", f.mac, f.mac + 1, f.mac + 2, f.mac + 3,
		   f.mac + 4, f.mac + 5) != 6) {
		fprintf(stderr, "usage: flood IFNAME KIND SECONDS MAC [RATE]\n");
		return 2;
	}
	printf("%lu\n", run(&f, argv[1], k, atof(argv[3]), argc > 5 ? atof(argv[5]) : 0));
	return 0;
}
