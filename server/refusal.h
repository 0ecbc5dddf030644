// A refusal: the server answers a request with an error page.
#pragma once

#include <string>

namespace cgi {

struct Refusal {
  int status = 0;
  std::string reason;  // for the status line and the page; printable ASCII: python_repr() escapes client text
};

}  // namespace cgi
