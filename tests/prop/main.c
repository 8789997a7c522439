/* SPDX-License-Identifier: BSD-2-Clause */
/* prop: plays random plans and judges them; README.md tells how to use it. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mutants.h"
#include "run.h"

struct options {
	struct seeds seeds;
	const char *replay, *mutant, *pcap_dir, *follow, *self;
	bool trace, list, no_shrink;
	uint64_t explain; /* so many packets */
};

static const char usage[] = "usage: prop [--seeds N] [--from SEED] [--jobs J] [--time SECONDS] [--go-on] "
			    "[--no-shrink] [--count]\n"
			    "       prop --explain PACKETS [--from SEED]\n"
			    "       prop --replay FILE|SEED [--trace] [--follow FILTER] [--pcap DIR]\n"
			    "       prop-mutants --mutant NAME [--seeds N] ... | --list-mutants\n";

/* --- one plan --- */

static bool is_number(const char *s)
{
	return *s && !s[strspn(s, "0123456789")];
}

static bool find_plan(const char *what, struct plan *p)
{
	if (is_number(what)) {
		plan_make(p, strtoull(what, NULL, 10));
		return true;
	}
	FILE *f = fopen(what, "re");
	if (!f) {
		fprintf(stderr, "%s: %s\n", what, strerror(errno));
		return false;
	}
	bool ok = plan_read(p, f, what);
	fclose(f);
	return ok;
}

static int replay(const struct options *o)
{
	static struct plan p;
	static struct result r;
	const struct play_opts how = { .trace = o->trace ? stdout : NULL,
				       .follow = o->follow,
				       .pcap_dir = o->pcap_dir };
	if (!find_plan(o->replay, &p))
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	bool ok = play(&p, &how, &r);
	printf("digest %016lx, outcome %016lx\n%s\n", r.digest, r.outcome, ok ? "1 seeds clean" : r.why);
	return ok ? 0 : 1;
}

/* --- a failure, told so that somebody can go on from it --- */

static void tell_failure(const struct options *o, uint64_t seed)
{
	static struct plan p;
	static struct result r;
	char path[64];
	plan_make(&p, seed);
	unsigned plays = o->no_shrink ? 1U : shrink(&p, &r);
	if (o->no_shrink)
		play_apart(&p, &r);
	snprintf(path, sizeof path, "prop-%lu.plan", seed);
	FILE *f = fopen(path, "we");
	if (f)
		plan_write(&p, f);
	if (f)
		fclose(f);
	if (!r.why[0])
		snprintf(r.why, sizeof r.why, "alone: it fails, but not when it is played alone");
	if (!o->no_shrink)
		printf("\n# seed %lu, made short in %u plays: %s\n", seed, plays, r.why);
	if (!o->no_shrink)
		plan_write(&p, stdout);
	printf("\nFAILED: seed %lu: %s\nto see it again: %s%s%s --replay %s --trace --pcap /tmp/prop-pcap\n",
	       seed, r.why, o->self, o->mutant ? " --mutant " : "", o->mutant ? o->mutant : "", path);
}

static int play_many(const struct options *o)
{
	uint64_t clean, failed;
	bool ok = play_seeds(&o->seeds, &clean, &failed);
	if (ok && (clean || !o->seeds.n)) {
		printf("%lu seeds clean\n", clean);
		return 0;
	}
	if (!o->seeds.go_on)
		tell_failure(o, failed);
	else
		printf("FAILED: %lu seeds clean, others not\n", clean);
	return 1;
}

/* --- explained packets --- */

static int explain_many(const struct options *o)
{
	static struct plan p;
	static struct result r;
	uint64_t left = o->explain, seed = o->seeds.from;
	for (; left; seed++) {
		const struct play_opts how = { .explain = &left };
		plan_make(&p, seed);
		if (play(&p, &how, &r))
			continue;
		printf("FAILED: seed %lu: %s\nto see it again: %s --explain %lu --from %lu\n", seed, r.why,
		       o->self, left + 1, seed);
		return 1;
	}
	printf("%lu packets explained, over %lu plans\n", o->explain, seed - o->seeds.from);
	return 0;
}

/* --- options --- */

static bool read_options(struct options *o, int argc, char **argv)
{
	static const struct option known[] = {
		{ "seeds", required_argument, NULL, 'n' },
		{ "from", required_argument, NULL, 'f' },
		{ "jobs", required_argument, NULL, 'j' },
		{ "time", required_argument, NULL, 's' },
		{ "replay", required_argument, NULL, 'r' },
		{ "mutant", required_argument, NULL, 'm' },
		{ "pcap", required_argument, NULL, 'p' },
		{ "trace", no_argument, NULL, 't' },
		{ "list-mutants", no_argument, NULL, 'l' },
		{ "go-on", no_argument, NULL, 'g' },
		{ "count", no_argument, NULL, 'c' },
		{ "follow", required_argument, NULL, 'w' },
		{ "no-shrink", no_argument, NULL, 'q' },
		{ "explain", required_argument, NULL, 'e' },
		{ 0 },
	};
	for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		switch (c) {
		case 'n':
			o->seeds.n = strtoull(optarg, NULL, 10);
			break;
		case 'f':
			o->seeds.from = strtoull(optarg, NULL, 10);
			break;
		case 'j':
			o->seeds.jobs = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 's':
			o->seeds.seconds = strtod(optarg, NULL);
			break;
		case 'r':
			o->replay = optarg;
			break;
		case 'm':
			o->mutant = optarg;
			break;
		case 'p':
			o->pcap_dir = optarg;
			break;
		case 't':
			o->trace = true;
			break;
		case 'l':
			o->list = true;
			break;
		case 'g':
			o->seeds.go_on = true;
			break;
		case 'c':
			o->seeds.count = true;
			break;
		case 'w':
			o->follow = optarg;
			break;
		case 'e':
			o->explain = strtoull(optarg, NULL, 10);
			break;
		case 'q':
			o->no_shrink = true;
			break;
		default:
			return false;
		}
	}
	return optind == argc && o->seeds.jobs;
}

int main(int argc, char **argv)
{
	struct options o = { .seeds = { .from = 1, .n = 1000, .jobs = 1 }, .self = argv[0] };
	if (!read_options(&o, argc, argv)) {
		fputs(usage, stderr);
		return 2;
	}
	if (o.seeds.seconds > 0 && o.seeds.n == 1000)
		o.seeds.n = UINT64_MAX / 2;
	if (o.list) {
		mutants_list(stdout);
		return 0;
	}
	if (o.mutant && !mutant_choose(o.mutant)) {
		fprintf(stderr, "there is no mutant \"%s\" here\n", o.mutant);
		return 2;
	}
	if (o.explain)
		return explain_many(&o);
	return o.replay ? replay(&o) : play_many(&o);
}
