/* SPDX-License-Identifier: Apache-2.0 */
/*
 * liblzma, for the symbol tables that stripped programs carry compressed (`.gnu_debugdata`).
 * Its macros for initial values and for 64-bit limits are not imported by Swift.
 */
#include <lzma.h>
