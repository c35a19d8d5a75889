/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OTHER_FILE_H
#define OTHER_FILE_H

/* Starts a watch from a second file that includes monitor_user.h. */
#ifdef __cplusplus
extern "C"
#endif
int start_in_other_file(void);

#endif
