# SPDX-License-Identifier: Apache-2.0
# Manual pages, written by hand; tests/unit/tools compares their OPTIONS with the option tables.
set(man_pages mnquant.1 mnquant-bench.1 mnquant-calibrate.1 mnquant-compare.1 mnquant-eval.1 mnquant-export.1 mnquant-fit.1 mnquant-import.1 mnquant-inspect.1 mnquant-prune.1
  mnquant-run.1 mnquant-sweep.1 mnquant-tune.1)
list(TRANSFORM man_pages PREPEND ${CMAKE_CURRENT_LIST_DIR}/)
install(FILES ${man_pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/mnq.5 ${CMAKE_CURRENT_LIST_DIR}/mnquant-yaml.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
