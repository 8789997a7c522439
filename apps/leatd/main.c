/* SPDX-License-Identifier: BSD-2-Clause */
/* leatd, the daemon: one stack on the real runtime.
 *
 * Order of the start, and why: the control socket first, while there are rights to make its directory, and because a second
 * daemon of the name must end before it touches anything; then the helper, before there are threads; then the rights
 * go, and everything that looks at packets or clients comes after that. */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "daemon.h"
#include "net/iface.h"
#include "net/sysctl.h"
#include "page.h"
#include "pkt/pkt.h"
#include "rights.h"
#include "rt/rt.h"
#include "stack/stack_modules.h"

/* One line: what was wrong, and what to do where that is not the same. */
int cold_fn daemon_give_up(int err, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	fputs("leatd: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	return err;
}

/* glibc gives the end of the heap back to the kernel as soon as 128 KiB of it are free (twice the largest block that was ever
 * freed, if that is more): while tables and messages come and go that is again and again, and each time the pages of
 * megabytes go one by one, and workers that touch new memory wait meanwhile: 3 to 11 ms each (measured). So small amounts
 * stay, to be used again, and only many at once go back. Saying so ends glibc's own adjusting, which would let it take
 * blocks of up to 32 MiB from the heap: a large table or a saved stack's text goes by mmap(), and back when it is freed. */
static void settle_heap(void)
{
	mallopt(M_TRIM_THRESHOLD, 64 << 20);
	mallopt(M_TOP_PAD, 1 << 20);
	mallopt(M_MMAP_THRESHOLD, 1 << 20);
}

/* --- before the rights go --- */

static int listen_for_clients(struct daemon *d)
{
	int err = sockd_path(d->opt.name, d->sock_path, sizeof d->sock_path);
	if (err)
		return daemon_give_up(
			err, "\"%s\" cannot be the name of a daemon: use letters, digits, '.', '_' and '-'",
			d->opt.name);
	err = sockd_lock(d->sock_path, &d->lock_fd);
	if (!err)
		err = sockd_listen(d->sock_path, &d->listen_fd);
	if (err == -EADDRINUSE)
		return daemon_give_up(
			err,
			"a leatd named \"%s\" is running already (%s): choose another with --name, or take "
			"its place with --take-over",
			d->opt.name, d->sock_path);
	if (err)
		return daemon_give_up(err, "cannot listen at %s: %s", d->sock_path, strerror(-err));
	return 0;
}

/* While we still have the rights of whoever started us: the file is theirs. */
static int open_saved(struct daemon *d)
{
	if (!d->opt.restore[0])
		return 0;
	d->saved_fd = open(d->opt.restore, O_RDONLY | O_CLOEXEC);
	return d->saved_fd < 0
		       ? daemon_give_up(-errno,
					"cannot read %s: %s; --restore takes what `leat save FILE` wrote",
					d->opt.restore, strerror(errno))
		       : 0;
}

static int part_with_rights(struct daemon *d)
{
	bool root = geteuid() == 0;
	uid_t uid = 0;
	gid_t gid = 0;
	int err = 0;
	if (root && !d->opt.user && rights_find_user(d->opt.run_as, &uid, &gid))
		return daemon_give_up(
			-ENOENT, "there is no user \"%s\" to run as: create it, or choose one with --run-as",
			d->opt.run_as);
	if (d->opt.user && d->taking < 0)
		err = rights_own_namespace();
	if (err)
		return daemon_give_up(
			err, "cannot make a user namespace: %s (is kernel.unprivileged_userns_clone off?)",
			strerror(-err));
	if ((root || d->opt.user) && d->taking < 0)
		err = helper_start(&d->helper, d->sock_path, d->calls);
	if (err)
		return daemon_give_up(err, "cannot start the privileged helper: %s", strerror(-err));
	if (d->opt.config[0])
		err = configure_prepare(&d->configure, d->opt.name, d->opt.config, !d->opt.take_over);
	if (err)
		return daemon_give_up(err, "cannot start the process that applies %s: %s", d->opt.config,
				      strerror(-err));
	err = rights_drop(root && !d->opt.user, uid, gid);
	if (err)
		return daemon_give_up(err, "cannot give up the rights of root: %s", strerror(-err));
	return 0;
}

/* --- the stack --- */

int daemon_open_device(struct daemon *d, char *words)
{
	char why[256] = "", *ifname = strchr(words, ':'), *options;
	*ifname++ = 0;
	options = strchr(ifname, ',');
	if (options)
		*options++ = 0;
	struct iface_kind *k = iface_kind_find(d->st, words);
	if (!k)
		return daemon_give_up(-ENODEV,
				      "--dev %s:%s: there is no driver \"%s\"; leatd --help lists them",
				      words, ifname, words);
	int err = k->open(d->st, ifname, options ? options : "", why, sizeof why);
	if (err)
		return daemon_give_up(err, "--dev %s:%s: %s", words, ifname, *why ? why : strerror(-err));
	return 0;
}

static int make_stack(struct daemon *d)
{
	uint64_t budget = (uint64_t)d->opt.budget_mib << 20;
	struct rt_opts o = {
		.poll = d->opt.poll,
		.pin = d->opt.pin,
		.budget_bytes = budget,
		.log_level = d->opt.verbose ? LOG_DEBUG : LOG_INFO,
		.log_name = "leatd",
	};
	int err = rt_new(d->opt.workers, &o, &d->rt);
	if (!err)
		err = pkt_pools_init(d->rt, budget / 2 / d->opt.workers);
	d->pools = !err;
	if (!err)
		err = stack_new(d->rt, d->opt.name, d->opt.workers, leat_modules, &d->st);
	if (!err) {
		/* A stack full of routes leaves room for packets. */
		d->st->mem.limit_bytes = d->rt->mem.limit_bytes - d->rt->mem.limit_bytes / 8;
		dev_host_register(d->st, &d->helper.host);
	}
	if (err)
		return daemon_give_up(err, "cannot make the stack: %s%s", strerror(-err),
				      err == -ENOMEM ? " (raise --budget)" : "");
	return 0;
}

/* Those that were given when n devices had been named. */
static int set_settings(struct daemon *d, unsigned n_devs)
{
	char why[256] = "";
	for (unsigned i = 0; i < d->opt.n_settings; i++) {
		char *name = d->opt.setting[i].words, *value = strchr(name, '=');
		if (d->opt.setting[i].n_devs != n_devs)
			continue;
		*value++ = 0;
		name[strcspn(name, " \t")] = 0;
		int err = sysctl_set(d->st, name, value, why, sizeof why);
		if (err)
			return daemon_give_up(err, "sysctl: %s", why);
	}
	return 0;
}

/* What was saved holds: it comes last. */
static int fill_stack(struct daemon *d)
{
	char why[512] = "";
	int err = set_settings(d, 0);
	for (unsigned i = 0; i < d->opt.n_devs && !err; i++) {
		err = daemon_open_device(d, d->opt.dev[i]);
		if (!err)
			err = set_settings(d, i + 1);
	}
	if (err)
		return err;
	if (d->saved_fd < 0)
		return 0;
	err = stack_restore_fd(d->st, d->saved_fd, d->opt.restore, why, sizeof why);
	close(d->saved_fd);
	d->saved_fd = -1;
	return err ? daemon_give_up(err, "cannot restore %s; --restore takes what `leat save FILE` wrote",
				    *why ? why : strerror(-err))
		   : 0;
}

/* --- serving --- */

static void on_signal(struct fd_watch *w, struct lcore *lc, uint32_t events)
{
	struct signalfd_siginfo info;
	struct daemon *d = container_of(w, struct daemon, signals);
	if (read(w->fd, &info, sizeof info) != sizeof info)
		return;
	/* A terminal that hangs up says so to all that were started in it. The program that would apply the file
	 * takes rights that we gave up. */
	if (info.ssi_signo == SIGHUP) {
		rt_log(lc->rt, LOG_WARN,
		       "SIGHUP changes nothing: `leat -n %s reload` applies the configuration file",
		       d->opt.name);
		return;
	}
	rt_log(lc->rt, LOG_INFO, "ends: %s from process %u", info.ssi_signo == SIGINT ? "SIGINT" : "SIGTERM",
	       info.ssi_pid);
	notify_say(&d->notify, "STOPPING=1");
	rt_stop(lc->rt);
}

static int watch_signals(struct daemon *d)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	d->signals = (struct fd_watch){ .fd = fd, .events = EPOLLIN, .ready = on_signal };
	return d->rt->ops->fd_watch(d->rt, d->rt->ctl, &d->signals);
}

/* Devices are open and go on; what needs the helper says so from now on. Its descriptor stays, as the answer to that. */
static void on_helper_end(struct fd_watch *w, struct lcore *lc, uint32_t events)
{
	struct daemon *d = container_of(w, struct daemon, helper_end);
	char how[64] = "";
	lc->rt->ops->fd_unwatch(lc->rt, lc, w);
	int status = helper_reap(&d->helper);
	if (WIFSIGNALED(status))
		snprintf(how, sizeof how, " (killed by signal %d)", WTERMSIG(status));
	rt_log(lc->rt, LOG_ERROR,
	       "the privileged helper has ended%s: traffic goes on, but no device can be opened, and "
	       "interfaces stay held "
	       "when leatd ends, until the next leatd starts in this network namespace",
	       how);
}

/* No event is asked for: that the other end is closed is always told, and answers are read by who asked. */
static int watch_helper(struct daemon *d)
{
	if (d->helper.fd < 0)
		return 0;
	d->helper_end = (struct fd_watch){ .fd = d->helper.fd, .ready = on_helper_end };
	return d->rt->ops->fd_watch(d->rt, d->rt->ctl, &d->helper_end);
}

static int make_sockd(struct daemon *d)
{
	int fd = dup(d->listen_fd), err = fd < 0 ? -errno : sockd_new(d->st, fd, &d->sockd);
	if (err && fd >= 0)
		close(fd);
	return err;
}

/* The command line may name devices that the other did not have. */
static void open_missing(struct daemon *d)
{
	char name[OPT_WORD_MAX];
	for (unsigned i = 0; i < d->opt.n_devs; i++) {
		snprintf(name, sizeof name, "%s", strchr(d->opt.dev[i], ':') + 1);
		name[strcspn(name, ",")] = 0;
		if (!iface_by_name(d->st, name))
			daemon_open_device(d, d->opt.dev[i]);
	}
}

static void say_ready(struct daemon *d)
{
	puts("ready");
	fflush(stdout);
	notify_say(&d->notify, "READY=1\nMAINPID=%d\nSTATUS=%u workers, %u devices by the command line",
		   (int)getpid(), d->opt.workers, d->opt.n_devs);
}

static void on_configured(struct fd_watch *w, struct lcore *lc, uint32_t events)
{
	struct daemon *d = container_of(w, struct daemon, configured);
	lc->rt->ops->fd_unwatch(lc->rt, lc, w);
	bool fine = configure_end(&d->configure);
	/* Who takes over has what the other had; it would be worse to end. `leat restart` reads this. */
	if (!fine && d->opt.take_over)
		printf("not all of %s could be applied\n", d->opt.config);
	if (fine || d->opt.take_over) {
		say_ready(d);
		return;
	}
	d->failed = true;
	rt_stop(lc->rt);
}

/* The lcores run. */
static void on_begin(struct lcore *lc, struct timer *t)
{
	struct daemon *d = container_of(t, struct daemon, begin);
	if (d->opt.take_over)
		open_missing(d);
	if (!d->configure.pid) {
		say_ready(d);
		return;
	}
	d->configured =
		(struct fd_watch){ .fd = d->configure.pid_fd, .events = EPOLLIN, .ready = on_configured };
	int err = lc->rt->ops->fd_watch(lc->rt, lc, &d->configured);
	if (!err)
		err = configure_start(&d->configure);
	d->failed = err;
	if (err)
		rt_stop(lc->rt);
}

/* Threads that are started later have the same filter. */
static int filter_calls(struct daemon *d)
{
	int err = calls_of_daemon(d->calls);
	if (err == -ENOSYS) {
		rt_log(d->rt, LOG_WARN,
		       "no filter of system calls: the kernel, or what this runs under, has none");
		return 0;
	}
	return err ? daemon_give_up(err, "cannot filter system calls: %s (LEAT_SECCOMP=off does without)",
				    strerror(-err))
		   : 0;
}

static int serve(struct daemon *d)
{
	int err = watch_signals(d);
	if (!err)
		err = watch_helper(d);
	if (!err && !d->sockd)
		err = make_sockd(d);
	if (err)
		return daemon_give_up(err, "cannot serve clients: %s", strerror(-err));
	sockd_on_take_over(d->sockd, give_start, d);
	timer_init(&d->begin, on_begin);
	lcore_timer_in(d->rt->ctl, &d->begin, 0);
	notify_watch(&d->notify, d->rt);
	err = filter_calls(d);
	if (d->taking >= 0 && (err || take_place(d)))
		_exit(1);
	if (err)
		return err;
	err = rt_run(d->rt);
	if (err)
		return daemon_give_up(err, "cannot start threads: %s", strerror(-err));
	return d->failed ? -EINVAL : 0;
}

/* The tree from its leaves: sockets, devices with their interfaces, runtime; then the helper gives back what it opened. 0 or
 * -errno. */
static int close_all(struct daemon *d)
{
	if (d->giving.fd >= 0)
		close(d->giving.fd);
	unlink(d->sock_path); /* where this user may; else the helper does. Before it is closed, so that it is still ours */
	sockd_free(d->sockd);
	stack_free(d->st);
	if (d->pools)
		pkt_pools_done(d->rt);
	rt_free(d->rt);
	if (d->signals.fd > 0)
		close(d->signals.fd);
	if (d->listen_fd >= 0)
		close(d->listen_fd);
	if (d->lock_fd >= 0)
		close(d->lock_fd);
	configure_end(&d->configure);
	notify_done(&d->notify);
	if (helper_stop(&d->helper))
		return 0;
	return daemon_give_up(
		-EIO,
		"not given back, because the privileged helper was killed: %s; the next leatd in this "
		"network "
		"namespace does it when it starts",
		d->helper.kept);
}

static int run(struct daemon *d)
{
	int err = part_with_rights(d);
	if (!err)
		err = make_stack(d);
	if (!err)
		err = d->taking >= 0 ? take_state(d) : fill_stack(d);
	/* All that we have is still the other's, who goes on. */
	if (err && d->taking >= 0)
		_exit(1);
	return err ? err : serve(d);
}

int main(int argc, char **argv)
{
	static struct daemon daemon = { .notify.fd = -1,
					.listen_fd = -1,
					.lock_fd = -1,
					.saved_fd = -1,
					.taking = -1,
					.log_fd = -1,
					.giving.fd = -1 };
	struct daemon *d = &daemon;
	if (page_asked(argc, argv))
		return fflush(stdout) ? 1 : 0;
	settle_heap();
	helper_none(&d->helper);
	int bad = options_parse(&d->opt, argc, argv, stderr);
	if (d->opt.check && check_names(&d->opt, stderr))
		bad = -EINVAL;
	if (bad)
		return 2;
	if (calls_mode(&d->calls))
		return fputs("leatd: LEAT_SECCOMP is refuse, kill or off\n", stderr) < 0 ? 1 : 2;
	notify_init(&d->notify);
	if (d->opt.help) {
		page_help(stdout);
		return 0;
	}
	if (d->opt.version)
		return printf("leatd %s\n", LEAT_VERSION) < 0;
	if (d->opt.check)
		return printf("%s: nothing is wrong with it (%u devices, %u settings, %u lines of ip); "
			      "interfaces, options of devices and what ip says to its lines are not looked "
			      "at\n",
			      d->opt.config, d->opt.n_devs, d->opt.n_settings, d->opt.n_ip) < 0;
	rights_more_descriptors();
	if (d->opt.take_over ? take_hello(d) : open_saved(d) || listen_for_clients(d))
		return 1;
	int err = run(d);
	int close_err = close_all(d);
	return err || close_err ? 1 : 0;
}
