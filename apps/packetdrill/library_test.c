/* SPDX-License-Identifier: BSD-2-Clause */
/* The library as the tool uses it: opened by name, played through its table. Arguments: the library, the interposer. */
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/test.h"
#include "packetdrill/interface.h"
#include "packetdrill/preload.h"

static const char *library_path, *preload_path;

struct bench {
	void *library, *preload;
	struct tool_interface i;
	int64_t zero_us;
};

static int64_t now_us(struct bench *b)
{
	struct timeval tv;
	assert_int_equal(b->i.gettimeofday(b->i.userdata, &tv, NULL), 0);
	return tv.tv_sec * 1000000LL + tv.tv_usec;
}

static void *symbol(void *handle, const char *name)
{
	void *s = handle ? dlsym(handle, name) : NULL;
	if (!s)
		fail_msg("%s: %s", name, dlerror());
	return s;
}

static void begin(struct bench *b, const char *flags)
{
	void (*init)(const char *, struct tool_interface *);
	*b = (struct bench){ .preload = dlopen(preload_path, RTLD_NOW | RTLD_GLOBAL),
			     .library = dlopen(library_path, RTLD_NOW | RTLD_LOCAL) };
	void *s = symbol(b->library, "packetdrill_interface_init");
	memcpy(&init, &s, sizeof init);
	init(flags, &b->i);
	b->zero_us = now_us(b);
}
static void end(struct bench *b)
{
	b->i.free(b->i.userdata);
	dlclose(b->library);
	dlclose(b->preload);
}

static const struct sockaddr_in peer = { .sin_family = AF_INET,
					 .sin_port = 0x901f,
					 .sin_addr = { 0x010200c0 } };

static int connected(struct bench *b)
{
	int fd = b->i.socket(b->i.userdata, AF_INET, SOCK_DGRAM, 0);
	assert_true(fd >= 0);
	assert_int_equal(b->i.connect(b->i.userdata, fd, (const void *)&peer, sizeof peer), 0);
	return fd;
}

/* What came out, turned around: an answer from the peer. */
static size_t answer_of(uint8_t *p, size_t len)
{
	uint8_t swap[4];
	memcpy(swap, p + 12, 4);
	memcpy(p + 12, p + 16, 4);
	memcpy(p + 16, swap, 4);
	memcpy(swap, p + 20, 2);
	memcpy(p + 20, p + 22, 2);
	memcpy(p + 22, swap, 2);
	return len; /* sums do not mind the order */
}

static size_t sent(struct bench *b, uint8_t *p, size_t room, int64_t *ret_at_us)
{
	long long at = 0;
	size_t len = room;
	assert_int_equal(b->i.netdev_receive(b->i.userdata, p, &len, &at), 0);
	*ret_at_us = at - b->zero_us;
	return len;
}

static void a_datagram_goes_out_and_comes_back(void **state)
{
	struct bench b;
	uint8_t p[2048];
	int64_t at;
	begin(&b, "ip_version=ipv4,local_ip=192.168.0.1,remote_ip=192.0.2.1");
	int fd = connected(&b);
	assert_int_equal(b.i.usleep(b.i.userdata, 1000), 0);
	assert_int_equal(b.i.write(b.i.userdata, fd, "hello", 5), 5);
	size_t len = sent(&b, p, sizeof p, &at);
	assert_int_equal(len, 20 + 8 + 5);
	assert_memory_equal(p + 28, "hello", 5);
	assert_in_range(at, 1000, 1010);
	assert_int_equal(b.i.netdev_send(b.i.userdata, p, answer_of(p, len)), 0);
	assert_int_equal(b.i.read(b.i.userdata, fd, p, sizeof p), 5);
	assert_int_equal(b.i.recv(b.i.userdata, fd, p, sizeof p, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(b.i.close(b.i.userdata, fd), 0);
	assert_int_equal(b.i.write(b.i.userdata, fd, "x", 1), -1);
	assert_int_equal(errno, EBADF);
	end(&b);
}

static void time_passes_only_when_it_is_asked_for(void **state)
{
	struct bench b;
	begin(&b, "");
	int64_t before = now_us(&b);
	assert_int_equal(now_us(&b), before + 1);
	assert_int_equal(b.i.usleep(b.i.userdata, 250000), 0);
	assert_int_equal(now_us(&b), before + 250002);
	end(&b);
}

static void a_packet_that_never_comes_has_no_length(void **state)
{
	struct bench b;
	uint8_t p[64];
	int64_t at;
	begin(&b, "patience=3");
	assert_int_equal(sent(&b, p, sizeof p, &at), 0);
	assert_in_range(now_us(&b) - b.zero_us, 3000000, 3000010);
	end(&b);
}

/* A call on the tool's second thread. */
struct second {
	struct bench *b;
	int fd;
	_Atomic pid_t tid;
	int64_t got, back_us;
	pthread_t thread;
};
static void *second_reads(void *arg)
{
	struct second *s = arg;
	uint8_t p[100];
	s->tid = gettid();
	s->got = s->b->i.read(s->b->i.userdata, s->fd, p, sizeof p);
	s->back_us = now_us(s->b) - s->b->zero_us;
	return NULL;
}
static void *second_polls(void *arg)
{
	struct second *s = arg;
	struct pollfd one = { .fd = s->fd, .events = POLLIN };
	s->got = s->b->i.poll(s->b->i.userdata, &one, 1, 250);
	s->back_us = now_us(s->b) - s->b->zero_us;
	return NULL;
}

static bool sleeps(pid_t tid)
{
	char path[64], text[256] = "";
	snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)tid);
	FILE *f = fopen(path, "r");
	const char *state = f && fgets(text, sizeof text, f) ? strrchr(text, ')') : NULL;
	if (f)
		fclose(f);
	return state && state[2] == 'S';
}

/* However late the thread looks: it is told the instant in which its call returned. */
static void a_blocked_call_returns_in_its_instant(void **state)
{
	struct bench b;
	uint8_t p[2048];
	int64_t at;
	begin(&b, "");
	struct second s = { .b = &b, .fd = connected(&b) };
	b.i.write(b.i.userdata, s.fd, "four", 4);
	size_t len = answer_of(p, sent(&b, p, sizeof p, &at));
	assert_int_equal(pthread_create(&s.thread, NULL, second_reads, &s), 0);
	while (!s.tid || !sleeps(s.tid)) /* as the tool does */
		sched_yield();
	b.i.usleep(b.i.userdata, 100000);
	int64_t then = now_us(&b) - b.zero_us;
	b.i.netdev_send(b.i.userdata, p, len);
	b.i.usleep(b.i.userdata, 5000000);
	pthread_join(s.thread, NULL);
	assert_int_equal(s.got, 4);
	assert_int_equal(s.back_us, then);
	end(&b);
}

/* The first thread waits for the second, as the tool does at the end of a script, and asks for no time. */
static void a_timeout_passes_while_the_tool_waits(void **state)
{
	struct bench b;
	begin(&b, "");
	struct second s = { .b = &b, .fd = connected(&b) };
	assert_int_equal(pthread_create(&s.thread, NULL, second_polls, &s), 0);
	pthread_join(s.thread, NULL);
	assert_int_equal(s.got, 0);
	assert_in_range(s.back_us, 250000, 250010);
	end(&b);
}

static void shell_lines_are_answered_by_the_stack(void **state)
{
	struct bench b;
	int (*shell)(const char *), type = 0;
	int (*option)(int, int, int, void *, socklen_t *);
	socklen_t len = sizeof type;
	begin(&b, "");
	void *s = symbol(b.preload, "system"), *o = symbol(b.preload, "getsockopt");
	memcpy(&shell, &s, sizeof shell);
	memcpy(&option, &o, sizeof option);
	int fd = connected(&b);
	assert_int_equal(shell("ip route del 192.0.2.0/24"), 0);
	assert_int_equal(b.i.connect(b.i.userdata, fd, (const void *)&peer, sizeof peer), -1);
	assert_int_equal(errno, ENETUNREACH);
	assert_int_not_equal(shell("touch /tmp/this-is-not-done"), 0);
	assert_int_equal(option(fd, SOL_SOCKET, SO_TYPE, &type, &len), 0);
	assert_int_equal(type, SOCK_DGRAM);
	end(&b);
}

/* Edges are told once; what comes from a socket goes into a pipe and out of it into a socket. */
static void epoll_and_pipes_are_served(void **state)
{
	struct bench b;
	struct epoll_event e = { .events = EPOLLIN | EPOLLET, .data.u64 = 77 }, got = { 0 };
	uint8_t p[2048];
	int64_t at;
	int ends[2];
	begin(&b, "");
	void *u = b.i.userdata;
	int fd = connected(&b), ep = b.i.epoll_create(u, 1);
	assert_true(ep >= 0 && !b.i.pipe(u, ends));
	assert_int_equal(b.i.epoll_ctl(u, ep, EPOLL_CTL_ADD, fd, &e), 0);
	assert_int_equal(b.i.epoll_wait(u, ep, &got, 1, 0), 0);
	b.i.write(u, fd, "four", 4);
	size_t len = answer_of(p, sent(&b, p, sizeof p, &at));
	b.i.netdev_send(u, p, len);
	assert_int_equal(b.i.epoll_wait(u, ep, &got, 1, 10), 1);
	assert_true(got.events == EPOLLIN && got.data.u64 == 77);
	assert_int_equal(b.i.epoll_wait(u, ep, &got, 1, 10), 0);
	assert_int_equal(b.i.splice(u, fd, NULL, ends[1], NULL, 100, 0), 4);
	assert_int_equal(b.i.splice(u, ends[0], NULL, fd, NULL, 100, 0), 4);
	assert_int_equal(sent(&b, p, sizeof p, &at), 28 + 4);
	assert_memory_equal(p + 28, "four", 4);
	assert_int_equal(b.i.close(u, fd), 0);
	assert_int_equal(b.i.epoll_ctl(u, ep, EPOLL_CTL_DEL, fd, &e), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(b.i.close(u, ep), 0);
	assert_int_equal(b.i.close(u, ends[0]), 0);
	end(&b);
}

static void a_stream_is_listened_to(void **state)
{
	struct bench b;
	const struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = 0x901f };
	begin(&b, "");
	void *u = b.i.userdata;
	int fd = b.i.socket(u, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(b.i.accept(u, fd, NULL, NULL), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(b.i.bind(u, fd, (const void *)&here, sizeof here), 0);
	assert_int_equal(b.i.listen(u, fd, 5), 0);
	assert_int_equal(b.i.accept(u, fd, NULL, NULL), -1);
	assert_int_equal(errno, EAGAIN);
	end(&b);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_datagram_goes_out_and_comes_back),
		cmocka_unit_test(time_passes_only_when_it_is_asked_for),
		cmocka_unit_test(a_packet_that_never_comes_has_no_length),
		cmocka_unit_test(a_blocked_call_returns_in_its_instant),
		cmocka_unit_test(a_timeout_passes_while_the_tool_waits),
		cmocka_unit_test(epoll_and_pipes_are_served),
		cmocka_unit_test(a_stream_is_listened_to),
		cmocka_unit_test(shell_lines_are_answered_by_the_stack),
	};
	if (argc < 3)
		return 2;
	library_path = argv[1];
	preload_path = argv[2];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
