/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/text.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>

void text_add(struct text *t, const char *fmt, ...)
{
	size_t room = t->size - t->len;
	va_list ap;
	if (room == 0) {
		t->cut = true;
		return;
	}
	va_start(ap, fmt);
	int n = vsnprintf(t->p + t->len, room, fmt, ap);
	va_end(ap);
	if (n < 0) {
		t->p[t->len] = 0;
		t->cut = true;
	} else if ((size_t)n >= room) {
		t->len = t->size - 1;
		t->cut = true;
	} else {
		t->len += (size_t)n;
	}
}

const char *ip4_text(be32 a, char to[static IP4_TEXT_MAX])
{
	snprintf(to, IP4_TEXT_MAX, "%u.%u.%u.%u", a.b[0], a.b[1], a.b[2], a.b[3]);
	return to;
}

/* RFC 5952, 4.2: the longest run of two or more zero groups, the first of equals. */
static void longest_zeros(const uint16_t g[8], unsigned *ret_at, unsigned *ret_n)
{
	*ret_at = 8;
	*ret_n = 1;
	for (unsigned i = 0; i < 8;) {
		unsigned n = 0;
		while (i + n < 8 && g[i + n] == 0)
			n++;
		if (n > *ret_n) {
			*ret_at = i;
			*ret_n = n;
		}
		i += n + 1;
	}
}

const char *ip6_text(const struct ip6 *a, char to[static IP6_TEXT_MAX])
{
	struct text t = text_of(to, IP6_TEXT_MAX);
	uint16_t g[8];
	unsigned at, n;
	for (unsigned i = 0; i < 8; i++)
		g[i] = (uint16_t)(a->b[2 * i] << 8 | a->b[2 * i + 1]);
	longest_zeros(g, &at, &n);
	/* RFC 5952, 5: a prefix known to hold IPv4 addresses shows them so. */
	bool mapped = at == 0 && n == 5 && g[5] == 0xffff;
	for (unsigned i = 0; i < (mapped ? 6 : 8);) {
		if (i == at) {
			text_add(&t, "::");
			i += n;
			continue;
		}
		text_add(&t, "%s%x", i == 0 || i == at + n ? "" : ":", g[i]);
		i++;
	}
	if (mapped)
		text_add(&t, ":%u.%u.%u.%u", a->b[12], a->b[13], a->b[14], a->b[15]);
	return to;
}

const char *mac_text(const uint8_t a[6], char to[static MAC_TEXT_MAX])
{
	snprintf(to, MAC_TEXT_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", a[0], a[1], a[2], a[3], a[4], a[5]);
	return to;
}

bool ip4_from_text(const char *s, be32 *ret)
{
	return inet_pton(AF_INET, s, ret) == 1;
}

bool ip6_from_text(const char *s, struct ip6 *ret)
{
	return inet_pton(AF_INET6, s, ret) == 1;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* One or two digits; returns what is behind them, NULL without any. */
static const char *hex_byte(const char *s, uint8_t *ret)
{
	int high = hex_digit(s[0]);
	if (high < 0)
		return NULL;
	int low = hex_digit(s[1]);
	*ret = (uint8_t)(low < 0 ? high : high << 4 | low);
	return s + (low < 0 ? 1 : 2);
}

bool mac_from_text(const char *s, uint8_t ret[6])
{
	uint8_t a[6];
	for (unsigned i = 0; i < 6; i++) {
		s = hex_byte(s, &a[i]);
		if (!s || *s != (i < 5 ? ':' : 0))
			return false;
		s++;
	}
	memcpy(ret, a, 6);
	return true;
}

void text_ip4(struct text *t, be32 a)
{
	char buf[IP4_TEXT_MAX];
	text_add(t, "%s", ip4_text(a, buf));
}

void text_ip6(struct text *t, const struct ip6 *a)
{
	char buf[IP6_TEXT_MAX];
	text_add(t, "%s", ip6_text(a, buf));
}

void text_mac(struct text *t, const uint8_t a[6])
{
	char buf[MAC_TEXT_MAX];
	text_add(t, "%s", mac_text(a, buf));
}
