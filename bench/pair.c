/* SPDX-License-Identifier: BSD-2-Clause */
/* The least that a request and its answer cost a daemon: to be woken by a descriptor, to read some bytes from a pair and to write
 * some back; a process that waits for each answer is at the other end. Prints nanoseconds of processor time a request, of this end. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST_BYTES = 52, ANSWER_BYTES = 36 }; /* a route and its ack */

static void check(const char *what, long got)
{
	if (got >= 0)
		return;
	fprintf(stderr, "pair: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int ask(int fd, unsigned long n)
{
	char bytes[REQUEST_BYTES] = { 0 };
	while (n--) {
		check("send", send(fd, bytes, sizeof bytes, 0));
		check("recv", recv(fd, bytes, sizeof bytes, 0));
	}
	return 0;
}

static void serve(int epoll_fd, int fd, unsigned long n)
{
	char bytes[512];
	struct epoll_event e;
	while (n) {
		check("epoll_wait", epoll_wait(epoll_fd, &e, 1, -1));
		check("recv", recv(fd, bytes, sizeof bytes, MSG_DONTWAIT));
		check("send", send(fd, bytes, ANSWER_BYTES, MSG_DONTWAIT | MSG_NOSIGNAL));
		n--;
	}
}

static double cpu_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
	unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 0) : 100000;
	struct epoll_event e = { .events = EPOLLIN };
	int fd[2], status;
	check("socketpair", socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd));
	pid_t pid = fork();
	check("fork", pid);
	if (!pid)
		_exit(ask(fd[1], n));
	int epoll_fd = epoll_create1(0);
	check("epoll_create1", epoll_fd);
	check("epoll_ctl", epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd[0], &e));
	double from = cpu_ns();
	serve(epoll_fd, fd[0], n);
	double ns = cpu_ns() - from;
	check("wait", waitpid(pid, &status, 0));
	printf("{\"requests\": %lu, \"ns\": %.0f}\n", n, ns);
	return status != 0;
}
