/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests from a client that may be anybody, ioctls among them: whatever it sends, with whatever descriptors, another client is served. Input:
 * records of a byte (how many descriptors, and which) and a request; the last one may be short. */
#include "sockd/sockd_test.h"

#include "fuzz.h"

enum { APP, OWN, PIPE, CONTROL, KINDS };

static void send_record(struct sockd_test *t, int client, const int *fd, const uint8_t *data, size_t len)
{
	int pick[3] = { fd[data[0] >> 2 & 3], fd[data[0] >> 4 & 3], fd[data[0] >> 6] };

	test_send(client, data + 1, len, pick, data[0] & 3);
	test_settle(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sockd_test t;
	struct sockd_stats st;
	int client, fd[KINDS], pair[2], pipe_fd[2];

	if (!t.d)
		test_start(&t);
	client = test_connect(&t);
	fuzz_check(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair) && !pipe(pipe_fd));
	fd[APP] = pair[1];
	fd[OWN] = pair[0];
	fd[PIPE] = pipe_fd[0];
	fd[CONTROL] = client;
	while (size > 1) {
		size_t len = size - 1 < sizeof(struct sockd_req) ? size - 1 : sizeof(struct sockd_req);
		send_record(&t, client, fd, data, len);
		data += len + 1;
		size -= len + 1;
	}
	fuzz_check(test_serves_another(&t));
	close(client);
	for (unsigned i = 0; i < 2; i++) {
		close(pair[i]);
		close(pipe_fd[i]);
	}
	test_settle(&t);
	sockd_stats(t.d, &st);
	fuzz_check(st.clients == 0 && st.sockets == 0);
	return 0;
}
