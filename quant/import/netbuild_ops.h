/* SPDX-License-Identifier: Apache-2.0
 * Further layers as Keras means them: pools, combinations of tensors, resizing, activations with parameters. */
#ifndef MNQ_NETBUILD_OPS_H
#define MNQ_NETBUILD_OPS_H

#include "import/netbuild.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Every function appends a layer and returns the index of its output node, or -1 with e set, as those of netbuild.h do. */

/** MAXPOOL or AVGPOOL with c's window, strides and padding; kh = 0: the whole plane. */
int mnq_build_pool(struct mnq_build *b, enum mnq_op op, const char *name, int in, struct mnq_conv c, struct mnq_err *e);
/** Conv2DTranspose; more: its output_padding, rows and columns, or NULL. */
int mnq_build_tconv(struct mnq_build *b, const char *name, int in, struct mnq_conv c, const int *more, struct mnq_err *e);
int mnq_build_crop(struct mnq_build *b, const char *name, int in, int top, int bottom, int left, int right,
                   struct mnq_err *e);
int mnq_build_upsample(struct mnq_build *b, const char *name, int in, int kh, int kw, bool bilinear, struct mnq_err *e);
/** Channel (y kw + x) C + c becomes channel c of pixel (y, x) of a kh x kw block: TensorFlow's depth_to_space. */
int mnq_build_spread(struct mnq_build *b, const char *name, int in, int kh, int kw, struct mnq_err *e);
/** f x + g y. */
int mnq_build_sum(struct mnq_build *b, const char *name, int x, float f, int y, float g, struct mnq_err *e);
/** The larger (or smaller) of two tensors: x + relu(y - x), x - relu(x - y). */
int mnq_build_extreme(struct mnq_build *b, const char *name, int x, int y, bool larger, struct mnq_err *e);
/** Channels of n tensors one after the other. */
int mnq_build_concat(struct mnq_build *b, const char *name, const int *in, int n, struct mnq_err *e);
/** Rows (or columns) of n tensors one after the other: each with zeros around, and their sum. */
int mnq_build_join(struct mnq_build *b, const char *name, const int *in, int n, bool rows, struct mnq_err *e);
/** Channels map[0 .. n - 1] of a tensor; map is copied. */
int mnq_build_select(struct mnq_build *b, const char *name, int in, const int *map, int n, struct mnq_err *e);
/** An activation with the parameters in `like`. */
int mnq_build_curve(struct mnq_build *b, const char *name, int in, const struct mnq_node *like, struct mnq_err *e);
/** PReLU, which waits for its slopes: of the shape of `in`, or 1 in directions that share them. Those of pixels must come
 *  out equal. */
int mnq_build_prelu(struct mnq_build *b, const char *name, int in, struct mnq_shape slopes, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
