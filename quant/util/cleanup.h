/* SPDX-License-Identifier: Apache-2.0
 * Unfinished files, removed however the program ends. */
#ifndef MNQ_CLEANUP_H
#define MNQ_CLEANUP_H

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Notes a file that must not outlive the program; call it between mnq_cleanup_hold() and mnq_cleanup_release(), as the
 * file comes into being.
 * dir     an open directory, kept until the file is forgotten
 * name    in it, fewer than 40 bytes
 * return  a number for mnq_cleanup_forget(), -1 if too many are noted
 */
int mnq_cleanup_note(int dir, const char *name);
void mnq_cleanup_forget(int number);

/** Removes all that is noted. */
void mnq_cleanup_now(void);

/** Between these a signal waits: what must not be torn apart. They nest. */
void mnq_cleanup_hold(void);
void mnq_cleanup_release(void);

/**
 * Catches every signal that would end the program (HUP, INT, QUIT, PIPE, ALRM, TERM, USR1, XCPU, ..., faults and real-time
 * ones too): what is noted is removed, then `last` of the first call is called (only what may be done in a handler) and the
 * program ends with code 128 + signal; after a fault by the same signal, so that a core is left as usual.
 * Signals that are ignored, or that somebody else handles, stay so. SIGXFSZ becomes ignored: a limit on file size fails the
 * write as a full disk does, and is reported like it.
 */
void mnq_cleanup_catch(void (*last)(void));

/** In a child process: every signal acts as it does by default, and nothing noted is this process's. */
void mnq_cleanup_child(void);

#ifdef __cplusplus
}
#endif
#endif
