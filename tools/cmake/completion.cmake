# SPDX-License-Identifier: Apache-2.0
# Completions for bash, zsh and fish: printed by the program from its option tables.
set(completions)
foreach(shell bash zsh fish)
  set(file ${CMAKE_CURRENT_BINARY_DIR}/completion.${shell})
  add_custom_command(OUTPUT ${file} COMMAND mnquant completion ${shell} > ${file} DEPENDS mnquant VERBATIM)
  list(APPEND completions ${file})
endforeach()
add_custom_target(completions ALL DEPENDS ${completions})
set(at ${CMAKE_CURRENT_BINARY_DIR}/completion)
install(FILES ${at}.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME mnquant)
install(FILES ${at}.zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions RENAME _mnquant)
install(FILES ${at}.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d RENAME mnquant.fish)
