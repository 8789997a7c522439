/* SPDX-License-Identifier: BSD-2-Clause */
/* What one leatd tells another of its clients and their sockets, good and changed: whatever is taken of it, the daemon goes on, serves others, and
 * closes every descriptor. The first byte says what follows: 0, a text; 1, changes to a good one (text_change.h). */
#include <dirent.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>
#include <sys/mman.h>

#include "core/fds.h"
#include "core/save_file.h"
#include "fuzz.h"
#include "sockd/sockd_test.h"
#include "text_change.h"

enum { TEXT_MAX = 1 << 16, FDS = 12, SOON_FULL = 1, CHANGES = 12 };

/* --- a good text --- */

static void make_socket(struct sockd_test *t, int client, int protocol, uint32_t pid, int app[2])
{
	struct sockd_req req = { .op = SOCKD_OPEN_NETLINK,
				 .seq = 1,
				 .open = { SOCK_RAW, (uint32_t)protocol, SOCKD_RIGHT_ADMIN, 0, 0, pid } };
	int room = SOON_FULL;
	fuzz_check(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, app));
	setsockopt(app[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
	test_send(client, &req, sizeof req, app, 2);
	test_settle(t);
	close(app[0]);
}

static void ask(struct sockd_test *t, int app, uint16_t type, uint16_t flags)
{
	struct {
		struct nlmsghdr h;
		struct rtgenmsg g;
	} q = { { sizeof q, type, (uint16_t)(NLM_F_REQUEST | flags), 1, 0 }, { AF_UNSPEC } };
	if (send(app, &q, sizeof q, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		test_settle(t);
}

static void join(struct sockd_test *t, int client, int app, uint32_t group)
{
	struct sockd_req req = { .op = SOCKD_SETSOCKOPT,
				 .seq = 2,
				 .opt = { SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, 0 },
				 .data_len = sizeof group };
	memcpy(req.data, &group, sizeof group);
	test_send(client, &req, sizeof req, &app, 1);
	test_settle(t);
}

static void change_links(struct sockd_test *t, unsigned n)
{
	struct iface *i = iface_by_name(t->st, "eth0");
	for (unsigned k = 0; k < n; k++) {
		fuzz_check(iface_set_mtu(i, 1000 + k) == 0);
		manual_rt_run(t->m, 10000);
	}
	test_settle(t);
}

/* Two clients; a socket with a name, one that has fallen behind its group, one in the middle of a dump, one whose client is gone. */
static char *good_text(void)
{
	static struct sockd_test t;
	struct fds fds = { 0 };
	int app[4][2], file = memfd_create("good", MFD_CLOEXEC), client[3];
	test_start(&t);
	for (unsigned i = 0; i < 3; i++)
		client[i] = test_connect(&t);
	for (unsigned i = 0; i < 4; i++)
		make_socket(&t, client[i % 3], i ? NETLINK_ROUTE : NETLINK_GENERIC, 100 + i, app[i]);
	join(&t, client[1], app[1][1], RTNLGRP_LINK);
	change_links(&t, CHANGES);
	for (unsigned i = 0; i < CHANGES; i++)
		ask(&t, app[2][1], RTM_GETLINK, i == CHANGES - 1 ? NLM_F_DUMP : NLM_F_ACK);
	close(client[2]);
	test_settle(&t);
	struct saver *s = saver_new(save_to_fd, &file);
	sockd_save(t.d, s, &fds);
	fuzz_check(saver_end(s) == 0 && fds.n <= FDS);
	saver_free(s);
	size_t len = (size_t)lseek(file, 0, SEEK_CUR);
	if (getenv("LEAT_FUZZ_VERBOSE"))
		fprintf(stderr, "%zu bytes, %u descriptors\n", len, fds.n);
	char *text = calloc(1, len + 1);
	fuzz_check(text && len < TEXT_MAX / 2 && pread(file, text, len, 0) == (ssize_t)len);
	if (getenv("LEAT_FUZZ_VERBOSE"))
		fputs(text, stderr);
	close(file);
	fds_done(&fds);
	for (unsigned i = 0; i < 4; i++)
		close(app[i][1]);
	close(client[0]);
	close(client[1]);
	test_settle(&t);
	test_end(&t);
	return text;
}

/* --- taking it --- */

static const char *const values[] = { "0",
				      "1",
				      "2",
				      "3",
				      "4",
				      "11",
				      "12",
				      "16",
				      "100",
				      "-1",
				      "\"\"",
				      "null",
				      "[]",
				      "{}",
				      "\"00\"",
				      "65535",
				      "4294967295",
				      "4294967296",
				      "\"10000000120001030000000000000000\"",
				      "9223372036854775807",
				      "18446744073709551615" };

/* Ends of pairs, but for the last two: a pipe's end and a file. */
static void make_fds(struct fds *to, int other[FDS])
{
	int two[2];
	for (unsigned i = 0; i < FDS - 2; i++) {
		fuzz_check(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, two) &&
			   !fds_add(to, two[0]));
		other[i] = two[1];
	}
	fuzz_check(!pipe(two) && !fds_add(to, two[0]) && !fds_add(to, memfd_create("file", 0)));
	other[FDS - 2] = two[1];
	other[FDS - 1] = dup(two[1]);
}

static unsigned open_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;
	while (d && readdir(d))
		n++;
	closedir(d);
	return n;
}

static void use(struct sockd_test *t, const int other[FDS])
{
	struct sockd_req req = { .op = SOCKD_GETSOCKNAME, .seq = 9 };
	for (unsigned i = 0; i < FDS; i++) {
		ask(t, other[i], RTM_GETLINK, NLM_F_DUMP);
		test_send(other[i], &req, sizeof req, other, 1);
	}
	change_links(t, 3);
}

static void take(struct loader *l)
{
	static struct sockd_test t;
	struct fds fds = { 0 };
	int other[FDS];
	test_start(&t);
	make_fds(&fds, other);
	int err = sockd_restore(t.d, l, &fds);
	fuzz_check(!err || err == -ENOMEM || err == -EMFILE ||
		   load_error(l)); /* whoever is refused learns why */
	fds_close(&fds);
	test_settle(&t);
	use(&t, other);
	fuzz_check(test_serves_another(&t));
	for (unsigned i = 0; i < FDS; i++)
		close(other[i]);
	test_settle(&t);
	test_end(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[TEXT_MAX], *good;
	char why[128];
	if (size == 0)
		return 0;
	good = good ? good : good_text();
	size_t len = MIN(size - 1, sizeof text);
	if (data[0])
		len = text_change(good, values, ARRAY_SIZE(values), data + 1, size - 1, text, sizeof text);
	else
		memcpy(text, data + 1, len);
	struct loader *l = loader_new_text(text, len, why, sizeof why);
	if (!l)
		return 0;
	unsigned before = open_descriptors();
	take(l);
	fuzz_check(open_descriptors() == before);
	loader_free(l);
	return 0;
}
