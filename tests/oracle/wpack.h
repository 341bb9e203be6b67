/* SPDX-License-Identifier: Apache-2.0
 * Writes compressed weights as FORMAT.md says, for tests: from plain integers, without any check.
 *
 * The integers of a layer of c inputs and oc outputs, in this order:
 *     S4, SPARSE, SPARSE4, TERNARY  weights [oc][c]
 *     BINARY                        signs +-1 [oc][field][c], then coefficients [oc][field]
 *     XNOR                          signs +-1 [oc][c], then thresholds [c]
 * `field` is LAYR's at 18: block length of SPARSE and SPARSE4, bases of BINARY. */
#ifndef MNQ_WPACK_H
#define MNQ_WPACK_H

#include <stddef.h>
#include <stdint.h>

enum { WP_S4 = 3, WP_SPARSE, WP_BINARY, WP_XNOR, WP_SPARSE4 = 8, WP_TERNARY };

/** The compressed types one after the other, from WP_S4 on; 0 behind the last: for (t = WP_S4; t; t = mnq_wpack_next(t)). */
int mnq_wpack_next(int wtype);

/** Whether it is SPARSE or SPARSE4. */
int mnq_wpack_sparse(int wtype);

/** How many integers there are. */
size_t mnq_wpack_count(int wtype, int c, int oc, int field);

/** Bytes that they take; SPARSE and SPARSE4 store the blocks that are not all zero. */
size_t mnq_wpack_size(int wtype, int c, int oc, int field, const int32_t *v);

/** Writes those bytes. */
void mnq_wpack_write(int wtype, int c, int oc, int field, const int32_t *v, uint8_t *to);

#endif
