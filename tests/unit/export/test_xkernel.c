/* SPDX-License-Identifier: Apache-2.0
 * The kernels of exports: every target has one for every layer, and what packed layers still read of the file stays there.
 */
#include "export/xkernel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

static const uint8_t operators[] = {MNQ_L_CONV, MNQ_L_DWCONV,  MNQ_L_PW,      MNQ_L_AVGPOOL, MNQ_L_ADD,
                                    MNQ_L_MUL,  MNQ_L_SOFTMAX, MNQ_L_MAXPOOL, MNQ_L_UPSAMPLE};

/* Every target, unpacked layers of 8- and 16-bit weights; the generic kernels serve what no other does. */
static void every_layer_has_a_kernel(void **state)
{
    (void)state;
    for (int t = 0; t < mnq_n_xtargets; t++)
        for (size_t i = 0; i < sizeof operators; i++)
            for (int wide = 0; wide < 2; wide++) {
                struct mnq_layer l = {
                    .op = operators[i], .wtype = wide ? MNQ_W_S16 : MNQ_W_S8, .kh = 3, .kw = 3, .sh = 1, .sw = 1};
                l.h = l.w = l.c = l.oc = l.oh = l.ow = 8;
                if (l.op == MNQ_L_DWCONV) l.mult = 1;
                assert_non_null(mnq_xkernel_of(mnq_xtargets[t].set, &l));
            }
}

/* A plan may sum global pooling row by row, with a generic kernel that knows nothing of packing. */
static void pooling_keeps_bias_and_scale(void **state)
{
    static const enum mnq_xset set[] = {MNQ_XSET_NEON, MNQ_XSET_DOTPROD, MNQ_XSET_I8MM, MNQ_XSET_HVX};
    static const uint8_t packed[64] = {0};

    (void)state;
    for (size_t i = 0; i < sizeof set / sizeof *set; i++) {
        struct mnq_layer l = {.op = MNQ_L_AVGPOOL, .packed = packed, .kh = 4, .kw = 4, .sh = 4, .sw = 4};
        const struct mnq_xkernel *k = mnq_xkernel_of(set[i], &l);
        assert_null(strstr(k->symbol, "_c"));
        assert_int_equal(mnq_xkernel_needs(k, &l) & (MNQ_XNEED_BIAS | MNQ_XNEED_SCALE), MNQ_XNEED_BIAS | MNQ_XNEED_SCALE);
    }
    struct mnq_layer l = {.op = MNQ_L_PW, .packed = packed};
    assert_int_equal(mnq_xkernel_needs(mnq_xkernel_of(MNQ_XSET_HVX, &l), &l), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_layer_has_a_kernel),
        cmocka_unit_test(pooling_keeps_bias_and_scale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
