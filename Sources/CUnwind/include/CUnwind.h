/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libunwind, for unwinding copied stacks. Its unw_* names are macros, which Swift does
 * not import; the _Ux86_64_* functions behind them are.
 */
#include <libunwind.h>

/*
 * Looks up the unwind information of an address in a binary search table. The library
 * exports it, but none of its installed headers declares it.
 */
extern int _Ux86_64_dwarf_search_unwind_table(unw_addr_space_t space, unw_word_t address,
					      unw_dyn_info_t *table, unw_proc_info_t *info,
					      int need_unwind_info, void *argument);
