# The libraries that CGI_FETCH_DEPENDENCIES downloads if the system lacks them: the versions of Debian 13. A commit is the
# hash of its content.

include(FetchContent)
if(CMAKE_VERSION VERSION_GREATER_EQUAL 3.25)
  set(system SYSTEM)  # no warnings from their headers
endif()
function(pin name repository commit)
  FetchContent_Declare(${name} ${system} GIT_REPOSITORY https://github.com/${repository}.git GIT_TAG ${commit})
endfunction()
pin(cpp-httplib yhirose/cpp-httplib 5814e121dfb5049f72a5c3956c3c8961b40da78b)     # 0.18.7
pin(CLI11 CLIUtils/CLI11 6c7b07a878ad834957b98d0f9ce1dbe0cb204fc9)                # 2.4.2
pin(GoogleTest google/googletest 6910c9d9165801d8827d628cb72eb7ea9dd538c5)        # 1.16.0
pin(benchmark google/benchmark afa23b7699c17f1e26c88cbf95257b20d78d6247)          # 1.9.2
pin(tomlplusplus marzer/tomlplusplus 30172438cee64926dc41fdd9c11fb3ba5b2ba9de)    # 3.4.0

# The server needs only the header of cpp-httplib. No library is installed beside the server.
foreach(option HTTPLIB_INSTALL HTTPLIB_USE_OPENSSL_IF_AVAILABLE HTTPLIB_USE_ZLIB_IF_AVAILABLE
               HTTPLIB_USE_BROTLI_IF_AVAILABLE HTTPLIB_USE_ZSTD_IF_AVAILABLE CLI11_INSTALL INSTALL_GTEST
               BENCHMARK_ENABLE_TESTING BENCHMARK_ENABLE_INSTALL)
  set(${option} OFF CACHE INTERNAL "")
endforeach()
