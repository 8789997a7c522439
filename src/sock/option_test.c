/* SPDX-License-Identifier: BSD-2-Clause */
#include "option.c"

#include "base/test.h"

static void rows_fit_their_fields(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(options); i++) {
		const struct option *o = &options[i];
		if (o->as == AS_NAMED) {
			assert_true(o->set_named && o->get_named);
			continue;
		}
		if (o->as == AS_FN) {
			assert_true(o->set || o->get);
			continue;
		}
		assert_in_range(o->off, sizeof(struct shared), sizeof(struct l4_opts) - o->size);
		assert_true(o->size == 1 || o->size == 2 || o->size == 4);
		if (o->as != AS_RANGE)
			continue;
		assert_true(o->min <= o->max);
		assert_true(o->size > 1 || o->max <= UINT8_MAX);
		assert_true(o->size != 2 || o->max <= INT16_MAX);
	}
}

/* The first row of a name that is for a socket is taken, so one for all must come last. */
static void no_row_hides_another(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(options); i++)
		for (unsigned k = i + 1; k < ARRAY_SIZE(options); k++)
			if (options[i].level == options[k].level && options[i].name == options[k].name)
				assert_true(options[i].whom != options[k].whom && options[i].whom != FOR_ALL);
}

static void numbers_come_back_as_they_went_in(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(options); i++) {
		const struct option *o = &options[i];
		struct l4_opts opts = { 0 };
		struct sock s = { .end.opt = &opts };
		if (o->as == AS_FN || o->as == AS_NAMED)
			continue;
		int lo = o->as == AS_RANGE ? o->min : 0;
		int hi = o->as == AS_RANGE ? o->max : o->as == AS_BYTE ? 255 : 1;
		for (int n = lo; n <= hi; n++) {
			int err = set_number(&s, &opts, o, &n, sizeof n);
			assert_int_equal(err, o->not0 && !n ? -EINVAL : 0);
			if (!err)
				assert_int_equal(field_get(&s, o), n < 0 && o->size == 1 ? 0 : n);
		}
		int wrong[] = { lo - 1, hi + 1 };
		for (unsigned k = 0; k < 2 && o->as == AS_RANGE; k++)
			assert_int_equal(set_number(&s, &opts, o, &wrong[k], sizeof wrong[k]), -EINVAL);
		assert_int_equal(set_number(&s, &opts, o, wrong, 0), -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_fit_their_fields),
		cmocka_unit_test(no_row_hides_another),
		cmocka_unit_test(numbers_come_back_as_they_went_in),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
