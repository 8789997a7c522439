/* SPDX-License-Identifier: BSD-2-Clause */
#include "page.h"

#include <pwd.h>
#include <string.h>

#include "options.h"

static const char text[] =
	"The network stack. Prints \"ready\" once it serves; SIGTERM ends it and gives its interfaces back, "
	"and so does any "
	"other end. While it holds an interface, the kernel neither hears nor speaks on it.\n\n"
	"Clients (`leat`, `leat run`) find it by its name. A second leatd of a name is refused, but with "
	"--take-over.\n";

static const char more[] =
	"FILE has lines of an option's name and its value, without the dashes; # begins a comment. Lines `ip "
	"OBJECT "
	"COMMAND...` are for the file alone: ip(8) executes them, in order, before leatd is ready.\n\n"
	"Drivers and their keys:\n\n"
	"  af_packet:IFNAME   hold an existing interface: vnet=0|1, lcore=N, queues=N,\n"
	"                     fanout=hash|cpu|qm, ring=2|3, slots=N, split=N\n"
	"  af_xdp:IFNAME      the same through AF_XDP: queues=N, lcore=N,\n"
	"                     mode=auto|zerocopy|copy|generic, slots=N\n"
	"  tap:IFNAME         make or attach to a TAP device: vnet=0|1, lcore=N, queues=N,\n"
	"                     mac=XX:XX:XX:XX:XX:XX, mtu=N\n"
	"  mem:IFNAME,peer=IFNAME\n"
	"                     a pair of interfaces in memory: mac=, peer_mac=, mtu=N, csum=0|1,\n"
	"                     tso=0|1, sg=0|1\n"
	"  generator:IFNAME,file=PCAP\n"
	"                     its frames arrive while it is up: count=N, vec=N, worker=N, mac=\n"
	"  pcap:IFNAME,in=FILE,out=FILE\n"
	"                     a capture arrives on it, what is sent becomes one: pace=0|1,\n"
	"                     worker=N, mac=\n"
	"  dummy:IFNAME       addresses without a wire\n"
	"  sink:IFNAME        takes every frame: mac=\n";

static struct cli_page page_of(struct cli_option rows[OPT_ROWS_MAX])
{
	options_rows(rows);
	return (struct cli_page){
		.program = "leatd",
		.section = 8,
		.usage = "[OPTION]...",
		.what = "a network stack in user space",
		.text = text,
		.options = rows,
		.more = more,
		.see = "leat(1), leat-run(1), ip(8), sysctl(8)",
	};
}

void page_help(FILE *to)
{
	struct cli_option rows[OPT_ROWS_MAX];
	struct cli_page p = page_of(rows);

	cli_help(&p, to);
}

static void offer_users(const struct cli_offers *o)
{
	struct passwd *pw;

	setpwent();
	while ((pw = getpwent()))
		cli_offer(o, pw->pw_name);
	endpwent();
}

static void ask(const char *kind, const struct cli_offers *o, void *ctx)
{
	static const char *const drivers[] = { "af_packet:", "af_xdp:", "dummy:", "generator:",
					       "mem:",       "pcap:",   "sink:",  "tap:" };

	if (!strcmp(kind, "user"))
		offer_users(o);
	for (unsigned i = 0; i < ARRAY_SIZE(drivers) && !strcmp(kind, "driver"); i++)
		cli_offer(o, drivers[i]);
}

bool page_asked(int argc, char **argv)
{
	struct cli_option rows[OPT_ROWS_MAX];
	struct cli_page p = page_of(rows);
	const struct cli_program program = { .page = &p, .ask = ask };

	if (argc == 2 && !strcmp(argv[1], "--print-man"))
		cli_man(&p, "leat " LEAT_VERSION, stdout);
	else if (argc == 3 && !strcmp(argv[1], "--complete"))
		cli_complete(&program, argv[2], stdout);
	else
		return false;
	return true;
}
