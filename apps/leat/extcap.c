/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: Wireshark calls every program in its extcap folder, asks it for its interfaces (--extcap-interfaces), their kinds
 * of link and their options, and, to capture, calls it with a named pipe that it reads as if it were a file. An interface here is a
 * device of a daemon, named leat-DAEMON-DEVICE, or all of them, DEVICE "any". Whoever has the rights to capture sees those of all
 * daemons whose sockets are where leat looks for them. */
#include "leat/extcap.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "leat/client.h"
#include "sockd/path.h"

enum { NAME_LEN = 80 };
#define PREFIX "leat-"

struct asked {
	bool interfaces, dlts, config, capture;
	char daemon[NAME_LEN], dev[NAME_LEN];
	struct capture_opts opts;
	const char *direction;
	bool drops;
};

bool extcap_is_wanted(char **argv)
{
	for (; *argv; argv++)
		if (!strncmp(*argv, "--extcap", 8) || !strncmp(*argv, "--capture", 9))
			return true;
	return false;
}

/* --- what there is --- */

static void print_dev(const struct answer *a, void *ctx)
{
	const char *daemon = ctx, *dev = answer_str(a, LEAT_A_IFNAME);
	if (*dev)
		printf("interface {value=" PREFIX "%s-%s}{display=leat %s: %s}\n", daemon, dev, daemon, dev);
}

/* Names with a dash in them end at the last one: devices have none as a rule, daemons may. */
static void print_daemon(const char *name)
{
	struct client *c;
	if (client_open(name, &c))
		return;
	printf("interface {value=" PREFIX "%s-any}{display=leat %s: all devices}\n", name, name);
	client_begin(c, LEAT_CMD_DEV_GET, true);
	client_run(c, print_dev, (void *)name);
	client_close(c);
}

static int print_interfaces(void)
{
	char path[SOCKD_PATH_MAX];
	printf("extcap {version=" LEAT_VERSION "}{help=https://www.wireshark.org/docs/man-pages/extcap.html}"
	       "{display=leat}\n");
	if (sockd_path(SOCKD_DEFAULT_NAME, path, sizeof path))
		return 0;
	*strrchr(path, '/') = 0;
	DIR *d = opendir(path);
	for (struct dirent *e; d && (e = readdir(d));) {
		size_t len = strlen(e->d_name);
		if (len > 5 && len < NAME_LEN && !strcmp(e->d_name + len - 5, ".sock")) {
			e->d_name[len - 5] = 0;
			print_daemon(e->d_name);
		}
	}
	if (d)
		closedir(d);
	return 0;
}

static int print_config(void)
{
	puts("arg {number=0}{call=--direction}{display=Direction}{type=selector}"
	     "{tooltip=Packets that come in, go out, or both}\n"
	     "value {arg=0}{value=inout}{display=both}{default=true}\n"
	     "value {arg=0}{value=in}{display=in}\n"
	     "value {arg=0}{value=out}{display=out}\n"
	     "value {arg=0}{value=none}{display=none}\n"
	     "arg {number=1}{call=--drops}{display=Dropped packets, with the reason}{type=boolflag}"
	     "{tooltip=A packet that came in and was dropped is then seen twice}\n"
	     "arg {number=2}{call=--node}{display=At this node}{type=string}"
	     "{tooltip=In place of those of devices: packets as they come to a node of `leat graph`}\n"
	     "arg {number=3}{call=--snaplen}{display=Bytes of each packet}{type=unsigned}{default=0}"
	     "{tooltip=0: all of them}");
	return 0;
}

/* --- arguments: "--name value" or "--name=value" --- */

static bool is_option(const char *arg, const char *name)
{
	size_t len = strlen(name);
	return !strncmp(arg, name, len) && (!arg[len] || arg[len] == '=');
}

/* Also moves *argv to the value. */
static const char *value_of(char ***argv)
{
	const char *eq = strchr(**argv, '=');
	if (eq)
		return eq + 1;
	return (*argv)[1] ? *++*argv : "";
}

static int read_interface(const char *v, struct asked *a)
{
	const char *dash = strrchr(v, '-');
	if (strncmp(v, PREFIX, strlen(PREFIX)) != 0 || dash < v + strlen(PREFIX))
		return leat_error("there is no interface %s", v);
	v += strlen(PREFIX);
	snprintf(a->daemon, sizeof a->daemon, "%.*s", (int)(dash - v), v);
	snprintf(a->dev, sizeof a->dev, "%s", dash + 1);
	a->opts.daemon = a->daemon;
	a->opts.dev = strcmp(a->dev, "any") != 0 ? a->dev : NULL;
	return 0;
}

static int read_one(char ***argv, struct asked *a)
{
	const char *arg = **argv;
	if (is_option(arg, "--extcap-interfaces"))
		a->interfaces = true;
	else if (is_option(arg, "--extcap-dlts"))
		a->dlts = true;
	else if (is_option(arg, "--extcap-config"))
		a->config = true;
	else if (is_option(arg, "--capture"))
		a->capture = true;
	else if (is_option(arg, "--drops"))
		a->drops = !strchr(arg, '=') || strcmp(strchr(arg, '='), "=false") != 0;
	else if (is_option(arg, "--extcap-interface"))
		return read_interface(value_of(argv), a);
	else if (is_option(arg, "--fifo"))
		a->opts.path = value_of(argv);
	else if (is_option(arg, "--extcap-capture-filter"))
		snprintf(a->opts.filter, sizeof a->opts.filter, "%s", value_of(argv));
	else if (is_option(arg, "--direction"))
		a->direction = value_of(argv);
	else if (is_option(arg, "--node"))
		a->opts.node = value_of(argv);
	else if (is_option(arg, "--snaplen"))
		a->opts.snap = (uint32_t)strtoul(value_of(argv), NULL, 10);
	else if (is_option(arg, "--extcap-version"))
		return 0; /* Wireshark's own: nothing here depends on it */
	else if (!is_option(arg, "--extcap-reload-option"))
		return leat_error("unknown option %s", arg);
	return 0;
}

static uint32_t what_of(const struct asked *a)
{
	bool in = !a->direction || !strcmp(a->direction, "in") || !strcmp(a->direction, "inout");
	bool out = !a->direction || !strcmp(a->direction, "out") || !strcmp(a->direction, "inout");
	bool node = a->opts.node && *a->opts.node;
	uint32_t what = node ? LEAT_CAPTURE_NODE : 0;
	what |= in && !node ? LEAT_CAPTURE_IN : 0;
	what |= out && !node ? LEAT_CAPTURE_OUT : 0;
	return what | (a->drops ? LEAT_CAPTURE_DROPS : 0);
}

int extcap_run(char **argv)
{
	struct asked a = { 0 };
	for (; *argv; argv++)
		if (read_one(&argv, &a))
			return 1;
	if (a.interfaces)
		return print_interfaces();
	if (a.dlts)
		return puts("dlt {number=1}{name=EN10MB}{display=Ethernet}") < 0;
	if (a.config)
		return print_config();
	if (!a.capture) /* a filter alone: is it one? A line says why not */
		return a.opts.filter[0] ? capture_check_filter(a.opts.filter)
					: leat_error("what is to be done?");
	if (!a.opts.daemon || !a.opts.path)
		return leat_error("--capture wants --extcap-interface and --fifo");
	a.opts.what = what_of(&a);
	a.opts.quiet = true;
	if (a.opts.node && !*a.opts.node)
		a.opts.node = NULL;
	return a.opts.what ? capture_run(&a.opts) : leat_error("there is nothing to capture");
}
