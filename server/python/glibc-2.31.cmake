# A toolchain file: builds for glibc 2.31 (Debian 11) with GCC 12 and its C++ library, which are those of Debian 12.
# GCC 10 of Debian 11 is too old: its library reads no floating-point numbers (std::from_chars).
#
# CMAKE_SYSROOT holds libc6, libc6-dev, linux-libc-dev and libgcc-s1 of Debian 11, and CLI11 of Debian 12. ci/wheel
# fills it.

list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES CMAKE_SYSROOT)
set(libraries ${CMAKE_SYSROOT}/usr/lib/x86_64-linux-gnu)

# With a root of its own, GCC does not look for the headers of its C++ library in the folders of the machine.
set(CMAKE_CXX_FLAGS_INIT "-nostdinc++ -ffunction-sections -fdata-sections")
foreach(folder /usr/include/c++/12 /usr/include/x86_64-linux-gnu/c++/12 /usr/include/c++/12/backward)
  string(APPEND CMAKE_CXX_FLAGS_INIT " -isystem ${folder}")
endforeach()
# glibc 2.31 has no names for the system calls of Linux 5.6 and newer; the kernel's headers have them.
foreach(call openat2 close_range)
  string(APPEND CMAKE_CXX_FLAGS_INIT " -DSYS_${call}=__NR_${call}")
endforeach()

# The folders of GCC hold the libraries of the machine, so the folders of the root come first (-B, -L).
# libstdc++.a needs two names of a newer glibc. glibc-2.31.cc has them.
set(CMAKE_EXE_LINKER_FLAGS_INIT
  "-B${libraries} -L${libraries} -L${CMAKE_SYSROOT}/lib/x86_64-linux-gnu -static-libstdc++ -Wl,--gc-sections")
