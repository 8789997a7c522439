/* SPDX-License-Identifier: BSD-2-Clause */
/* receive OPTIONS PORT FILE: takes one connection and writes what comes into FILE; says how much it was. What came is written from
 * where it lies. */
#include <fcntl.h>

#include "common.h"

/* False: the end. */
static bool take(struct leat_ring *r, const struct leat_cqe *c, int file, uint64_t *total)
{
	struct leat_sqe *e;

	if (c->res <= 0)
		return false;
	for (ssize_t at = 0, n; at < c->res; at += n) {
		n = write(file, (char *)c->data + at, (size_t)(c->res - at));
		if (n < 0) {
			perror("write");
			exit(1);
		}
	}
	*total += (uint64_t)c->res;
	e = leat_put(r, LEAT_OP_GIVE_BACK, -1, 0);
	e->len = c->lent;
	e->flags = LEAT_QUIET;
	return true;
}

int main(int argc, char **argv)
{
	struct leat *l = NULL;
	struct leat_stack *st = stack_of_args(argc, argv, &l);
	struct leat_ring *r;
	struct leat_cqe c[64];
	uint64_t total = 0;
	bool more = true;
	int file, fd;

	if (argc - optind != 2 || leat_ring_new(st, NULL, &r))
		return 2;
	file = open(argv[optind + 1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (file < 0) {
		perror(argv[optind + 1]);
		return 1;
	}
	fd = listen_at(r, (uint16_t)atoi(argv[optind]));
	puts("ready");
	fflush(stdout);
	fd = leat_accept(r, fd, NULL, NULL);
	while (more) {
		leat_put(r, LEAT_OP_RECV_LEND, fd, 1);
		for (bool whole = false; !whole;) {
			int n = leat_submit_and_wait(r, c, 64, -1);
			for (int i = 0; i < n; i++) {
				more = take(r, &c[i], file, &total);
				whole = !(c[i].flags & LEAT_CQE_MORE);
			}
		}
	}
	printf("%llu bytes\n", (unsigned long long)total);
	leat_close(r, fd);
	leat_ring_free(r);
	leat_free(l);
	return close(file) ? 1 : 0;
}
