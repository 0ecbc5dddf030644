// Why a request is not served: the status and the words that go into the status line and the error page.
#pragma once

#include <string>

namespace cgi {

struct Refusal {
  int status = 0;
  std::string reason;  // printable ASCII: client text goes through python_repr() first
};

}  // namespace cgi
