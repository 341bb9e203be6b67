/* SPDX-License-Identifier: Apache-2.0
 * The model and the inputs, as they are in their files. */
    .syntax unified
    .section .rodata.blobs, "a", %progbits
    .balign 16
    .global model_bytes, model_end, input_bytes, input_end
model_bytes:
    .incbin MODEL_FILE
model_end:
    .balign 16
input_bytes:
    .incbin INPUT_FILE
input_end:
