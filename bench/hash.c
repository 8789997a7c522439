/* SPDX-License-Identifier: BSD-2-Clause */
/* The growing hash from nothing to many elements and back (W:T7): the longest single insert, lookup and remove, the average
 * of each, and how much of the memory for markers came back. Elements are made before, so what is measured is the table's.
 *
 * hash [N]: N elements, 10 million by default. Operations during which the kernel took the processor away are counted and
 * left out of the longest; page faults are in. The C library would hand a freed heap back in one call of several
 * milliseconds inside some free(); that is not the table's doing, so it is told not to, and handing back is timed by itself.
 * Fails when more than a tenth of the memory stays. */
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "base/hash.h"

struct item {
	struct hash_node node;
	uint32_t key;
};

struct phase {
	uint64_t total_ns, longest_ns, preempted;
	long switches;
};

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static long switches(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return u.ru_nivcsw + u.ru_nvcsw;
}

static uint64_t resident_bytes(void)
{
	unsigned long long total, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");
	if (!f || fscanf(f, "%llu %llu", &total, &resident) != 2)
		resident = 0;
	if (f)
		fclose(f);
	return resident * 4096;
}

static void phase_step(struct phase *ph, uint64_t from_ns)
{
	uint64_t took = now_ns() - from_ns;
	ph->total_ns += took;
	if (took <= ph->longest_ns)
		return;
	long was = ph->switches;
	ph->switches = switches();
	if (was == ph->switches)
		ph->longest_ns = took;
	else
		ph->preempted++;
}

static void insert_all(struct hash *h, struct item *it, uint32_t n, struct phase *ph)
{
	ph->switches = switches();
	for (uint32_t i = 0; i < n; i++) {
		uint64_t from = now_ns();
		hash_insert(h, &it[i].node, hash_u32(it[i].key));
		phase_step(ph, from);
	}
}

static uint32_t find_all(struct hash *h, struct item *it, uint32_t n, struct phase *ph)
{
	uint32_t found = 0;
	ph->switches = switches();
	for (uint32_t i = 0; i < n; i++) {
		struct hash_node *e;
		uint64_t from = now_ns();
		hash_for_each_same(e, h, hash_u32(it[i].key)) found += e == &it[i].node;
		phase_step(ph, from);
	}
	return found;
}

static void remove_all(struct hash *h, struct item *it, uint32_t n, struct phase *ph)
{
	ph->switches = switches();
	for (uint32_t i = 0; i < n; i++) {
		uint64_t from = now_ns();
		hash_remove(h, &it[i].node);
		phase_step(ph, from);
	}
}

static void report(const char *what, const struct phase *ph, uint32_t n)
{
	printf("%-7s %6.0f ns on average, longest %.1f us (%llu left out: preempted)\n", what,
	       (double)ph->total_ns / n, (double)ph->longest_ns / 1000, (unsigned long long)ph->preempted);
}

/* Keys in order; hash_u32() spreads them over the table. */
static struct item *items_new(uint32_t n)
{
	struct item *it = calloc(n, sizeof *it);
	for (uint32_t i = 0; it && i < n; i++)
		it[i].key = i;
	return it;
}

int main(int argc, char **argv)
{
	uint32_t n = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 0) : 10000000;
	struct phase in = { 0 }, find = { 0 }, out = { 0 };
	struct mem_account a;
	struct hash h;
	struct item *it = n ? items_new(n) : NULL;
	if (!it)
		return fprintf(stderr, "hash: no room for %u elements\n", n), 1;
	mallopt(M_TRIM_THRESHOLD, INT_MAX);
	mem_account_init(&a, "bench", NULL, 0);
	hash_init(&h, &a, NULL, NULL);
	uint64_t before = resident_bytes();
	insert_all(&h, it, n, &in);
	uint64_t peak = resident_bytes(), charged = a.used_bytes;
	uint32_t found = find_all(&h, it, n, &find);
	remove_all(&h, it, n, &out);
	uint64_t trim_ns = now_ns();
	malloc_trim(0);
	trim_ns = now_ns() - trim_ns;
	uint64_t after = resident_bytes();
	printf("hash: %u elements, one thread, clock reads (some 20 ns each) included\n", n);
	report("insert", &in, n);
	report("find", &find, n);
	report("remove", &out, n);
	printf("handing the heap back: %.1f ms\n", (double)trim_ns / 1000000);
	printf("markers: %.1f bytes an element at the peak, %llu bytes left\n", (double)charged / n,
	       (unsigned long long)a.used_bytes);
	printf("resident: %.1f MiB more at the peak, %.1f MiB more at the end\n",
	       (double)(peak - before) / (1 << 20),
	       (double)(after > before ? after - before : 0) / (1 << 20));
	bool held = found == n && a.used_bytes <= charged / 10 &&
		    (after <= before || after - before <= (peak - before) / 10);
	printf("%s\n", held ? "memory came back" : "FAILED: elements or memory were lost");
	hash_done(&h);
	free(it);
	return !held;
}
