// The interface between a script and its client: takes the script's output, returns the octets of the response.
// Profile cgihttpserver uses UninterpretedResponse, profile rfc3875 uses Cgi11Response.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace cgi {

class ResponseWriter {
 public:
  virtual ~ResponseWriter() = default;

  // Takes the next octets of the script's output.
  virtual void take(std::string_view output) = 0;
  // The output is complete.
  virtual void finish() = 0;

  // Returns the number of octets that wait here. The caller must stop reading the script while it is large.
  virtual std::size_t held() const = 0;
  // Returns and removes the octets that may be sent now. An early call commits the server: to a status line before the
  // script prints anything, or to chunks before the length is known.
  virtual std::string flush() = 0;

  // Returns the status of the response once it is settled. Without one, the server may still answer the request itself.
  virtual std::optional<int> status() const = 0;
  // Returns whether the connection can carry another response. Valid after finish() and flush().
  virtual bool keeps_connection() const = 0;

  // Output that only the server can answer. It exists in CGI/1.1 only, so by default there is none.
  //
  // Says why the output cannot become a response; the client gets 500. Empty if nothing is wrong.
  virtual std::string_view problem() const { return {}; }
  // Returns the output with the problem, for the log.
  virtual std::string_view refused() const { return {}; }
  // Returns the target of a local redirect ("/path?query"), or an empty text.
  virtual std::string_view local_location() const { return {}; }

  bool is_refused() const { return !problem().empty(); }
};

}  // namespace cgi
