/* SPDX-License-Identifier: Apache-2.0 */
/* The target is its headers; a C target needs one file to compile. */
