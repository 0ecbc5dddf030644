# Puts the site of --demo into demo_files.h. A line "@SCRIPT PAGE@" of index.html becomes example.html.in, which shows PAGE
# as the first result of the script. The source of the script stands there with its comments in <i>.

function(demo_file name mode content)
  string(APPEND CGI_DEMO_FILES "    {\"${name}\", ${mode}, R\"demo(${content})demo\"},\n")
  set(CGI_DEMO_FILES "${CGI_DEMO_FILES}" PARENT_SCOPE)
endfunction()

foreach(script clock counter environment form image locked redirect upload)
  set(file demo/cgi-bin/${script})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(READ ${file} ${script})
  # The file in the checkout may have lost its mode.
  set(mode 0755)
  if(script STREQUAL "locked")  # the demo of a refusal
    set(mode 0644)
  endif()
  demo_file(cgi-bin/${script} ${mode} "${${script}}")
  string(REPLACE "&" "&amp;" ${script} "${${script}}")
  string(REPLACE "<" "&lt;" ${script} "${${script}}")
  string(REGEX REPLACE "(^|\n)( *#[^\n]*)" "\\1<i>\\2</i>" ${script} "${${script}}")
endforeach()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS demo/example.html.in)
file(READ demo/example.html.in example)
foreach(page index.html landed.html style.css waiting.html)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS demo/${page})
  file(READ demo/${page} content)
  string(REGEX REPLACE "@([a-z]+) ([^@ ]+)@\n" "${example}" content "${content}")
  string(CONFIGURE "${content}" content @ONLY)
  demo_file(${page} 0644 "${content}")
endforeach()
configure_file(demo_files.h.in demo_files.h @ONLY)
