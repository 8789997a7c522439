/* SPDX-License-Identifier: BSD-2-Clause */
/* What --check looks at behind the file's form: a stack is made that carries nothing, and asked for drivers and settings. Devices
 * are not opened and ip(8) is not executed, so that anybody may check any file anywhere. */
#include "check.h"

#include <errno.h>
#include <string.h>

#include "dev/host.h"
#include "net/iface.h"
#include "net/sysctl.h"
#include "options.h"
#include "rt/rt.h"
#include "stack/stack_modules.h"

enum { CHECK_BUDGET = 64 << 20 };

static int check_driver(struct leat_stack *st, const char *words, char *ret_why, size_t len)
{
	char driver[OPT_WORD_MAX];
	snprintf(driver, sizeof driver, "%.*s", (int)strcspn(words, ":"), words);
	if (iface_kind_find(st, driver))
		return 0;
	snprintf(ret_why, len, "there is no driver \"%.100s\"; leatd --help lists them", driver);
	return -ENODEV;
}

/* An interface's setting is tried on "default", which stands for any. */
static int check_on_default(struct leat_stack *st, const char *name, const char *value, char *ret_why,
			    size_t len)
{
	char dflt[KNOB_NAME_MAX], why[256] = "";
	if (!sysctl_default_name(leat_modules, name, dflt))
		return -ENOENT;
	int err = sysctl_set(st, dflt, value, why, sizeof why);
	if (err)
		snprintf(ret_why, len, "%.100s%.150s", name,
			 why + (strlen(why) > strlen(dflt) ? strlen(dflt) : 0));
	return err;
}

static int check_setting(struct leat_stack *st, const char *words, char *ret_why, size_t len)
{
	char name[OPT_WORD_MAX], *value;
	struct sysctl s;
	snprintf(name, sizeof name, "%s", words);
	value = strchr(name, '=');
	*value++ = 0;
	name[strcspn(name, " \t")] = 0;
	int err = sysctl_find(st, name, &s) ? check_on_default(st, name, value, ret_why, len)
					    : sysctl_set(st, name, value, ret_why, len);
	if (err == -ENOENT)
		snprintf(ret_why, len, "%.100s: there is no such setting", name);
	return err;
}

static int check_all(struct leat_stack *st, const struct options *o, FILE *err)
{
	char why[256];
	int ret = 0;
	for (unsigned i = 0; i < o->n_devs; i++)
		if (check_driver(st, o->dev[i], why, sizeof why)) {
			fprintf(err, "leatd: %s:%u: dev %s: %s\n", o->config, o->dev_line[i], o->dev[i], why);
			ret = -EINVAL;
		}
	for (unsigned i = 0; i < o->n_settings; i++)
		if (check_setting(st, o->setting[i].words, why, sizeof why)) {
			fprintf(err, "leatd: %s:%u: sysctl %s\n", o->config, o->setting[i].line, why);
			ret = -EINVAL;
		}
	return ret;
}

int check_names(const struct options *o, FILE *err)
{
	struct rt_opts opts = { .budget_bytes = CHECK_BUDGET, .log_level = LOG_ERROR, .log_name = "leatd" };
	struct dev_host host = { 0 };
	struct leat_runtime *rt = NULL;
	struct leat_stack *st = NULL;
	int ret = rt_new(1, &opts, &rt);
	if (!ret)
		ret = stack_new(rt, "check", 1, leat_modules, &st);
	if (ret) {
		fprintf(err, "leatd: drivers and settings cannot be checked: %s\n", strerror(-ret));
	} else {
		dev_host_register(st, &host);
		ret = check_all(st, o, err);
	}
	stack_free(st);
	rt_free(rt);
	return ret;
}
