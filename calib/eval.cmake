# SPDX-License-Identifier: Apache-2.0
target_sources(mnq_calib PRIVATE)
