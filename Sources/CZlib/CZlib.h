/* SPDX-License-Identifier: Apache-2.0 */
/* zlib: recordings keep kernel symbols compressed, and pprof's profiles are compressed. */
#include <zlib.h>
