/* SPDX-License-Identifier: BSD-2-Clause */
/* What the examples share: a stack from the command line.
 *
 *	-n NETNS	where the devices are: /run/netns/NAME
 *	-d DEVICE	af_packet:veth0, ... (leat_device())
 *	-c LINES	addresses, routes (leat_config())
 *	-w N		workers */
#ifndef LEAT_EXAMPLES_COMMON_H
#define LEAT_EXAMPLES_COMMON_H

#include <leat/leat.h>
#include <leat/socket.h>

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Options are taken out of argv: what is left begins at optind. Ends the program when something is wrong. */
static inline struct leat_stack *stack_of_args(int argc, char **argv, struct leat **ret_leat)
{
	const char *netns = NULL, *device = NULL, *lines = NULL;
	struct leat_opts opts = { 0 };
	struct leat_stack *st;
	int err;

	for (int c; (c = getopt(argc, argv, "n:d:c:w:")) != -1;) {
		if (c == 'n')
			netns = optarg;
		else if (c == 'd')
			device = optarg;
		else if (c == 'c')
			lines = optarg;
		else if (c == 'w')
			opts.workers = (unsigned)atoi(optarg);
		else
			exit(2);
	}
	err = leat_new(&opts, ret_leat);
	if (!err)
		err = leat_stack_new(*ret_leat, "example", netns, &st);
	if (!err && device)
		err = leat_device(st, device);
	if (!err && lines)
		err = leat_config(st, lines);
	if (err) {
		fprintf(stderr, "%s: %s\n", argv[0],
			*ret_leat && *leat_why(*ret_leat) ? leat_why(*ret_leat) : strerror(-err));
		exit(1);
	}
	return st;
}

/* A socket that listens at a port, by calls that wait. */
static inline int listen_at(struct leat_ring *r, uint16_t port)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = leat_socket(r, AF_INET, SOCK_STREAM, 0), err = fd;

	if (err >= 0)
		err = leat_bind(r, fd, (struct sockaddr *)&any, sizeof any);
	if (!err)
		err = leat_listen(r, fd, 1024);
	if (err < 0) {
		fprintf(stderr, "port %u: %s\n", port, strerror(-err));
		exit(1);
	}
	return fd;
}

#endif
