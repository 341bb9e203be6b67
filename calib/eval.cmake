# SPDX-License-Identifier: Apache-2.0
target_sources(mnq_calib PRIVATE compare.c evaluate.c recipe.c subject.c)
