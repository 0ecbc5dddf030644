#include_next <sys/stat.h>

#include "descriptors.h"
