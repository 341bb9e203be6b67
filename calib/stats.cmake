# SPDX-License-Identifier: Apache-2.0
target_sources(mnq_calib PRIVATE assign.c auto.c calibrate.c drop.c logits.c observe.c refine.c sensitivity.c sequential.c targets.c views.c wide.c)
target_link_libraries(mnq_calib PRIVATE mnq_host_kernels)
