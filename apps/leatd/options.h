/* SPDX-License-Identifier: BSD-2-Clause */
/* What the command line and the configuration file say. */
#ifndef LEATD_OPTIONS_H
#define LEATD_OPTIONS_H

#include <stdio.h>

#include "base/base.h"
#include "cli/cli.h"

enum {
	OPT_DEVICES_MAX = 64,
	OPT_SETTINGS_MAX = 256,
	OPT_WORD_MAX = 256,
	OPT_IP_MAX = 1024,
	OPT_IP_WORDS = 512
};

struct options {
	char name[64];
	char dev[OPT_DEVICES_MAX][OPT_WORD_MAX]; /* "DRIVER:IFNAME[,key=value]", in the order given */
	unsigned dev_line[OPT_DEVICES_MAX]; /* of the file; 0: of the command line */
	unsigned n_devs;
	struct opt_setting {
		char words[OPT_WORD_MAX]; /* "NAME=VALUE" */
		unsigned n_devs; /* devices named before it */
		unsigned line; /* of the file */
	} setting[OPT_SETTINGS_MAX]; /* in the order given */
	unsigned n_settings;
	struct opt_ip {
		unsigned line; /* of the file */
		char words[OPT_IP_WORDS]; /* behind "ip" */
	} ip[OPT_IP_MAX];
	unsigned n_ip;
	unsigned workers;
	unsigned budget_mib;
	bool poll, pin, user, verbose, help, version, take_over, check;
	unsigned line; /* of the file, while it is read */
	char config[OPT_WORD_MAX]; /* the last file that was read */
	char restore[OPT_WORD_MAX]; /* "": a fresh stack */
	char run_as[OPT_WORD_MAX]; /* "": the default */
};

/* 0, or -EINVAL after one line on `err` that says what was wrong; of a file to --check, one for each line that is. */
int options_parse(struct options *o, int argc, char **argv, FILE *err);
/* The rows as --help, the man pages and completion have them: those of the command line, or of the file. Ends with one without a name. */
enum { OPT_ROWS_MAX = 32 };
void options_rows(struct cli_option to[OPT_ROWS_MAX], bool of_file);

#endif
