# Adds to each Debian package what Debian asks for: copyright, changelog, compressed man pages, lintian overrides, and a
# list of the files that are not to be compiled.
# CPack runs this script between installing and packing.

string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)  # SOURCE_DATE_EPOCH
set(here ${CMAKE_CURRENT_LIST_DIR})
file(READ ${here}/../../LICENSE licence)
foreach(pair ${CPACK_CGI_PACKAGES})
  string(REPLACE "=" ";" pair ${pair})
  list(GET pair 0 component)
  list(GET pair 1 package)
  set(share ${CPACK_TEMPORARY_DIRECTORY}/${component}/usr/share)
  set(doc ${share}/doc/${package})
  file(WRITE ${doc}/copyright "${licence}")
  if(NOT component STREQUAL conform AND EXISTS /usr/share/doc/libcli11-dev/copyright)
    file(READ /usr/share/doc/libcli11-dev/copyright text)
    file(APPEND ${doc}/copyright "\nThe programs contain CLI11:\n\n${text}")
  endif()
  file(WRITE ${doc}/changelog "${package} (${CPACK_PACKAGE_VERSION}) stable; urgency=medium\n\n"
       "  * Release ${CPACK_PACKAGE_VERSION}.\n\n -- ${CPACK_PACKAGE_CONTACT}  ${date}\n")
  file(GLOB pages ${share}/man/man1/*.1)
  execute_process(COMMAND gzip -9n ${doc}/changelog ${pages} COMMAND_ERROR_IS_FATAL ANY)
  foreach(place lintian/overrides python3/bcep)
    string(REPLACE "/" "-" name ${place})
    if(EXISTS ${here}/${package}/${name})
      configure_file(${here}/${package}/${name} ${share}/${place}/${package} COPYONLY)
    endif()
  endforeach()
endforeach()
