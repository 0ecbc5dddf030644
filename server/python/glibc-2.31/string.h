// <string.h> of glibc 2.31 with a function that glibc has since 2.32. names.cc defines it.
#pragma once

#include_next <string.h>

extern "C" const char* sigabbrev_np(int number) noexcept;
