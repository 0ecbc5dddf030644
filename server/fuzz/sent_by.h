// Passes a script's output to a response, for fuzz targets.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "response_writer.h"

namespace cgi {

// Returns what goes out for the whole output. With `streams`, each piece goes out before the next one comes.
inline std::string sent_by(ResponseWriter& response, std::initializer_list<std::string_view> pieces,
                           bool streams = false) {
  std::string sent;
  for (std::string_view piece : pieces) {
    response.take(piece);
    if (streams) sent += response.flush();
  }
  response.finish();
  return sent + response.flush();
}

}  // namespace cgi
