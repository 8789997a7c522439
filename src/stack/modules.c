/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of all modules that are built in. core/modules.def is the list a person reads; the build option `modules` says
 * which of its rows are wanted (LEAT_WITH_name is 1 or 0: built_in.h, which meson writes). */
#include "stack/stack_modules.h"

#include "built_in.h"

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
