/* SPDX-License-Identifier: BSD-2-Clause */
/* What the command line and the configuration file say. */
#ifndef LEATD_OPTIONS_H
#define LEATD_OPTIONS_H

#include <stdio.h>

#include "base/base.h"

enum { OPT_DEVICES_MAX = 64, OPT_SETTINGS_MAX = 256, OPT_WORD_MAX = 256 };

struct options {
	char name[64];
	char dev[OPT_DEVICES_MAX][OPT_WORD_MAX]; /* "DRIVER:IFNAME[,key=value]", in the order given */
	unsigned n_devs;
	struct opt_setting {
		char words[OPT_WORD_MAX]; /* "NAME=VALUE" */
		unsigned n_devs; /* devices named before it */
	} setting[OPT_SETTINGS_MAX]; /* in the order given */
	unsigned n_settings;
	unsigned workers;
	unsigned budget_mib;
	bool poll, pin, user, verbose, help, version, take_over;
	char restore[OPT_WORD_MAX]; /* "": a fresh stack */
	char run_as[OPT_WORD_MAX]; /* "": the default */
};

/* 0, or -EINVAL after one line on `err` that says what was wrong. */
int options_parse(struct options *o, int argc, char **argv, FILE *err);
void options_help(FILE *to);

#endif
