// Feeds octets to the head parser, whole and in two pieces. Both must have the same result. The first octet of the data
// is the length of the first piece.

#include <cstdint>

#include "request_head.h"
#include "require.h"

using cgi::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = data[0] % (bytes.size() + 1);
  const cgi::HeadLimits limits{256, 8, 1024};

  cgi::HeadParser whole(limits);
  const std::size_t used = whole.consume(bytes);
  whole.end_of_input();
  cgi::HeadParser pieces(limits);
  const std::size_t first = pieces.consume(bytes.substr(0, cut));
  require(first + pieces.consume(bytes.substr(cut)) == used);
  pieces.end_of_input();

  require(whole.done() && pieces.done() && used <= bytes.size() && used <= limits.total + 1);
  require(whole.empty() == pieces.empty());
  require(whole.refusal().has_value() == pieces.refusal().has_value());
  if (whole.refusal()) {
    require(whole.refusal()->status == pieces.refusal()->status && whole.refusal()->reason == pieces.refusal()->reason);
    for (char c : whole.refusal()->reason) require(c >= 0x20 && c <= 0x7e);
  }
  const cgi::Request& a = whole.request();
  const cgi::Request& b = pieces.request();
  require(a.line == b.line && a.method == b.method && a.target == b.target && a.version == b.version);
  require(a.major == b.major && a.minor == b.minor && a.fields.size() == b.fields.size());
  require(a.fields.size() <= limits.fields);
  for (std::size_t i = 0; i < a.fields.size(); ++i) {
    require(a.fields[i].name == b.fields[i].name && a.fields[i].value == b.fields[i].value);
    require(!a.fields[i].name.empty() &&
            a.fields[i].value.find_first_of(std::string_view("\0\r\n", 3)) == std::string::npos);
  }
  return 0;
}
