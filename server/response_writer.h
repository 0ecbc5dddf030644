// What stands between a script and its client: takes what the script prints, gives what the client gets.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cgi {

class ResponseWriter {
 public:
  virtual ~ResponseWriter() = default;

  // The next bytes that the script printed.
  virtual void take(std::string_view output) = 0;
  // The script has printed everything.
  virtual void finish() = 0;

  // Octets that wait to be sent, or to be understood. A caller stops reading the script while it is large.
  virtual std::size_t held() const = 0;
  // Moves what may go out now out of here. To call it early commits: the status line before the script has
  // spoken, chunks before it has ended.
  virtual std::string flush() = 0;

  // Returns whether the output cannot become a response any more: the rest of it is for the log.
  virtual bool gives_up() const { return false; }
  // After finish() and flush(): the connection can carry another response.
  virtual bool keeps_connection() const = 0;
};

}  // namespace cgi
