# SPDX-License-Identifier: Apache-2.0
target_sources(mnq_calib PRIVATE
  compare.c compare_alone.c evaluate.c paired.c recipe.c recipe_assign.c recipe_key.c recipe_rules.c recipe_text.c rules.c stored.c subject.c)
