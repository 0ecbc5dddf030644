#include_next <fcntl.h>

#include "descriptors.h"
