/* SPDX-License-Identifier: Apache-2.0
 * Errors of the host side: one line that names the subject, what was found and what was wanted. */
#ifndef MNQ_ERR_H
#define MNQ_ERR_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Exit classes of the command line; they travel with the error. */
enum mnq_exit { MNQ_EXIT_OK = 0, MNQ_EXIT_FAILED = 1, MNQ_EXIT_USAGE = 2, MNQ_EXIT_GATE = 3, MNQ_EXIT_INTERRUPTED = 130 };

/** Whether a recipe is to blame, so that another one may do better. */
enum mnq_unfit {
    MNQ_UNFIT_NOT,    /* it is not */
    MNQ_UNFIT_RECIPE, /* it asks for what this network, its samples or the core do not have */
    MNQ_UNFIT_CUT,    /* it asks for more channels to leave than can */
    MNQ_UNFIT_BUDGET, /* its budgets are not met */
    MNQ_UNFIT_FLASH   /* that of flash among them */
};

/** Filled by the function that fails; callers may add context in front. */
struct mnq_err {
    int code; /* enum mnq_exit; 0 while nothing failed */
    char msg[1000];
    enum mnq_unfit unfit;
};

/** Sets e (unless it already holds an error, e may be NULL) and returns -1. Control characters are escaped (util/plain.h):
 * one line, always.
 */
int mnq_fail(struct mnq_err *e, int code, const char *fmt, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

/** The same for what a recipe is to blame for. */
int mnq_fail_unfit(struct mnq_err *e, enum mnq_unfit unfit, int code, const char *fmt, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 4, 5)))
#endif
    ;

/** Puts "where: " in front of the message and returns -1. */
int mnq_fail_in(struct mnq_err *e, const char *where);

/** mnq_fail for failed allocations, returns -1. */
int mnq_fail_nomem(struct mnq_err *e);

/** Whether what failed was an allocation: that says nothing of the input. */
bool mnq_err_nomem(const struct mnq_err *e);

/** What errno says; of want of memory in the same words as mnq_fail_nomem(). */
const char *mnq_errno_text(void);

#ifdef __cplusplus
}
#endif
#endif
