/* SPDX-License-Identifier: BSD-2-Clause */
/* What people write for leatd: the first byte says whether the rest is a configuration file (0) or the words of a command line,
 * each ended by a zero byte. What is taken lies within bounds; what is refused is told in one line. */
#include "../apps/leatd/options.c"

#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

enum { WORDS_MAX = 32 };

static void check_taken(const struct options *o)
{
	fuzz_check(strnlen(o->name, sizeof o->name) < sizeof o->name);
	fuzz_check(strnlen(o->restore, sizeof o->restore) < sizeof o->restore);
	fuzz_check(strnlen(o->run_as, sizeof o->run_as) < sizeof o->run_as);
	fuzz_check(o->workers >= 1 && o->workers < LCORE_MAX && o->budget_mib >= 16);
	fuzz_check(strnlen(o->config, sizeof o->config) < sizeof o->config && o->n_ip <= OPT_IP_MAX);
	for (unsigned i = 0; i < o->n_ip; i++) {
		fuzz_check(strnlen(o->ip[i].words, OPT_IP_WORDS) < OPT_IP_WORDS && o->ip[i].words[0]);
		fuzz_check(o->ip[i].line > (i ? o->ip[i - 1].line : 0)); /* as they stand in the file */
	}
	fuzz_check(o->n_devs <= OPT_DEVICES_MAX && o->n_settings <= OPT_SETTINGS_MAX);
	for (unsigned i = 0; i < o->n_settings; i++) {
		fuzz_check(strnlen(o->setting[i].words, OPT_WORD_MAX) < OPT_WORD_MAX);
		fuzz_check(strchr(o->setting[i].words, '=') > o->setting[i].words); /* leatd cuts it there */
		fuzz_check(o->setting[i].n_devs <= o->n_devs);
	}
	for (unsigned i = 0; i < o->n_devs; i++) {
		const char *colon = strchr(o->dev[i], ':');
		fuzz_check(strnlen(o->dev[i], OPT_WORD_MAX) < OPT_WORD_MAX);
		fuzz_check(colon && colon > o->dev[i] && colon[1]); /* leatd cuts it there */
	}
}

static void parse(int argc, char **argv)
{
	static struct options o;
	char *said = NULL;
	size_t len;
	FILE *err = open_memstream(&said, &len);
	fuzz_check(err);
	int ret = options_parse(&o, argc, argv, err);
	fclose(err);
	if (ret == 0) {
		check_taken(&o);
		fuzz_check(len == 0);
	} else {
		fuzz_check(ret == -EINVAL && len > 1 && said[len - 1] == '\n');
		if (!strcmp(argv[1],
			    "-c")) /* a line of a file holds no line break that could be repeated here */
			fuzz_check(strchr(said, '\n') == said + len - 1);
	}
	free(said);
}

static void parse_file(const uint8_t *data, size_t size)
{
	char path[32], leatd[] = "leatd", option[] = "-c", *argv[] = { leatd, option, path, NULL };
	int fd = memfd_create("options", MFD_CLOEXEC);
	fuzz_check(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	parse(3, argv);
	close(fd);
}

/* Other files are no place for a fuzzer. */
static bool names_a_file(const char *word)
{
	return !strcmp(word, "-c") || !strncmp(word, "--config", 8) || !strncmp(word, "--check", 7);
}

static void parse_words(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), leatd[] = "leatd", *argv[WORDS_MAX + 2] = { leatd };
	int argc = 1;
	fuzz_check(text);
	memcpy(text, data, size);
	text[size] = 0;
	bool fit = true;
	for (size_t at = 0; at < size && argc <= WORDS_MAX; at += strlen(text + at) + 1) {
		argv[argc++] = text + at;
		fit &= !names_a_file(text + at);
	}
	if (fit)
		parse(argc, argv);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0])
		parse_words(data + 1, size - 1);
	else
		parse_file(data + 1, size - 1);
	return 0;
}
