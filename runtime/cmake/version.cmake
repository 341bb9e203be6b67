# SPDX-License-Identifier: Apache-2.0
# MNQ_VERSION, as include/mnq/mnq.h states it.
file(STRINGS ${CMAKE_CURRENT_LIST_DIR}/../include/mnq/mnq.h MNQ_VERSION REGEX "^#define MNQ_VERSION_(MAJOR|MINOR|PATCH) [0-9]+$")
list(TRANSFORM MNQ_VERSION REPLACE "^.* " "")
list(JOIN MNQ_VERSION "." MNQ_VERSION)
