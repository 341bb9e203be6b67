/* SPDX-License-Identifier: Apache-2.0
 * The model, and inputs if there are any, as they are in their files. */
#ifdef __arm__
    .syntax unified
#endif
    .section .rodata.blobs, "a", %progbits
    .balign 16
    .global model_bytes, model_end, input_bytes, input_end
model_bytes:
    .incbin MODEL_FILE
model_end:
    .balign 16
input_bytes:
#ifdef INPUT_FILE
    .incbin INPUT_FILE
#endif
input_end:
