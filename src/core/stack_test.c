/* SPDX-License-Identifier: BSD-2-Clause */
#include "stack.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/manual.h"
#include "core/save.h"

/* A module whose every stage leaves a letter. */
static char story[128];

static void tell(const char *s)
{
	strncat(story, s, sizeof story - strlen(story) - 1);
}

struct probe_state {
	uint64_t value;
};

static int fail_at_worker; /* 0: nowhere */

static int probe_init(struct leat_stack *st)
{
	struct probe_state *s = stack_state(st, MODULE_TEST);
	assert_int_equal(s->value, 0);
	s->value = 42;
	tell("i");
	return 0;
}
static int probe_worker_init(struct worker *w)
{
	tell("w");
	return fail_at_worker && (int)w->index == fail_at_worker ? -ENOSPC : 0;
}
static void probe_unlink(struct leat_stack *st)
{
	tell("u");
}
static void probe_drain(struct leat_stack *st)
{
	tell("d");
}
static void probe_worker_free(struct worker *w)
{
	tell("W");
}
static void probe_free(struct leat_stack *st)
{
	tell("f");
}
static int probe_save(struct leat_stack *st, struct saver *s)
{
	save_u64(s, "value", ((struct probe_state *)stack_state(st, MODULE_TEST))->value);
	return 0;
}
static int probe_restore(struct leat_stack *st, struct loader *l)
{
	struct probe_state *s = stack_state(st, MODULE_TEST);
	return load_u64(l, "value", 0, 1000, &s->value) ? 0 : -EINVAL;
}

static const struct module probe_module = {
	.name = "probe",
	.id = MODULE_TEST,
	.stack_size = sizeof(struct probe_state),
	.worker_size = 64,
	.init = probe_init,
	.worker_init = probe_worker_init,
	.unlink = probe_unlink,
	.drain = probe_drain,
	.worker_free = probe_worker_free,
	.free = probe_free,
	.save = probe_save,
	.restore = probe_restore,
};
static const struct module *const none[] = { NULL };
static const struct module *const one[] = { &probe_module, NULL };

static int setup(void **state)
{
	story[0] = 0;
	fail_at_worker = 0;
	*state = manual_rt_new(3, 1);
	return 0;
}

static int teardown(void **state)
{
	manual_rt_free(*state);
	return 0;
}

static void modules_live_in_stages(void **state)
{
	struct leat_stack *st = NULL;
	assert_int_equal(stack_new(manual_rt_of(*state), "a", 2, one, &st), 0);
	assert_string_equal(story, "iww");
	stack_free(st);
	assert_string_equal(story, "iwwudWWf");
}

static void a_module_comes_and_goes_while_the_stack_lives(void **state)
{
	struct leat_stack *st = NULL;
	assert_int_equal(stack_new(manual_rt_of(*state), "a", 3, none, &st), 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(stack_load(st, &probe_module), 0);
		assert_int_equal(stack_load(st, &probe_module), -EEXIST);
		assert_non_null(worker_state(st->worker[2], MODULE_TEST));
		assert_int_equal(stack_unload(st, &probe_module), 0);
		assert_null(worker_state(st->worker[2], MODULE_TEST));
		assert_int_equal(stack_unload(st, &probe_module), -ENOENT);
	}
	stack_free(st);
}

static void a_module_that_fails_to_start_leaves_nothing(void **state)
{
	struct leat_runtime *rt = manual_rt_of(*state);
	uint64_t before = rt->mem.used_bytes;
	struct leat_stack *st = NULL;
	fail_at_worker = 1;
	assert_int_equal(stack_new(rt, "a", 3, one, &st), -ENOSPC);
	assert_null(st);
	assert_string_equal(story, "iwwudWf");
	assert_int_equal(rt->mem.used_bytes, before);
}

static void every_allocation_of_stack_new_may_fail(void **state)
{
	struct leat_runtime *rt = manual_rt_of(*state);
	uint64_t before = rt->mem.used_bytes;
	struct leat_stack *st = NULL;
	unsigned n = 1;
	for (; n < 100; n++) {
		rt->mem.fail_after = n;
		int err = stack_new(rt, "a", 3, one, &st);
		rt->mem.fail_after = 0;
		if (!err)
			break;
		assert_int_equal(err, -ENOMEM);
		assert_int_equal(rt->mem.used_bytes, before);
	}
	assert_in_range(n, 5, 99);
	stack_free(st);
	assert_int_equal(rt->mem.used_bytes, before);
}

static void workers_see_a_new_view_from_their_next_turn_on(void **state)
{
	struct manual_rt *m = *state;
	struct leat_stack *st = NULL;
	int root;
	assert_int_equal(stack_new(manual_rt_of(m), "a", 1, none, &st), 0);
	struct worker *w = st->worker[0];
	assert_int_equal(view_stage(st, VIEW_hooks, &root), 0);
	assert_ptr_equal(view_ctl(st, VIEW_hooks), &root);
	lcore_turn(w->lc);
	assert_null(view_get(w, VIEW_hooks));
	view_publish(st);
	assert_null(view_get(w, VIEW_hooks)); /* the turn it is in goes on with the old one */
	lcore_turn(w->lc);
	assert_ptr_equal(view_get(w, VIEW_hooks), &root);
	assert_non_null(view_get(w, VIEW_buckets));
	stack_free(st);
}

static void a_saved_stack_is_restored(void **state)
{
	struct leat_runtime *rt = manual_rt_of(*state);
	struct leat_stack *a = NULL, *b = NULL;
	char path[] = "/tmp/leat-stack-test-XXXXXX", why[256] = "";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(stack_new(rt, "a", 2, one, &a), 0);
	((struct probe_state *)stack_state(a, MODULE_TEST))->value = 17;
	assert_int_equal(stack_save(a, path, why, sizeof why), 0);
	assert_int_equal(stack_new(rt, "b", 2, one, &b), 0);
	assert_int_equal(stack_restore(b, path, why, sizeof why), 0);
	assert_int_equal(((struct probe_state *)stack_state(b, MODULE_TEST))->value, 17);
	assert_memory_equal(a->flow_key, b->flow_key, sizeof a->flow_key);
	assert_memory_equal(&a->flow_toeplitz, &b->flow_toeplitz, sizeof a->flow_toeplitz);
	((struct probe_state *)stack_state(a, MODULE_TEST))->value = 1001; /* restore will refuse it */
	assert_int_equal(stack_save(a, path, why, sizeof why), 0);
	assert_int_equal(stack_restore(b, path, why, sizeof why), -EINVAL);
	assert_non_null(strstr(why, "modules.probe.value: out of range"));
	stack_free(a);
	stack_free(b);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(modules_live_in_stages, setup, teardown),
		cmocka_unit_test_setup_teardown(a_module_comes_and_goes_while_the_stack_lives, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_module_that_fails_to_start_leaves_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(every_allocation_of_stack_new_may_fail, setup, teardown),
		cmocka_unit_test_setup_teardown(workers_see_a_new_view_from_their_next_turn_on, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_saved_stack_is_restored, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
