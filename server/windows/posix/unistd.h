#include_next <unistd.h>

#include "descriptors.h"
