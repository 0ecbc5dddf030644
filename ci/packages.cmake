# Man pages, completions and licences of the three programs, and their Debian packages: `cpack` makes one for each
# component. ci/debs builds them.

set(components server dev conform)
set(package_of_server cgi-server)
set(package_of_dev libcgi-server-dev)
set(package_of_conform cgi-conform)
if(TARGET cgi-bench)
  list(APPEND components bench)
  set(package_of_bench cgi-bench)
endif()

# The targets `man` and `completions` make these files.
foreach(component server conform bench)
  set(only COMPONENT ${component} OPTIONAL FILES_MATCHING PATTERN "*cgi-${component}*")
  install(DIRECTORY ${CMAKE_BINARY_DIR}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 ${only})
  install(DIRECTORY ${CMAKE_BINARY_DIR}/completions/bash/ DESTINATION share/bash-completion/completions ${only})
  install(DIRECTORY ${CMAKE_BINARY_DIR}/completions/zsh/ DESTINATION share/zsh/vendor-completions ${only})
  install(DIRECTORY ${CMAKE_BINARY_DIR}/completions/fish/ DESTINATION share/fish/vendor_completions.d ${only})
endforeach()

set(CGI_DEBIAN_SUFFIX "" CACHE STRING "Appended to the version of the Debian packages, such as ~deb12")
set(CGI_MAINTAINER "The cgi-conform authors <cgi-conform@example.org>" CACHE STRING "Maintainer of the Debian packages")
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME cgi-conform)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION}${CGI_DEBIAN_SUFFIX})
set(CPACK_PACKAGE_CONTACT ${CGI_MAINTAINER})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL ${components})
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_SOURCE_DIR}/ci/debian/documents.cmake)
set(CPACK_VERBATIM_VARIABLES ON)

set(CPACK_COMPONENT_SERVER_DESCRIPTION "web server for files and CGI scripts, as Python's CGIHTTPServer
It serves a directory and runs the scripts below cgi-bin, as
\"python3 -m http.server --cgi\" did until Python 3.14. It can also follow
CGI/1.1 (RFC 3875).")
set(CPACK_COMPONENT_DEV_DESCRIPTION "web server for CGI scripts - headers and static library
A C++ program embeds the server with the class cgi::Server. CMake finds it
by find_package(cgi-server), as the target cgi::server.")
set(CPACK_COMPONENT_CONFORM_DESCRIPTION "conformance suite for servers that run CGI scripts
It tries over a thousand cases on a server over real sockets, and says which
differ from Python's CGIHTTPServer or from CGI/1.1 (RFC 3875), and why. The
package has the fixtures, and a server with deliberate defects that proves
that each case can fail.")
set(CPACK_COMPONENT_BENCH_DESCRIPTION "benchmarks of servers that run CGI scripts
It measures several servers in one interleaved run on Google Benchmark,
checks each answer, and reports ratios with intervals.")

foreach(component ${components})
  string(TOUPPER ${component} upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${package_of_${component}})
  set(CPACK_DEBIAN_${upper}_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_${upper}_PACKAGE_PRIORITY optional)
  set(scripts ${CMAKE_SOURCE_DIR}/ci/debian/${package_of_${component}})
  if(IS_DIRECTORY ${scripts})
    set(CPACK_DEBIAN_${upper}_PACKAGE_CONTROL_EXTRA ${scripts}/postinst ${scripts}/prerm)
  endif()
  list(APPEND CPACK_CGI_PACKAGES "${component}=${package_of_${component}}")
endforeach()
set(CPACK_DEBIAN_SERVER_PACKAGE_SECTION httpd)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_CONFORM_PACKAGE_SECTION web)
set(CPACK_DEBIAN_BENCH_PACKAGE_SECTION web)
set(CPACK_DEBIAN_DEV_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "libcpp-httplib-dev, pkgconf")
set(CPACK_DEBIAN_CONFORM_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_CONFORM_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_CONFORM_PACKAGE_DEPENDS "python3 (>= 3.11), python3-fastjsonschema, python3-jinja2, python3-jsonschema, python3-markdown-it")
set(CPACK_DEBIAN_CONFORM_PACKAGE_SUGGESTS "cgi-server, curl, netcat-openbsd, python3-pytest")
set(CPACK_DEBIAN_BENCH_PACKAGE_DEPENDS "python3 (>= 3.11), python3-jinja2")
set(CPACK_DEBIAN_BENCH_PACKAGE_RECOMMENDS "cgi-conform")
include(CPack)
