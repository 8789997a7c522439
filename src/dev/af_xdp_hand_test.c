/* SPDX-License-Identifier: BSD-2-Clause */
/* Which frames are with the kernel is told from one queue to another; the rings are a few words here. */
#include "af_xdp_hand.c"

#include "core/saved_test.h"
#include "dev/dev_test.h"

struct side {
	struct af_xdp dev;
	struct xdp_queue x;
	uint32_t words[8]; /* producers and consumers of the four rings */
};

static void side_new(struct side *s, struct dev_test *t, struct pkt_arena *arena, uint32_t user)
{
	struct xsk *k = &s->x.xsk;
	memset(s, 0, sizeof *s);
	k->fill.producer = &s->words[0], k->fill.consumer = &s->words[1];
	k->tx.producer = &s->words[2], k->tx.consumer = &s->words[3];
	k->rx.producer = &s->words[4], k->rx.consumer = &s->words[5];
	k->comp.producer = &s->words[6], k->comp.consumer = &s->words[7];
	k->fill.size = k->tx.size = 64;
	s->dev.dev.st = t->st[0];
	s->dev.arena = s->x.arena = arena;
	s->x.user = user;
	hostdev_add_queue(&s->dev.dev, &s->x.q, -1);
	hostdev_place(&s->dev.dev, UINT64_MAX, 0);
}

static struct loader *state_of(struct side *s)
{
	struct saver *to = writing();
	af_xdp_hand.give_state(&s->dev.dev, to);
	return written(to);
}

static struct pkt_arena *arena_of(struct dev_test *t)
{
	const uint32_t need[LCORE_MAX] = { 64 };
	struct pkt_arena *a;
	assert_int_equal(pkt_arena_get(t->rt, need, &a), 0);
	return a;
}

static void frames_that_are_with_the_kernel_stay_with_it(void **state)
{
	struct dev_test *t = *state;
	struct pkt_arena *a = arena_of(t);
	struct side from, to;
	uint32_t n = a->shelf[0].n_free;
	side_new(&from, t, a, 5);
	side_new(&to, t, a, 9);
	pkt_arena_frame(a, 3)->buf->user = 5;
	pkt_arena_frame(a, 7)->buf->user = 5;
	struct loader *l = state_of(&from);
	pkt_arena_frame(a, 3)->buf->user = pkt_arena_frame(a, 7)->buf->user =
		0; /* as in a process that knows nothing yet */
	assert_int_equal(af_xdp_hand.take_state(&to.dev.dev, l), 0);
	assert_int_equal(pkt_arena_frame(a, 3)->buf->user, 9);
	assert_int_equal(pkt_arena_frame(a, 7)->buf->user, 9);
	assert_int_equal(a->shelf[0].n_free, n - 2);
	loader_free(l);
	for (uint32_t i = 3; i <= 7; i += 4) {
		pkt_arena_frame(a, i)->buf->user = 0;
		pkt_shelf_put(&a->shelf[0], pkt_arena_frame(a, i));
	}
}

static void rings_go_on_where_they_stand(void **state)
{
	struct dev_test *t = *state;
	struct pkt_arena *a = arena_of(t);
	struct side from, to;
	side_new(&from, t, a, 5);
	side_new(&to, t, a, 9);
	to.words[0] = 40, to.words[1] = 30; /* fill: ten frames wait for the kernel */
	to.words[4] = 22, to.words[5] = 20; /* rx: two are there to be read */
	struct loader *l = state_of(&from);
	assert_int_equal(af_xdp_hand.take_state(&to.dev.dev, l), 0);
	assert_int_equal(to.x.xsk.fill.cached_prod, 40);
	assert_int_equal(xsk_prod_nb_free(&to.x.xsk.fill, 64), 64 - 10);
	assert_int_equal(to.x.xsk.rx.cached_prod - to.x.xsk.rx.cached_cons, 2);
	loader_free(l);
}

static void a_frame_that_there_is_none_of_is_refused(void **state)
{
	struct dev_test *t = *state;
	struct pkt_arena *a = arena_of(t);
	struct side to;
	char why[128], text[] = "{\"queues\": [{\"with_kernel\": \"ffffff00\"}]}";
	side_new(&to, t, a, 9);
	struct loader *l = loader_new_text(text, strlen(text), why, sizeof why);
	assert_int_equal(af_xdp_hand.take_state(&to.dev.dev, l), -EINVAL);
	assert_non_null(strstr(load_error_text(l), "no such frame"));
	loader_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, dev_test_setup, dev_test_teardown)
		TEST(frames_that_are_with_the_kernel_stay_with_it),
		TEST(rings_go_on_where_they_stand),
		TEST(a_frame_that_there_is_none_of_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
