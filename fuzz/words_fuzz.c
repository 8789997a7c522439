/* SPDX-License-Identifier: BSD-2-Clause */
/* A packet in words, as people give it to `leat explain`: the first byte says whether hexadecimal digits follow (0), words for a packet that
 * comes in by an interface (odd) or for one of the stack's own, each ended by a zero byte. What is taken lies within bounds and parses; what
 * is refused is told in one line. */
#include "../apps/leat/packet_words.c"

#include <stdlib.h>

#include "fuzz.h"

enum { MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };
	static struct packet_words w;
	char why[256] = "", *text, *word[MAX];
	int n = 0, err;
	if (size == 0)
		return 0;
	text = malloc(size);
	fuzz_check(text);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = 0;
	for (size_t at = 0; at < size - 1 && n < MAX; at += strlen(text + at) + 1)
		word[n++] = text + at;
	if (data[0])
		err = packet_words_read(word, n, data[0] & 1, mac, &w, why, sizeof why);
	else
		err = packet_hex_read(word, n, &w, why, sizeof why);
	fuzz_check(err == 0 || (err == -EINVAL && why[0]));
	fuzz_check(err || w.len <= sizeof w.bytes);
	free(text);
	return 0;
}
