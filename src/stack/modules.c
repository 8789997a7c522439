/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of all modules that are built in. core/modules.def is the list a person reads; the build option `modules` says
 * which of its rows are wanted (LEAT_WITH_name is 1 or 0, see meson.build). */
#include "stack/stack_modules.h"

/* Rows whose modules are not there yet: whoever brings one deletes its pair of lines. */
#undef LEAT_WITH_eth
#define LEAT_WITH_eth 0
#undef LEAT_WITH_arp
#define LEAT_WITH_arp 0
#undef LEAT_WITH_ip4
#define LEAT_WITH_ip4 0
#undef LEAT_WITH_ip6
#define LEAT_WITH_ip6 0
#undef LEAT_WITH_icmp4
#define LEAT_WITH_icmp4 0
#undef LEAT_WITH_icmp6
#define LEAT_WITH_icmp6 0
#undef LEAT_WITH_nd
#define LEAT_WITH_nd 0

#define ROW_0(...)
#define ROW_1(...)      __VA_ARGS__
#define ROW_IF(on, ...) ROW_##on(__VA_ARGS__)
#define ROW(on, ...)    ROW_IF(on, __VA_ARGS__)

#define MODULE(name) ROW(LEAT_WITH_##name, extern const struct module name##_module;)
#include "core/modules.def"
#undef MODULE

const struct module *const leat_modules[] = {
#define MODULE(name) ROW(LEAT_WITH_##name, &name##_module, )
#include "core/modules.def"
#undef MODULE
	NULL,
};
