# SPDX-License-Identifier: Apache-2.0
target_sources(mnq_calib PRIVATE prune.c prune_magnitude.c prune_pattern.c)
