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

/* In both pages. */
#define DRIVERS                                                                                    \
	"Drivers and their keys:\n\n"                                                              \
	"  af_packet:IFNAME   hold an existing interface: vnet=0|1, lcore=N, queues=N,\n"          \
	"                     fanout=hash|cpu|qm, ring=2|3, slots=N, split=N\n"                    \
	"  af_xdp:IFNAME      the same through AF_XDP: queues=N, lcore=N,\n"                       \
	"                     mode=auto|zerocopy|copy|generic, slots=N\n"                          \
	"  tap:IFNAME         make or attach to a TAP device: vnet=0|1, lcore=N, queues=N,\n"      \
	"                     mac=XX:XX:XX:XX:XX:XX, mtu=N\n"                                      \
	"  mem:IFNAME,peer=IFNAME\n"                                                               \
	"                     a pair of interfaces in memory: mac=, peer_mac=, mtu=N, csum=0|1,\n" \
	"                     tso=0|1, sg=0|1\n"                                                   \
	"  generator:IFNAME,file=PCAP\n"                                                           \
	"                     its frames arrive while it is up: count=N, vec=N, worker=N, mac=\n"  \
	"  pcap:IFNAME,in=FILE,out=FILE\n"                                                         \
	"                     a capture arrives on it, what is sent becomes one: pace=0|1,\n"      \
	"                     worker=N, mac=\n"                                                    \
	"  dummy:IFNAME       addresses without a wire\n"                                          \
	"  sink:IFNAME        takes every frame: mac=\n"

static const char more[] = "Options may stand in a file: leatd.conf(5).\n\n" DRIVERS;

/* As daemon.md has them at length. */
static const struct cli_section sections[] = {
	{ "EXIT STATUS", "0 when SIGTERM or SIGINT ended it, another leatd took its place, or `--check` "
			 "found nothing; 1 when it could not start, or could not "
			 "give an interface back (the line says which); 2 when an option or a line of the "
			 "file is wrong.\n" },
	{ "SIGNALS", "SIGTERM and SIGINT end it: interfaces are given back. SIGHUP is only logged: `leat "
		     "reload` applies a changed file. However it "
		     "ends, SIGKILL included, its helper gives the interfaces back.\n" },
	{ "ENVIRONMENT", "`LEAT_RUNDIR`: where sockets are, instead of /run/leat, or of "
			 "$XDG_RUNTIME_DIR/leat without root. `LEAT_SECCOMP`: what becomes of a "
			 "system call that leatd has no use for: refuse (EPERM), kill, off. `NOTIFY_SOCKET`, "
			 "`WATCHDOG_USEC`: as systemd "
			 "sets them.\n" },
	{ "FILES", "/etc/leat/NAME.conf is what leatd@NAME.service reads. /run/leat/NAME.sock is where "
		   "clients find it, /run/leat/NAME.conf what it applied "
		   "last.\n" },
	{ "EXAMPLES", "A router between two interfaces of a network namespace:\n\n"
		      "  ip netns exec r leatd --name r1 --dev af_packet:veth0 --dev af_packet:veth1 &\n"
		      "  leat run -n r1 -- ip address add 192.0.2.1/24 dev veth0\n" },
	{ 0 },
};

static const char file_text[] = "A line is an option of leatd(8) without its dashes, its value behind it, or "
				"a command of ip(8); # begins a comment. Devices are "
				"opened first, then settings are made, then the lines of `ip` are executed "
				"in their order, by ip(8), in leat's network. What is "
				"wrong is named by file and line, and leatd does not start; `leatd --check "
				"FILE` looks without starting, `leat reload` "
				"applies what has changed to a daemon that runs.\n";

static const struct cli_section file_sections[] = {
	{ "EXAMPLES", "  name r1\n"
		      "  workers 2\n"
		      "  dev af_packet:eth1\n"
		      "  dev af_packet:eth2\n"
		      "  sysctl net.ipv4.ip_forward = 1\n"
		      "  ip link set eth1 up\n"
		      "  ip link set eth2 up\n"
		      "  ip address add 192.0.2.1/24 dev eth1\n"
		      "  ip route add default via 192.0.2.254\n" },
	{ 0 },
};

static struct cli_page file_page_of(struct cli_option rows[OPT_ROWS_MAX])
{
	options_rows(rows, true);
	return (struct cli_page){
		.program = "leatd.conf",
		.section = 5,
		.usage = "/etc/leat/NAME.conf",
		.what = "what a network stack in user space begins with",
		.text = file_text,
		.options = rows,
		.more = DRIVERS,
		.sections = file_sections,
		.of_file = true,
		.see = "leatd(8), leat-reload(1), ip(8), sysctl(8)",
	};
}

static struct cli_page page_of(struct cli_option rows[OPT_ROWS_MAX])
{
	options_rows(rows, false);
	return (struct cli_page){
		.program = "leatd",
		.section = 8,
		.usage = "[OPTION]...",
		.what = "a network stack in user space",
		.text = text,
		.options = rows,
		.more = more,
		.sections = sections,
		.see = "leatd.conf(5), leat(1), leat-run(1), ip(8), sysctl(8)",
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
	struct cli_option rows[OPT_ROWS_MAX], words[OPT_ROWS_MAX];
	struct cli_page p = page_of(rows), file = file_page_of(words);
	const struct cli_program program = { .page = &p, .ask = ask };

	if (argc == 2 && !strcmp(argv[1], "--print-man"))
		cli_man(&p, "leat " LEAT_VERSION, stdout);
	else if (argc == 3 && !strcmp(argv[1], "--print-man") && !strcmp(argv[2], "conf"))
		cli_man(&file, "leat " LEAT_VERSION, stdout);
	else if (argc == 3 && !strcmp(argv[1], "--complete"))
		cli_complete(&program, argv[2], stdout);
	else
		return false;
	return true;
}
