/* SPDX-License-Identifier: Apache-2.0 */
/* zlib: pprof's profiles are compressed with it. */
#include <zlib.h>
