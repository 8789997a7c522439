/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests from a client that may be anybody, ioctls among them: whatever it sends, with whatever descriptors, another client is served. Input:
 * records of a byte (how many descriptors, and which) and a request; the last one may be short. The byte 0xff instead begins something in the
 * client's slots, the first of which has them given: which slot, what to do with it, a length in two bytes, and so many bytes. */
#include "sockd/sockd_test.h"

#include "fuzz.h"

enum { APP, OWN, PIPE, CONTROL, KINDS };

static void send_record(struct sockd_test *t, int client, const int *fd, const uint8_t *data, size_t len)
{
	int pick[3] = { fd[data[0] >> 2 & 3], fd[data[0] >> 4 & 3], fd[data[0] >> 6] };

	test_send(client, data + 1, len, pick, data[0] & 3);
	test_settle(t);
}

enum { POST_ON_APP = 1, POST_ON_COOKIE = 2, FREE = 4, SLEEP = 8, LIE = 16 };

static void do_slot(struct sockd_test *t, struct test_slots *sl, int app, const uint8_t *head,
		    const uint8_t *data, size_t len)
{
	struct slot_head *h = &sl->shared->head[head[0] % SLOTS];
	socklen_t size = sizeof h->cookie;
	uint8_t todo = head[1];

	if (todo & FREE)
		slot_set_state(h, SLOT_FREE);
	sl->shared->asleep = todo & SLEEP;
	if (todo & (POST_ON_APP | POST_ON_COOKIE)) {
		memcpy(sl->shared->req[head[0] % SLOTS], data, MIN(len, (size_t)SLOT_REQ_MAX));
		h->req_len = todo & LIE ? 0xffffffffu >> (head[0] & 31) : (uint32_t)len;
		h->cookie = todo & POST_ON_COOKIE ? head[0] : 0;
		if (todo & POST_ON_APP)
			getsockopt(app, SOL_SOCKET, SO_COOKIE, &h->cookie, &size);
		slot_set_state(h, SLOT_POSTED);
	}
	test_ring(sl);
	test_settle(t);
	fuzz_check(slot_state(h) != SLOT_POSTED);
	fuzz_check(slot_state(h) != SLOT_DONE || h->rep_len <= SLOT_REP_MAX);
}

/* How much of the input it was. */
static size_t play_slot(struct sockd_test *t, struct test_slots *sl, int client, int app, const uint8_t *data,
			size_t size)
{
	size_t len = size > 5 ? MIN((size_t)(data[3] | data[4] << 8), size - 5) : 0;

	if (size <= 5 || (!sl->shared && test_slots_open(t, client, sl)))
		return size;
	do_slot(t, sl, app, data + 1, data + 5, len);
	return 5 + len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sockd_test t;
	struct test_slots slots = { 0 };
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
		if (*data == 0xff) {
			size_t n = play_slot(&t, &slots, client, fd[APP], data, size);
			data += n;
			size -= n;
			continue;
		}
		size_t len = size - 1 < sizeof(struct sockd_req) ? size - 1 : sizeof(struct sockd_req);
		send_record(&t, client, fd, data, len);
		data += len + 1;
		size -= len + 1;
	}
	fuzz_check(test_serves_another(&t));
	close(client);
	if (slots.shared)
		test_slots_close(&slots);
	for (unsigned i = 0; i < 2; i++) {
		close(pair[i]);
		close(pipe_fd[i]);
	}
	test_settle(&t);
	sockd_stats(t.d, &st);
	fuzz_check(st.clients == 0 && st.sockets == 0);
	return 0;
}
