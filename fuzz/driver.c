/* SPDX-License-Identifier: BSD-2-Clause */
/* driver [-v] SEED...: stands in for libFuzzer. Runs the target over files and directories of seeds: each as it is, cut short at
 * every length, and changed at random (always by the same numbers); all seeds together get some seconds of processor time, in equal
 * parts. With -v each as it is and
 * nothing else, and LEAT_FUZZ_VERBOSE is set for targets that can tell how far a seed gets. */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "fuzz.h"

enum { SEED_MAX = 1 << 16, CHANGES = 3000, SECONDS = 6 };

struct driver {
	uint64_t rnd, runs;
	unsigned seeds, of; /* done, and in all */
	bool verbose;
};

static uint32_t rnd(struct driver *d, uint32_t below)
{
	d->rnd = d->rnd * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(d->rnd >> 33) % below;
}

/* In a block of exactly that size, so that sanitizers see a step past its end. */
static void run(struct driver *d, const uint8_t *p, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	if (!copy)
		abort();
	memcpy(copy, p, len);
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
	d->runs++;
}

static void change(struct driver *d, uint8_t *p, size_t len)
{
	static const uint8_t special[] = { 0, 1, 0x7f, 0x80, 0xff, 4, 6, 58 };
	uint32_t at = rnd(d, (uint32_t)len);
	switch (rnd(d, 4)) {
	case 0:
		p[at] ^= (uint8_t)(1u << rnd(d, 8));
		break;
	case 1:
		p[at] = special[rnd(d, sizeof special)];
		break;
	case 2:
		p[at] = (uint8_t)rnd(d, 256);
		break;
	default:
		memmove(p + at, p + rnd(d, at + 1), len - at);
	}
}

/* What is left over by those before is shared by those who follow. */
static bool is_time_up(const struct driver *d, clock_t since)
{
	clock_t all = (clock_t)SECONDS * CLOCKS_PER_SEC, left = all > since ? all - since : 0;
	return clock() - since > left / (clock_t)(d->of - d->seeds + 1);
}

static void run_seed(struct driver *d, const uint8_t *seed, size_t len)
{
	uint8_t changed[SEED_MAX];
	clock_t since = clock();
	d->seeds++;
	if (d->verbose) {
		run(d, seed, len);
		return;
	}
	run(d, seed, len);
	for (size_t n = 0; n < len && n < 2048 && !is_time_up(d, since); n++)
		run(d, seed, n);
	for (unsigned i = 0; i < CHANGES && len > 0 && !is_time_up(d, since); i++) {
		memcpy(changed, seed, len);
		for (uint32_t n = rnd(d, 4) + 1; n > 0; n--)
			change(d, changed, len);
		run(d, changed, len - rnd(d, 8) * len / 64);
	}
}

static unsigned count(const char *path)
{
	struct dirent **e;
	unsigned seeds = 0;
	int n = scandir(path, &e, NULL, NULL);
	for (int i = 0; i < n; i++) {
		seeds += e[i]->d_name[0] != '.';
		free(e[i]);
	}
	if (n >= 0)
		free(e);
	return n < 0 ? 1 : seeds;
}

static int run_file(struct driver *d, const char *path)
{
	static uint8_t seed[SEED_MAX];
	FILE *f = fopen(path, "rb");
	if (!f)
		return -errno;
	size_t len = fread(seed, 1, sizeof seed, f);
	fclose(f);
	if (d->verbose)
		printf("%s\n", path);
	run_seed(d, seed, len);
	return 0;
}

static int run_directory(struct driver *d, const char *path)
{
	struct dirent **e;
	int n = scandir(path, &e, NULL, alphasort), err = n < 0 ? -errno : 0;
	for (int i = 0; i < n; i++) {
		char name[4096];
		snprintf(name, sizeof name, "%s/%s", path, e[i]->d_name);
		if (e[i]->d_name[0] != '.' && !err)
			err = run_file(d, name);
		free(e[i]);
	}
	if (n >= 0)
		free(e);
	return err;
}

int main(int argc, char **argv)
{
	struct driver d = { .rnd = 1 };
	int first = argc > 1 && !strcmp(argv[1], "-v") ? 2 : 1;
	d.verbose = first == 2;
	if (d.verbose)
		setenv("LEAT_FUZZ_VERBOSE", "1", 1);
	for (int i = first; i < argc; i++)
		d.of += count(argv[i]);
	for (int i = first; i < argc; i++) {
		struct stat st;
		int err = stat(argv[i], &st)    ? -errno
			  : S_ISDIR(st.st_mode) ? run_directory(&d, argv[i])
						: run_file(&d, argv[i]);
		if (err) {
			fprintf(stderr, "%s: %s\n", argv[i], strerror(-err));
			return 1;
		}
	}
	printf("%llu runs over %u seeds\n", (unsigned long long)d.runs, d.seeds);
	return d.seeds == 0; /* a target without seeds tests nothing */
}
