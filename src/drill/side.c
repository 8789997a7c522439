/* SPDX-License-Identifier: BSD-2-Clause */
#include "drill/side.h"

#include <string.h>

#include "wire/text.h"

enum { WORDS_MAX = 64, COLUMNS_MAX = 512 };

struct words {
	const char *w[WORDS_MAX];
	unsigned len[WORDS_MAX], n;
};

static void cut(const char *s, struct words *ret)
{
	for (ret->n = 0; ret->n < WORDS_MAX && *(s += strspn(s, " ")); s += ret->len[ret->n++]) {
		ret->w[ret->n] = s;
		ret->len[ret->n] = (unsigned)strcspn(s, " ");
	}
}

static bool equal(const struct words *a, unsigned i, const struct words *b, unsigned j)
{
	return a->len[i] == b->len[j] && memcmp(a->w[i], b->w[j], a->len[i]) == 0;
}

/* The longest sequence of words that both have from i and j on. */
static void common(const struct words *a, const struct words *b, uint8_t best[WORDS_MAX + 1][WORDS_MAX + 1])
{
	memset(best, 0, (WORDS_MAX + 1) * (WORDS_MAX + 1));
	for (unsigned i = a->n; i-- > 0;)
		for (unsigned j = b->n; j-- > 0;)
			best[i][j] = equal(a, i, b, j) ? (uint8_t)(best[i + 1][j + 1] + 1)
						       : MAX(best[i + 1][j], best[i][j + 1]);
}

struct lines {
	char want[COLUMNS_MAX], got[COLUMNS_MAX], marks[COLUMNS_MAX];
	unsigned at;
};

static void column(struct lines *l, const struct words *a, unsigned i, const struct words *b, unsigned j,
		   bool same)
{
	unsigned la = a ? a->len[i] : 0, lb = b ? b->len[j] : 0, w = MAX(la, lb);
	if (l->at + w + 1 >= COLUMNS_MAX)
		return;
	if (a)
		memcpy(l->want + l->at, a->w[i], la);
	if (b)
		memcpy(l->got + l->at, b->w[j], lb);
	if (!same)
		memset(l->marks + l->at, '^', w);
	l->at += w + 1;
}

static void fill(struct lines *l, const struct words *a, const struct words *b)
{
	uint8_t best[WORDS_MAX + 1][WORDS_MAX + 1];
	unsigned i = 0, j = 0;
	common(a, b, best);
	memset(l, ' ', offsetof(struct lines, at));
	l->at = 0;
	while (i < a->n || j < b->n) {
		bool both = i < a->n && j < b->n;
		if (both && equal(a, i, b, j)) {
			column(l, a, i++, b, j++, true);
		} else if (both && best[i + 1][j + 1] == best[i][j]) {
			column(l, a, i++, b, j++, false); /* one word in the other's place */
		} else if (i < a->n && (j == b->n || best[i + 1][j] >= best[i][j + 1])) {
			column(l, a, i++, NULL, 0, false);
		} else {
			column(l, NULL, 0, b, j++, false);
		}
	}
}

static void add(struct text *t, const char *label, const char *line, const char *end)
{
	int n = COLUMNS_MAX;
	while (n && line[n - 1] == ' ')
		n--;
	text_add(t, "%s%.*s%s", label, n, line, end);
}

void side_by_side(const char *want_label, const char *want, const char *got_label, const char *got, char *to,
		  size_t size)
{
	struct words a, b;
	struct lines l;
	struct text t = text_of(to, size);
	char blank[COLUMNS_MAX] = "";
	cut(want, &a);
	cut(got, &b);
	fill(&l, &a, &b);
	memset(blank, ' ', MIN(strlen(want_label), sizeof blank - 1));
	add(&t, want_label, l.want, "\n");
	add(&t, got_label, l.got, "\n");
	add(&t, blank, l.marks, "");
}
