/* SPDX-License-Identifier: BSD-2-Clause */
/* Cookies of Fast Open (RFC 7413, 4.1): what a server gives to an address that has proved to be there, and takes with the first SYN of
 * the next connection as proof. A cookie is SipHash over both addresses, as on Linux, so that servers with one key, of either kind,
 * take each other's. There may be two keys: cookies are made with the first, and those of the second are still taken while
 * the first is new everywhere.
 *
 * The option has its own kind (34), and an experimental one from before the RFC (254 with a magic number), which is answered
 * in kind. */
#include "base/siphash.h"
#include "tcp/tcp_internal.h"

enum { MAGIC = 0xf989, KEY_BYTES = 16 };

/* --- the option --- */

/* RFC 7413, 4.1.1: what has no valid length is as if it were not there. Linux: an odd one leaves the one before. */
void tcp_fast_read(struct tcp_seg *s, const struct tcp_opt *o)
{
	bool exp = o->kind == TCP_OPT_EXP && o->len >= 2 && (o->data[0] << 8 | o->data[1]) == MAGIC;
	uint8_t skip = exp ? 2 : 0, len = (uint8_t)(o->len - skip);
	if ((!exp && o->kind != TCP_OPT_FASTOPEN) || len & 1)
		return;
	bool fits = !len || (len >= TCP_FAST_COOKIE_MIN && len <= TCP_FAST_COOKIE_MAX);
	s->fast_len = fits ? (int8_t)len : -1;
	s->fast_exp = exp;
	memcpy(s->fast, o->data + skip, fits ? len : 0);
}

/* Whole words, padded. 0: there is no room, or nothing to be said. */
uint8_t tcp_put_fast_cookie(uint8_t *opts, uint8_t room, const struct tcp_fast_cookie *ck)
{
	static const uint8_t head_exp[] = { TCP_OPT_EXP, 0, MAGIC >> 8, MAGIC & 0xff };
	static const uint8_t head[] = { TCP_OPT_FASTOPEN, 0 };
	size_t front = ck->exp ? sizeof head_exp : sizeof head, len = front + (uint8_t)ck->len,
	       all = (len + 3) & ~(size_t)3;
	if (ck->len < 0 || all > room)
		return 0;
	memcpy(opts, ck->exp ? head_exp : head, front);
	opts[1] = (uint8_t)len;
	memcpy(opts + front, ck->bytes, (size_t)ck->len);
	memset(opts + len, TCP_OPT_NOP, all - len);
	return (uint8_t)all;
}

/* --- the cookie --- */

/* Of the SYN's addresses as they stand in its header, its sender's first. */
struct tcp_fast_cookie tcp_fast_cookie_of(const struct tcp_key *k, const struct sipkey *key)
{
	struct tcp_fast_cookie ck = { .len = sizeof(uint64_t) };
	struct ip6 both6[2] = { k->remote, k->local };
	be32 both4[2] = { l4_v4(&k->remote), l4_v4(&k->local) };
	uint64_t v = tcp_is6(k) ? siphash(key, both6, sizeof both6) : siphash(key, both4, sizeof both4);
	for (unsigned i = 0; i < sizeof v; i++)
		ck.bytes[i] = (uint8_t)(v >> 8 * i);
	return ck;
}

/* --- keys --- */

/* Nobody else knows it; net.ipv4.tcp_fastopen_key takes its place. */
void tcp_fast_first_key(struct tcp_stack *ts)
{
	static const uint8_t what[] = "tcp_fastopen_key";
	ts->conf.fast_key[0] = 1;
	ts->conf.fast_key[1] = siphash(&ts->cookie_key, what, sizeof what);
	ts->conf.fast_key[2] = siphash(&ts->cookie_key, what, sizeof what - 1);
}

static uint64_t get64(const uint8_t *p)
{
	uint64_t v = 0;
	for (unsigned i = 0; i < sizeof v; i++)
		v |= (uint64_t)p[i] << 8 * i;
	return v;
}

/* One key, or two. */
int tcp_fast_set_keys(struct tcp_opts *o, const void *val, socklen_t len)
{
	if (len != KEY_BYTES && len != 2 * KEY_BYTES)
		return -EINVAL;
	o->n_fast_keys = (uint8_t)(len / KEY_BYTES);
	memset(o->fast_key, 0, sizeof o->fast_key);
	for (unsigned i = 0; i < o->n_fast_keys; i++)
		o->fast_key[i] =
			(struct sipkey){ { get64((const uint8_t *)val + (size_t)i * KEY_BYTES),
					   get64((const uint8_t *)val + (size_t)i * KEY_BYTES + 8) } };
	return 0;
}

unsigned tcp_fast_keys(const struct tcp_stack *ts, const struct tcp_opts *o, struct sipkey ret[2])
{
	if (o->n_fast_keys) {
		memcpy(ret, o->fast_key, sizeof o->fast_key);
		return o->n_fast_keys;
	}
	const uint64_t *k = ts->conf.fast_key;
	for (unsigned i = 0; i < 2; i++)
		ret[i] = (struct sipkey){ { racy_get(k[1 + 2 * i]), racy_get(k[2 + 2 * i]) } };
	return (unsigned)racy_get(k[0]);
}

size_t tcp_fast_get_keys(const struct tcp_stack *ts, const struct tcp_opts *o, uint8_t to[2 * KEY_BYTES])
{
	struct sipkey keys[2];
	size_t n = tcp_fast_keys(ts, o, keys) * (size_t)KEY_BYTES;
	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)(keys[i / KEY_BYTES].k[i / 8 % 2] >> 8 * (i % 8));
	return n;
}
