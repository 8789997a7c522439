/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/cursor.h"

/* Steps to the next piece that has bytes. False when none is left; a source that ends before `left` says so is believed,
 * and the cursor stays where it was. */
static bool next_piece(struct cursor *c)
{
	struct cursor n = *c;
	while (n.here == 0) {
		if (n.left == 0 || !n.more)
			return false;
		n.p = n.more(n.ctx, n.piece++, &n.here);
		if (!n.p)
			return false;
		n.here = MIN(n.here, n.left);
	}
	*c = n;
	return true;
}

static void step(struct cursor *c, uint32_t n)
{
	c->p += n;
	c->here -= n;
	c->left -= n;
}

bool cur_copy_slow(struct cursor *c, void *to, uint32_t len)
{
	struct cursor n = *c;
	uint8_t *at = to;
	if (len > n.left)
		return false;
	while (len > 0) {
		if (!next_piece(&n))
			return false;
		uint32_t take = MIN(n.here, len);
		memcpy(at, n.p, take);
		step(&n, take);
		at += take;
		len -= take;
	}
	*c = n;
	return true;
}

const void *cur_take_slow(struct cursor *c, void *tmp, uint32_t len)
{
	if (len > c->left)
		return NULL;
	/* At the very end of a piece nothing straddles: what is wanted may lie together in the next one. */
	if (c->here == 0 && next_piece(c) && len <= c->here) {
		const uint8_t *at = c->p;
		step(c, len);
		return at;
	}
	return cur_copy_slow(c, tmp, len) ? tmp : NULL;
}

bool cur_skip_slow(struct cursor *c, uint32_t len)
{
	struct cursor n = *c;
	if (len > n.left)
		return false;
	while (len > 0) {
		if (!next_piece(&n))
			return false;
		uint32_t take = MIN(n.here, len);
		step(&n, take);
		len -= take;
	}
	*c = n;
	return true;
}

bool cur_sub(struct cursor *c, uint32_t len, struct cursor *ret_sub)
{
	struct cursor sub = *c;
	if (!cur_trim(&sub, len) || !cur_skip(c, len)) {
		*ret_sub = (struct cursor){ 0 };
		return false;
	}
	*ret_sub = sub;
	return true;
}

const uint8_t *cur_run(struct cursor *c, uint32_t *ret_len)
{
	if (!next_piece(c))
		return NULL;
	const uint8_t *at = c->p;
	*ret_len = c->here;
	step(c, c->here);
	return at;
}

bool cur_equal(const struct cursor *c, const void *p, uint32_t len)
{
	struct cursor n = *c;
	const uint8_t *q = p;
	if (len > n.left)
		return false;
	while (len > 0) {
		uint32_t run;
		const uint8_t *at = cur_run(&n, &run);
		if (!at)
			return false;
		run = MIN(run, len);
		if (memcmp(at, q, run) != 0)
			return false;
		q += run;
		len -= run;
	}
	return true;
}
